"""Runs to compare."""

import pytest

from tests.apis.reports.run_folders import pretraining, segmentation


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
