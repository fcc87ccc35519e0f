"""Classification heads: initial values, pooled sizes, losses of several classifiers."""

import math

import pytest
import torch

from mmcontrast.models.backbones import ResNet
from mmcontrast.models.heads import (
    LinearHead,
    MultiStageHead,
    class_scores,
    classification_losses,
)

SAMPLES = [dict(label=i % 3, path=f"{i}.jpg") for i in range(6)]


def test_initial_weights():
    head = LinearHead(2048, 1000)
    assert head.fc.weight.std().item() == pytest.approx(0.01, rel=0.01)
    assert not head.fc.bias.any()
    assert not LinearHead(8, 3, init_std=0.0).fc.weight.any()


def test_equal_logits_cost_log_of_the_number_of_classes():
    head = LinearHead(8, 3, init_std=0.0)
    outputs = classification_losses(head({"global": torch.randn(6, 8)}), SAMPLES)
    assert outputs["loss"].item() == pytest.approx(math.log(3))
    # Every prediction is class 0, the label of two of six.
    assert outputs["top1"].item() == pytest.approx(100 / 3)


def test_stages_of_a_resnet50_are_pooled_to_about_9000_numbers():
    head = MultiStageHead((64, 256, 512, 1024, 2048), 10)
    assert head.grids == [12, 6, 4, 3, 2]
    assert [classifier[1].in_features for classifier in head.classifiers] == [
        9216, 9216, 8192, 9216, 8192,
    ]  # fmt: skip
    # The norms have no parameters.
    kinds = {name.split(".", 2)[2] for name, _ in head.named_parameters()}
    assert kinds == {"1.weight", "1.bias"}


def test_a_classifier_on_each_stage_learns_as_if_alone():
    torch.manual_seed(0)
    backbone = ResNet(18, base_channels=4, out_indices=(0, 1, 2, 3), out_stem=True)
    assert backbone.out_channels == (4, 4, 8, 16, 32)
    stages = backbone(torch.randn(6, 3, 64, 64))
    assert stages[0].shape == (6, 4, 32, 32)  # from before the pooling
    head = MultiStageHead(backbone.out_channels, 3, max_features=64)
    outputs = classification_losses(head({"stages": list(stages)}), SAMPLES)
    names = ["stem", "stage1", "stage2", "stage3", "stage4"]
    assert list(outputs) == [f"{kind}_{name}" for name in names for kind in ("loss", "top1")]
    outputs["loss_stage2"].backward()
    learning = [c[1].weight.grad is not None for c in head.classifiers]
    assert learning == [False, False, True, False, False]


def test_scores_are_those_of_eval_mode():
    torch.manual_seed(0)
    head = MultiStageHead((4,), 3, max_features=4).train()
    maps = torch.randn(6, 4, 2, 2) + 5
    before = head.classifiers[0][0].running_mean.clone()
    scores = class_scores(head, {"stages": [maps]})
    assert torch.equal(head.classifiers[0][0].running_mean, before)
    assert head.training
    pooled = maps.mean(dim=(2, 3))  # fresh statistics: mean 0, variance 1
    expected = head.classifiers[0][1](pooled / (1 + 1e-5) ** 0.5)
    torch.testing.assert_close(torch.stack([s["_stem"] for s in scores]), expected)


def test_features_and_labels_that_do_not_fit():
    with pytest.raises(ValueError, match=r"have 16 channels.*expects 8.*in_channels to 16"):
        LinearHead(8, 3)({"global": torch.zeros(2, 16)})
    with pytest.raises(ValueError, match=r"\[4\] channels.*expects \[4, 8\]"):
        MultiStageHead((4, 8), 3)({"stages": [torch.zeros(1, 4, 2, 2)]})
    with pytest.raises(ValueError, match=r"a.jpg has the label 3.*classes 0 to 2"):
        classification_losses({"": torch.zeros(1, 3)}, [dict(label=3, path="a.jpg")])
    with pytest.raises(ValueError, match=r"label None.*data set with labels"):
        classification_losses({"": torch.zeros(1, 3)}, [dict(path="a.jpg")])
