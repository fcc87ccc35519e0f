"""The comparison of checkpoints: which run belongs to which row and column."""

import pytest

from mmcontrast.apis.reports.page import describe
from mmcontrast.apis.reports.runs import find_runs
from tests.apis.reports.run_folders import (
    LOG,
    PRETRAINING,
    SEGMENTATION,
    pretraining,
    resume,
    segmentation,
    table_of,
    write_run,
)


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
