"""Comparison of two checkpoints in everything that training depends on, bit for bit."""

import torch


def assert_same(a, b):
    """Compare weights, optimizer, schedules, position and the metrics of each iteration."""
    for name in ("state_dict", "optimizer", "param_schedulers"):
        assert_equal(a[name], b[name], name)
    assert a.keys() == b.keys()
    for name in ("epoch", "iter", "seed"):
        assert a["meta"][name] == b["meta"][name]
    history = {key: buffer.data[0] for key, buffer in a["message_hub"]["log_scalars"].items()}
    for key in ("train/loss", "train/acc1", "train/queue_age", "train/lr"):
        assert (history[key] == b["message_hub"]["log_scalars"][key].data[0]).all(), key


def assert_equal(a, b, where):
    """Compare two values of any nesting."""
    assert type(a) is type(b), where
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            assert_equal(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, (list, tuple)):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_equal(x, y, f"{where}[{i}]")
    else:
        assert a == b, where
