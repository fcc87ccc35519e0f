"""Warnings before a training starts."""

from types import SimpleNamespace

import pytest
from torch import nn

from mmcontrast.engine.hooks import QueueLengthHook
from mmcontrast.models.modules.momentum_contrast import KeyQueue


class TwoQueues(nn.Module):
    def __init__(self, length):
        super().__init__()
        self.queue, self.dense_queue = KeyQueue(length, 2), KeyQueue(length, 2)


@pytest.mark.parametrize(("length", "expected"), [(20, []), (21, ["queue holds 21 keys"])])
def test_a_queue_longer_than_the_data_is_named_once(length, expected):
    warnings = []
    runner = SimpleNamespace(
        model=TwoQueues(length),
        train_dataloader=SimpleNamespace(dataset=range(20)),
        logger=SimpleNamespace(warning=warnings.append),
    )
    QueueLengthHook().before_train(runner)
    assert [text.partition(",")[0] for text in warnings] == expected
