"""Top-k accuracy against a loop."""

import pytest
import torch

from mmcontrast.evaluation import Accuracy, topk_hits


def test_against_a_loop():
    torch.manual_seed(0)
    scores, labels = torch.randn(50, 7), torch.randint(7, (50,))
    for k in (1, 3, 7, 9):
        found = topk_hits(scores, labels, k)
        for n in range(50):
            higher = (scores[n] > scores[n, labels[n]]).sum().item()
            assert found[n].item() == (higher < k)


def test_metric_of_one_and_of_several_classifiers():
    metric = Accuracy(topk=(1, 2))
    sample = {
        "label": 1,
        "scores": {"_stem": torch.tensor([0.0, 1, 2]), "_stage1": torch.eye(3)[1]},
    }
    metric.process(None, [sample, dict(sample, label=0)])
    assert metric.evaluate(2) == {
        "accuracy/top1_stem": 0,
        "accuracy/top2_stem": 50,
        "accuracy/top1_stage1": 50,
        "accuracy/top2_stage1": 100,
    }


def test_metric_says_what_is_missing():
    with pytest.raises(
        ValueError, match=r"needs 'label' and 'scores'.*a\.jpg has \['label', 'path"
    ):
        Accuracy().process(None, [{"label": 1, "path": "a.jpg"}])
