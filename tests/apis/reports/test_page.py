"""The page of results, from run folders as MMEngine writes them."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mmcontrast.apis.reports.page import describe, write_report
from mmcontrast.apis.reports.runs import find_runs
from mmcontrast.apis.reports.table import make_table
from mmcontrast.utils.errors import UserError

PRETRAINING = """
default_scope = 'mmcontrast'
model = dict(
    type='DenseCL', backbone=dict(type='ResNet', depth=18, base_channels=32))
train_dataloader = dict(
    batch_size=64,
    dataset=dict(type='Images', data_root='data/mini', pipeline=[
        dict(type='LoadImage'), dict(type='Views', views=[[], []])]))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
test_dataloader = dict(batch_size=100, dataset=dict(type='ConcatDataset', datasets=[
    dict(data_root='data/mini/train'), dict(data_root='data/mini/val')]))
randomness = dict(seed={seed})
load_from = {load_from!r}
"""
SEGMENTATION = """
default_scope = 'mmseg'
model = dict(
    type='EncoderDecoder',
    backbone=dict(type='mmseg.ResNet', depth=18, base_channels=32, init_cfg={init}))
train_dataloader = dict(batch_size=2, dataset=dict(data_root='data/voc'))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=300)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.05))
val_dataloader = dict(batch_size=1, dataset=dict(data_root='data/voc', ann_file='val.txt'))
randomness = dict(seed={seed})
"""
LOG = """2026/01/01 10:00:00 - mmengine - INFO -
System environment:
    Python: 3.11.7 (main) [GCC 12]
    PyTorch: 2.11.0
    seed: 0
2026/01/01 10:00:01 - mmengine - INFO - Command: tools/train.py toy.py --seed 0
2026/01/01 10:03:20 - mmengine - INFO - done
"""


def write_run(folder, config, records=(), tested=None, start="20260101_100000", tail=""):
    data = folder / start / "vis_data"
    data.mkdir(parents=True)
    (data / "config.py").write_text(config)
    (folder / "toy.py").write_text(config)
    (data.parent / f"{start}.log").write_text(LOG)
    if records:
        (data / "scalars.json").write_text("\n".join(map(json.dumps, records)) + tail)
    if tested is not None:
        (data.parent / f"{start}.json").write_text(json.dumps(tested))
    return folder


def pretraining(folder, load_from=None, seed=0, **files):
    return write_run(folder, PRETRAINING.format(load_from=load_from, seed=seed), **files)


def segmentation(folder, miou, checkpoint=None, seed=0):
    init = f"dict(type='Pretrained', checkpoint={checkpoint!r})" if checkpoint else None
    records = [dict(lr=0.1, loss=2.0, step=150), dict(mIoU=miou, step=300, time=0.1)]
    return write_run(folder, SEGMENTATION.format(init=init, seed=seed), records)


@pytest.fixture
def work_dirs(tmp_path):
    """A pre-training, k-NN of it and of random weights, segmentation from both."""
    root = tmp_path / "work"
    records = [dict(lr=0.1, loss=3.0 - step, acc1=1, step=step) for step in (1, 2)]
    records.append({"knn/top1_k20": 15.0, "step": 2})
    trained = pretraining(root / "densecl", records=records)
    for epoch in (1, 2):
        (trained / f"epoch_{epoch}.pth").write_bytes(bytes(1000))
    (trained / "last_checkpoint").write_text("/moved/since/epoch_2.pth")
    checkpoint = str(trained / "epoch_2.pth")
    pretraining(trained / "trained", checkpoint, tested={"knn/top1_k20": 15.5, "time": 0.1})
    pretraining(trained / "untrained", tested={"knn/top1_k20": 10.25, "time": 0.1})
    segmentation(root / "seg_random", 20.5)
    segmentation(root / "seg_0", 30.0, checkpoint)
    segmentation(root / "seg_1", 32.0, checkpoint, seed=1)
    return root


def table_of(*folders):
    runs, _ = find_runs(folders)
    return make_table(runs, {run.folder: run.folder.name for run in runs})


def test_one_row_a_checkpoint(work_dirs):
    columns, rows = table_of(work_dirs)
    assert [(c["metric"], c["task"]) for c in columns] == [
        ("mIoU", "EncoderDecoder, data/voc/val.txt, 300 iters, lr 0.05"),
        ("knn/top1_k20", "data/mini/val"),
    ]
    random, trained = rows
    assert random["name"] == "random weights: ResNet-18, width 32" and random["is_random"]
    assert [cell["text"] for cell in random["cells"]] == ["20.50", "10.25"]
    assert trained["name"] == "densecl/epoch_2.pth" and not trained["is_random"]
    assert trained["about"] == "DenseCL, ResNet-18, width 32"
    # Two seeds; and the test of the checkpoint replaces the validation during the training.
    assert [cell["text"] for cell in trained["cells"]] == ["31.00 ± 1.41 (n=2)", "15.50"]
    assert [cell["best"] for cell in random["cells"] + trained["cells"]] == [0, 0, 1, 1]


def test_tasks_of_other_data_or_length_have_their_own_column(work_dirs):
    other = SEGMENTATION.format(init=None, seed=0).replace("300", "900")
    write_run(work_dirs / "long", other, [dict(lr=1, loss=1, step=1), dict(mIoU=0.25, step=2)])
    columns, rows = table_of(work_dirs)
    assert len(columns) == 3
    cell = next(cell for cell in rows[0]["cells"] if cell["text"] == "0.250")
    assert not cell["best"]  # there is nothing that it is better than


def resume(folder, config, checkpoint, start, records=()):
    """What a start of tools/train.py leaves that goes on from the run's own checkpoint."""
    config += f"\nload_from = {checkpoint!r}\nresume = True\n"
    write_run(folder, config, records, start=start)


def test_a_resumed_run_stays_with_the_checkpoint_that_it_began_with(work_dirs):
    """Its own checkpoint has taken the place of the first one in its config."""
    resumed = [dict(lr=0.1, loss=1.0, step=301), dict(mIoU=34.0, step=600)]
    for seed, records in ((0, ()), (1, resumed)):  # of the first nothing was left to do
        folder = work_dirs / f"seg_{seed}"
        config = SEGMENTATION.format(init=None, seed=seed)
        first = folder / "20260101_100000/vis_data/config.py"
        first.write_text(f"{config}\nload_from = {str(work_dirs / 'densecl/epoch_2.pth')!r}\n")
        resume(folder, config, str(folder / "iter_300.pth"), "20260101_110000", records)
    _, (random, trained) = table_of(work_dirs)
    assert trained["cells"][0]["text"] == "32.00 ± 2.83 (n=2)"
    assert random["cells"][0]["text"] == "20.50"
    run = next(run for run in find_runs([work_dirs])[0] if run.folder.name == "seg_1")
    assert describe(run)["starts from"].endswith("densecl/epoch_2.pth")


def test_a_resumed_probe_and_one_begun_anew(tmp_path):
    probe = SEGMENTATION.format(init=None, seed=0).replace("dict(", "dict(pretrained=GIVEN, ", 1)
    records = [dict(lr=0.1, loss=1.0, step=1), dict(mIoU=1.0, step=2)]
    for name, anew in (("a", False), ("b", True)):
        config = probe.replace("GIVEN", "'given.pth'")
        write_run(tmp_path / name, config, records)
        resume(tmp_path / name, config, "a/epoch_1.pth", "20260101_110000", records)
        if anew:
            config = probe.replace("GIVEN", "'other.pth'")
            write_run(tmp_path / name, config, records, start="20260101_120000")
    assert [run.origin for run in find_runs([tmp_path])[0]] == ["given.pth", "other.pth"]


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


def test_tests_in_the_folder_of_a_training(work_dirs):
    """Of the untrained network and an earlier checkpoint; and a test that failed."""
    densecl = work_dirs / "densecl"
    for hour, name, score in ((11, None, 9.75), (12, "epoch_1.pth", 12.0), (13, "gone.pth", None)):
        checkpoint = name and str(densecl / name)
        tested = None if score is None else {"knn/top1_k20": score}
        pretraining(densecl, checkpoint, tested=tested, start=f"20260101_{hour}0000")
    log = densecl / "20260101_130000/20260101_130000.log"
    log.write_text(LOG.replace("tools/train.py", "tools/test.py"))
    _, rows = table_of(work_dirs)
    assert {row["name"]: row["cells"][1]["text"] for row in rows} == {
        "random weights: ResNet-18, width 32": "10.25",  # the newest of two tests
        "densecl/epoch_1.pth": "12.00",
        "densecl/epoch_2.pth": "15.50",
    }


def test_a_test_of_what_was_fine_tuned(work_dirs):
    """It belongs to the checkpoint that the fine-tuning started from."""
    folder = work_dirs / "seg_0"
    for name in ("iter_150.pth", "iter_300.pth"):
        (folder / name).touch()
    (folder / "last_checkpoint").write_text(str(folder / "iter_300.pth"))
    for hour, name, score in ((11, "iter_300.pth", 36.0), (12, "iter_150.pth", 5.0)):
        config = f"{(folder / 'toy.py').read_text()}\nload_from = {str(folder / name)!r}\n"
        write_run(folder, config, tested=dict(mIoU=score), start=f"20260101_{hour}0000")
    _, rows = table_of(work_dirs)
    cells = {row["name"]: row["cells"][0]["text"] for row in rows}
    assert cells["densecl/epoch_2.pth"] == "34.00 ± 2.83 (n=2)"
    early = next(row for row in rows if row["name"] == str(folder / "iter_150.pth"))
    assert [cell["text"] for cell in early["cells"] if cell["text"]] == ["5.00"]


def test_folders_of_one_name_are_not_confused(tmp_path):
    """Those of two sweeps are all called by their seeds."""
    for name, score in (("a", 30.0), ("b", 50.0)):
        folder = segmentation(tmp_path / name / "seed_0", score, f"/from/{name}.pth")
        (folder / "iter_300.pth").touch()
        (folder / "last_checkpoint").write_text(str(folder / "iter_300.pth"))
    config = f"{(folder / 'toy.py').read_text()}\nload_from = {str(folder / 'iter_300.pth')!r}\n"
    write_run(folder, config, tested=dict(mIoU=50.0), start="20260101_110000")
    _, rows = table_of(tmp_path)
    assert {row["name"]: [cell["text"] for cell in row["cells"]] for row in rows} == {
        "/from/a.pth": ["30.00"], "/from/b.pth": ["50.00"],
    }  # fmt: skip


@pytest.mark.parametrize("given", ["random", None, "elsewhere/backbone.pth"])
def test_where_a_run_starts(tmp_path, given):
    config = PRETRAINING.format(load_from=None, seed=0).replace(
        "base_channels=32)", f"base_channels=32), pretrained={given!r}"
    )
    write_run(tmp_path / "a", config, tested={"svm/mAP": 50.0})
    _, rows = table_of(tmp_path)
    random = given != "elsewhere/backbone.pth"
    assert rows[0]["is_random"] == random
    assert random or rows[0]["name"] == given


def test_random_weights_by_the_hook_of_the_downstream_configs(tmp_path):
    config = SEGMENTATION.format(init=None, seed=0) + (
        "load_from = 'a.pth'\ndefault_hooks = dict(backbone=dict(random_weights=True))\n"
    )
    write_run(tmp_path / "a", config, tested={"coco/bbox_mAP": 0.2, "coco/bbox_mAP_l": -1.0})
    columns, rows = table_of(tmp_path)
    assert rows[0]["is_random"]
    # -1 is COCO's way of saying that there was nothing to find.
    assert [column["metric"] for column in columns] == ["coco/bbox_mAP"]


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
