"""Iterations whose gradients are accumulated are one step of a larger batch."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper

from mmcontrast.engine.hooks import AccumulationHook
from tests.small import WIDTHS, build_method, training_batch

# A norm that sees one sample at a time, so that the size of the batch changes nothing.
BACKBONE = dict(type="TinyNet", norm_cfg=dict(type="GN", num_groups=4))
NUM_SAMPLES, NUM_STEPS = 16, 3


def trained(name, accumulated, neck):
    """A method after some steps on 16 samples each, and its loss at every iteration."""
    changes = dict(neck=dict(type=neck, **WIDTHS), momentum=0.9, queue_size=96)
    method = build_method(name, backbone=BACKBONE, **changes)
    wrapper = OptimWrapper(torch.optim.SGD(method.parameters(), lr=0.05), accumulated)
    runner = SimpleNamespace(model=method, optim_wrapper=wrapper)
    hook, size = AccumulationHook(), NUM_SAMPLES // accumulated
    ages = []
    for step in range(NUM_STEPS):
        batch = training_batch(name, NUM_SAMPLES, seed=step)
        for start in range(0, NUM_SAMPLES, size):
            part = slice(start, start + size)
            share = dict(
                inputs={view: x[part] for view, x in batch["inputs"].items()},
                data_samples=batch["data_samples"][part],
            )
            hook.before_train_iter(runner)
            ages.append(method.train_step(share, wrapper)["queue_age"].item())
    return method, ages


@pytest.mark.parametrize(
    ("name", "neck"),
    [
        ("MoCoV2", "Projection"),
        ("DenseCL", "DenseProjection"),
        ("VFSNegatives", "Projection"),
    ],
)
def test_four_iterations_equal_one_step_of_the_whole_batch(name, neck):
    whole, whole_ages = trained(name, 1, neck)
    parts, ages = trained(name, 4, neck)
    assert ages[3::4] == whole_ages
    expected = whole.state_dict()
    for key, value in parts.state_dict().items():
        if name == "VFSNegatives" and key.startswith("queue."):
            continue  # frame after frame of each iteration: another order of the same keys
        torch.testing.assert_close(value, expected[key], rtol=1e-4, atol=1e-6, msg=key)
    if name == "VFSNegatives":
        order = [q.queue.keys[:, q.queue.keys[0].argsort()] for q in (parts, whole)]
        torch.testing.assert_close(*order, rtol=1e-4, atol=1e-6)


def test_dense_start_counts_optimizer_steps():
    method, _ = trained("DenseCL", 4, "DenseProjection")
    assert method.queue.step.item() == method.dense_queue.step.item() == NUM_STEPS


def test_without_a_trainer_each_call_is_a_step():
    method = build_method("MoCoV2")
    assert method.momentum_encoder.begins_step
    method.queue.push(torch.eye(16)[:4])
    assert (method.queue.step.item(), len(method.queue.waiting)) == (1, 0)
