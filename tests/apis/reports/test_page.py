"""The page of results, from run folders as MMEngine writes them."""

from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mmcontrast.apis.reports.page import describe, write_report
from mmcontrast.apis.reports.runs import find_runs
from mmcontrast.utils.errors import UserError
from tests.apis.reports.run_folders import (
    PRETRAINING,
    SEGMENTATION,
    pretraining,
    table_of,
    write_run,
)


class Page(HTMLParser):
    """Tags, attributes and text, and whether tags are nested properly."""

    VOID = ("meta", "img", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_is_whole_by_itself(work_dirs, tmp_path):
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(work_dirs / "densecl/cells.png")
    Image.new("RGB", (4000, 40)).save(work_dirs / "densecl/wide.png")
    out = tmp_path / "new" / "report.html"
    assert write_report([work_dirs], out, title="<b>Mine & yours</b>") == 6
    text = out.read_text()
    page = Page(text)
    assert "<b>Mine & yours</b>" in page.text and "<b>Mine" not in text
    assert not {"link", "iframe"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        assert not attributes.get("src", "data:").startswith(("http", "/")), tag
        if tag == "img":
            assert attributes["src"].startswith("data:image/") and attributes["alt"]
    alts = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    assert {"cells.png", "wide.png", "Logged metrics of densecl over the iterations"} <= set(alts)
    assert "prefers-color-scheme: dark" in text and "width=device-width" in text
    for shown in ("DenseCL", "0:03:20", "PyTorch 2.11.0", "31.00 ± 1.41 (n=2)", "epoch_1.pth",
                  "tools/train.py toy.py --seed 0"):  # fmt: skip
        assert shown in page.text
    best = [attributes for tag, attributes in page.tags if attributes.get("class") == "best"]
    assert [float(attributes["data-sort"]) for attributes in best] == [31, 15.5]
    assert "<script" in text and text.count("<script") == 1


def test_relative_and_absolute_folders_mix(work_dirs, tmp_path, monkeypatch):
    monkeypatch.chdir(work_dirs)
    assert write_report(["seg_0", work_dirs / "densecl", "densecl"], tmp_path / "r.html") == 4
    text = Page((tmp_path / "r.html").read_text()).text
    assert "densecl/epoch_2.pth" in text and "seg_0" in text


def test_two_pretrainings_share_a_figure(work_dirs, tmp_path):
    pretraining(work_dirs / "other", seed=1, records=[dict(lr=0.1, loss=3.0, step=1)])
    write_report([work_dirs], tmp_path / "r.html")
    assert "of all pre-training runs" in (tmp_path / "r.html").read_text()


def test_damage_is_told_and_not_hidden(tmp_path):
    nan = float("nan")
    records = [dict(lr=0.1, loss=1.0, step=1), dict(lr=0.1, loss=nan, step=2)]
    records.append(dict(mIoU=nan, step=2))
    run = write_run(
        tmp_path / "w" / "<i>bad</i>", SEGMENTATION.format(init=None, seed=0), records,
        tail='\n{"lr": 0.1, "lo',
    )  # fmt: skip
    (run / "20260101_100000/20260101_100000.json").write_text('{"mIo')
    (run / "torn.png").write_bytes(b"\x89PNG")
    cut = write_run(tmp_path / "w" / "cut", "model = dict(type='Den", tested=dict(mAP=1.0))
    (tmp_path / "w" / "photos").mkdir()
    out = tmp_path / "r.html"
    assert write_report([run, cut, tmp_path / "w" / "photos"], out) == 2
    text = Page(out.read_text()).text
    for told in (
        "2 records hold NaN, the first at step 2", "20260101_100000.json is cut off or damaged",
        "torn.png cannot be read", "config.py cannot be read", "There is no run in",
    ):  # fmt: skip
        assert told in text, told
    _, rows = table_of(tmp_path / "w")
    cells = {row["name"]: row["cells"] for row in rows}
    assert {"text": "NaN", "sort": None, "best": False} in cells[
        "random weights: ResNet-18, width 32"
    ]
    assert "its config cannot be read" in [row["about"] for row in rows]


def test_a_run_without_metrics(tmp_path):
    pretraining(tmp_path / "a")
    write_report([tmp_path], tmp_path / "r.html")
    text = Page((tmp_path / "r.html").read_text()).text
    assert "None of the runs has measured anything yet" in text
    assert "It has logged no metrics" in text


def test_clear_errors(work_dirs, tmp_path):
    with pytest.raises(UserError, match=r"no folder .*nowhere"):
        write_report([work_dirs, tmp_path / "nowhere"], tmp_path / "r.html")
    (tmp_path / "photos").mkdir()
    with pytest.raises(UserError, match=r"no run in .*photos"):
        write_report([tmp_path / "photos"], tmp_path / "r.html")
    with pytest.raises(UserError, match="cannot write"):
        write_report([work_dirs], tmp_path / "photos")


def test_configs_are_read_and_never_run(tmp_path):
    trap = tmp_path / "trap"
    write_run(tmp_path / "a", f"model = dict(type=open({str(trap)!r}, 'w'))", tested={"x": 1.0})
    runs, _ = find_runs([tmp_path])
    assert "open(" in describe(runs[0])["model"] and not trap.exists()


def test_each_test_has_its_own_checkpoint_and_score(tmp_path):
    """tools/test.py puts them all into one folder, if it is not told otherwise."""
    folder = tmp_path / "knn/mini"
    frozen = PRETRAINING.replace("train_cfg", "unused")
    for hour, checkpoint, score in ((10, "A.pth", 19.0), (11, "B.pth", None), (12, None, 9.0)):
        config = frozen.format(load_from=checkpoint, seed=0)
        tested = None if score is None else {"knn/top1_k20": score}
        write_run(folder, config, tested=tested, start=f"20260101_{hour}0000")
    _, rows = table_of(tmp_path)
    assert [(row["name"], row["cells"][0]["text"]) for row in rows] == [
        ("random weights: ResNet-18, width 32", "9.00"), ("A.pth", "19.00")
    ]  # fmt: skip
    runs, _ = find_runs([tmp_path])
    assert [bool(run.problems) for run in runs] == [False, True, False]
    assert write_report([tmp_path], tmp_path / "r.html") == 3
    assert "mini/20260101_110000" in Page((tmp_path / "r.html").read_text()).text
