"""The grid of trainings: combined, selected, skipped when finished, diverging, and the table."""

import json

import pytest

from mmcontrast.apis import grid as grid_module
from mmcontrast.apis.grid import Cell, cells_of, run_grid, table
from mmcontrast.utils.errors import UserError
from tests.toy import write_pictures, write_probe

GRID = """
optim_wrapper['paramwise_cfg'] = dict(custom_keys=dict(head=dict(lr_mult=1)))
train_cfg['max_epochs'] = 1
grid = {
    'optim_wrapper.optimizer.lr': [1e-2, 1e-1],
    'optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult': [1, 10],
}
grid_metric = 'accuracy/top1'
"""
RANDOM = ["model.pretrained=random"]
NAMES = ["lr=0.01,lr_mult=1", "lr=0.01,lr_mult=10", "lr=0.1,lr_mult=1", "lr=0.1,lr_mult=10"]


@pytest.fixture
def config(tmp_path):
    pictures = write_pictures(tmp_path / "pictures", 12)
    return str(write_probe(tmp_path, pictures, "FineTuning", GRID))


@pytest.fixture
def trained(monkeypatch):
    """Names of the cells that are trained, in order."""
    names = []
    original = grid_module._train

    def spy(config, cell, *args, **kwargs):
        names.append(cell.name)
        return original(config, cell, *args, **kwargs)

    monkeypatch.setattr(grid_module, "_train", spy)
    return names


def test_all_values_are_combined():
    cells = cells_of({"optim_wrapper.lr": [1, 2], "head.lr_mult": [3, 4], "seed": [0]})
    assert [cell.name for cell in cells] == [
        f"lr={lr},lr_mult={mult},seed=0" for lr in (1, 2) for mult in (3, 4)
    ]
    assert cells[1].options == ["optim_wrapper.lr=1", "head.lr_mult=4", "seed=0"]
    with pytest.raises(UserError, match="grid is empty"):
        cells_of({"seed": []})


def test_finished_cells_are_not_trained_again(config, tmp_path, trained):
    folder = str(tmp_path / "grid")
    first = run_grid(config, cells=[2], work_dir=folder, cfg_options=RANDOM)
    assert trained == NAMES[2:3]
    assert [cell.name for cell, _ in first] == NAMES
    assert [value is None for _, value in first] == [True, True, False, True]
    results = run_grid(config, work_dir=folder, cfg_options=RANDOM)
    assert trained == [NAMES[2], NAMES[0], NAMES[1], NAMES[3]]
    assert results[2] == first[2]
    assert all(0 <= value <= 100 for _, value in results)
    # The cell's own settings were trained with.
    saved = (tmp_path / "grid" / NAMES[1] / "FineTuning.py").read_text()
    assert "lr=0.01" in saved and "lr_mult=10" in saved
    with pytest.raises(UserError, match=r"is of a run with .*random.*, not with"):
        run_grid(config, work_dir=folder, cfg_options=[*RANDOM, "train_cfg.max_epochs=2"])


def test_an_unfinished_cell_is_resumed(config, tmp_path):
    folder = tmp_path / "grid"
    run_grid(config, cells=[0], work_dir=str(folder), cfg_options=RANDOM)
    before = (folder / NAMES[0] / "epoch_1.pth").stat().st_mtime_ns
    (folder / NAMES[0] / "result.json").unlink()
    # Its one epoch is done: resuming it ends at once, with the same metric.
    run_grid(config, cells=[0], work_dir=str(folder), cfg_options=RANDOM)
    assert (folder / NAMES[0] / "epoch_1.pth").stat().st_mtime_ns == before
    assert json.loads((folder / NAMES[0] / "result.json").read_text())["value"] is not None


def test_a_cell_that_diverges_does_not_stop_the_others(config, tmp_path, capsys):
    text = (tmp_path / "FineTuning.py").read_text().replace("[1e-2, 1e-1]", "[1e38, 1e-1]")
    (tmp_path / "FineTuning.py").write_text(text)
    results = run_grid(config, cells=[0, 2], work_dir=str(tmp_path / "grid"), cfg_options=RANDOM)
    assert results[0][1] != results[0][1]  # not a number
    assert results[2][1] >= 0
    assert "not finite" in capsys.readouterr().out
    shown = table(results, "accuracy/top1")
    assert "diverged" in shown.splitlines()[1] and "not run" in shown.splitlines()[2]


def test_the_table_names_the_best_and_says_on_what_it_was_chosen():
    cells = [Cell(f"lr={lr}", {}) for lr in (1, 2, 3)]
    nan = float("nan")
    lines = table(list(zip(cells, (10.0, 20.5, nan), strict=True)), "accuracy/top1").splitlines()
    assert lines[1].split() == ["0", "lr=1", "10.00"]
    assert lines[4].startswith("Best of 2: lr=2 with 20.50, chosen on the same validation pictures")
    assert len(table([(cells[0], None)], "top1").splitlines()) == 2


def test_what_cannot_be_run(config, tmp_path):
    with pytest.raises(UserError, match=r"cells of .* are 0 to 3, got \[4\]"):
        run_grid(config, cells=[4], cfg_options=RANDOM)
    plain = write_probe(tmp_path, tmp_path / "pictures")
    with pytest.raises(UserError, match="has no grid and grid_metric"):
        run_grid(str(plain))
    with pytest.raises(UserError, match=r"'top1' is none of accuracy/top1, accuracy/top2"):
        options = [*RANDOM, "grid_metric=top1"]
        run_grid(config, cells=[0], work_dir=str(tmp_path / "grid"), cfg_options=options)
