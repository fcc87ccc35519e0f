"""Curves from JSON logs."""

import json

import pytest

from mmcontrast.visualization.curves import draw_curves, draw_runs, read_log


def write_log(work_dir, start, records, cut=""):
    path = work_dir / start / "vis_data" / "scalars.json"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(map(json.dumps, records)) + "\n" + cut)


def record(step, **figures):
    return {"step": step, "loss": 1.0 / step, "lr": 0.1, "time": 0.2, **figures}


def test_a_resumed_run_replaces_what_it_repeats(tmp_path):
    write_log(
        tmp_path, "20260101_100000", [record(s) for s in (10, 20, 30)], cut='{"step": 40, "lo'
    )
    write_log(tmp_path, "20260101_120000", [record(s, acc1=5) for s in (20, 30, 40)])
    log = read_log(tmp_path)
    assert [r["step"] for r in log] == [10, 20, 30, 40]
    assert ["acc1" in r for r in log] == [False, True, True, True]


def test_each_figure_has_its_panel_and_losses_share_one(tmp_path):
    records = [record(s, loss_global=0.6, loss_dense=0.4, acc1=s, epoch=1) for s in range(1, 60)]
    records.append({"step": 60, "knn/top1_k20": 41.5})
    figure = draw_curves(records, title="run")
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["loss", "learning rate", "acc1: contrastive accuracy, %", "knn/top1_k20"]
    assert [line.get_label() for line in figure.axes[0].lines] == [
        "loss", "loss_global", "loss_dense",
    ]  # fmt: skip
    assert figure.axes[2].lines[0].get_ydata()[-1] == 59
    figure.savefig(tmp_path / "curves.png")


def test_damaged_lines_are_left_out(tmp_path):
    write_log(tmp_path, "20260101_100000", [record(10)], cut='"step": 3}\n7\n{"step": 20}\n\0')
    assert [r["step"] for r in read_log(tmp_path)] == [10, 20]


def test_runs_lie_over_each_other(tmp_path):
    runs = dict(
        a=[record(s, acc1=s) for s in range(1, 5)],
        b=[record(s, loss_dense=0.1) for s in range(1, 4)],
    )
    figure = draw_runs(runs, title="two")
    panels = {axis.get_title(): axis for axis in figure.axes}
    assert list(panels) == ["loss", "learning rate", "acc1: contrastive accuracy, %", "loss_dense"]
    assert [line.get_label() for line in panels["loss"].lines] == ["a", "b"]
    assert [line.get_label() for line in panels["loss_dense"].lines] == ["b"]
    # A run looks the same in every panel, and unlike the others.
    colors = [line.get_color() for line in panels["loss"].lines]
    assert colors[0] != colors[1] == panels["loss_dense"].lines[0].get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    figure.savefig(tmp_path / "runs.png")


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="no logged metrics"):
        draw_runs(dict(a=[]))
    with pytest.raises(ValueError, match="no logged metrics"):
        draw_curves([])
