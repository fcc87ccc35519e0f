"""Metrics of two processes equal those of one, whatever the last batch is padded with."""

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from mmcontrast.evaluation import KNN, SVM, Accuracy

METRICS = {
    "knn": lambda: KNN(k=(1, 5)),
    "svm": lambda: SVM(costs=(0.1, 1.0), shots=(2,), num_draws=2),
    "accuracy": lambda: Accuracy(topk=(1, 2)),
}
COUNT = 61


def samples():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, COUNT)
    features = torch.from_numpy(np.eye(3, 5)[labels] + rng.normal(size=(COUNT, 5)) / 2).float()
    return [
        {
            "split": "query" if i % 3 == 0 else "bank",
            "label": int(label),
            "labels": np.where(np.arange(3) == label, 1, -1).tolist(),
            "global": features[i],
            "scores": {"": features[i, :3]},
        }
        for i, label in enumerate(labels)
    ]


def evaluate(rank=0, world_size=1):
    """Feed a rank's share as MMEngine's sampler deals it, the first samples again at the end."""
    data = samples()
    padded = [*data, *data[: -COUNT % world_size]]
    found = {}
    for name, build in METRICS.items():
        metric = build()
        for sample in padded[rank::world_size]:
            metric.process(None, [sample])
        found[name] = metric.evaluate(COUNT)
    return found


def worker(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    torch.save(evaluate(rank, 2), folder / f"{rank}.pth")
    dist.destroy_process_group()


def test_two_processes_find_what_one_does(tmp_path):
    alone = evaluate()
    mp.spawn(worker, args=(tmp_path,), nprocs=2)
    for rank in range(2):
        together = torch.load(tmp_path / f"{rank}.pth", weights_only=False)
        for name in METRICS:
            assert together[name] == pytest.approx(alone[name]), name
