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


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_the_model_has_no_class_for(label):
    sample = {"label": label, "path": "a.jpg", "scores": {"": torch.zeros(3)}}
    with pytest.raises(ValueError, match=rf"a\.jpg has the label {label}, .* classes 0 to 2"):
        Accuracy().process(None, [sample])
