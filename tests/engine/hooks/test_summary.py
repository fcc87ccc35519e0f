"""The summary of a training."""

from mmcontrast.engine.hooks.summary import scores


def test_the_best_and_the_last_score():
    records = [
        {"step": 5, "loss": 4.0, "lr": 0.1},
        {"step": 5, "knn/top1": 60.0},
        {"step": 10, "knn/top1": 70.0},
        {"step": 15, "loss": 2.5, "lr": 0.1},
        {"step": 15, "knn/top1": 65.0},
    ]
    assert scores(records) == {
        "loss": "4 first, 2.5 last",
        "knn/top1": "70 best (step 10), 65 last",
    }
    assert scores([]) == {}
    lower = [{"step": 1, "val/loss_pixel": 2.0}, {"step": 2, "val/loss_pixel": 3.0}]
    assert scores(lower) == {"val/loss_pixel": "2 best (step 1), 3 last"}
