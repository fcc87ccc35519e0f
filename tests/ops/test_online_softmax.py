"""Blocks of the online softmax; tests/models/losses/test_info_nce.py has its values."""

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.ops import online_softmax
from mmcontrast.ops.online_softmax import block_shape, blockwise_info_nce


@pytest.mark.parametrize(("num_queries", "num_keys"), [(0, 65536), (1, 1), (12544, 65536)])
def test_blocks_are_bounded_and_hold_something(num_queries, num_keys):
    for device, limit in (("cpu", 2**20), ("cuda", 2**26)):
        rows, columns = block_shape(num_queries, num_keys, torch.device(device))
        assert rows * columns <= limit
        assert rows >= min(num_queries, 1) and columns >= 1


@pytest.mark.parametrize("block", [(1, 1), (3, 7), (2, 50)])
def test_blocks_change_nothing(block, monkeypatch):
    torch.manual_seed(0)
    query = F.normalize(torch.randn(7, 8), dim=1).requires_grad_()
    key, negatives = F.normalize(torch.randn(7, 8), dim=1), F.normalize(torch.randn(8, 50), dim=0)
    whole = blockwise_info_nce(query, key, negatives, 0.07)
    monkeypatch.setattr(online_softmax, "block_shape", lambda *_: block)
    parts = blockwise_info_nce(query, key, negatives, 0.07)
    for expected, value in zip(whole, parts, strict=True):
        torch.testing.assert_close(value, expected)
    torch.testing.assert_close(
        *(torch.autograd.grad(outputs[0].sum(), query)[0] for outputs in (parts, whole))
    )
