"""Types by annotations, and ranges."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest
import torch
from mmengine.registry import LOOPS
from torch import nn

from mmcontrast.registry import HOOKS, MODELS, TRANSFORMS
from mmcontrast.utils.arguments import (
    check_number,
    check_probability,
    check_sizes,
    check_types,
    fits,
)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, int, True), ("1", int, False), (1.0, int, False), (True, int, False),
        (1, float, True), ("0.1", float, False), (None, float, False), (None, float | None, True),
        ("a", str, True), (1, str, False), (True, bool, True), ("yes", bool, False),
        ([1, 2], tuple[int, int], True), ([1], tuple[int, int], False),
        (3, int | tuple[int, int], True), ("3", int | tuple[int, int], False),
        ([1, "2"], Sequence[int], False), ("12", Sequence[int], False), ("a", Sequence[str], False),
        (("a",), str | Sequence[str], True), ({}, dict | None, True), ([], dict, False),
        (dict(type="BN"), nn.Module | dict, True), ("BN", nn.Module | dict, False),
        (nn.ReLU(), nn.Module | dict, True), (5, Any, True), (len, Callable, True),
        ("a", Literal["a", "b"], True), ("c", Literal["a", "b"], False),
        (0.1, float | torch.Tensor, True), ("x", float | torch.Tensor, False),
    ],
)  # fmt: skip
def test_fits(value, annotation, expected):
    assert fits(value, annotation) is expected


@pytest.mark.parametrize(
    ("build", "config", "message"),
    [
        (TRANSFORMS, dict(type="Resize", size="64"),
         r"Resize: size must be int or tuple\[int, int\], got '64' \(str\)"),
        (MODELS, dict(type="ResNet", depth="18"), r"ResNet: depth must be int, got '18' \(str\)"),
        (MODELS, dict(type="Projection", in_channels=8, hidden_channels=8, out_channels=None),
         r"out_channels must be int, got None \(NoneType\)"),
        (MODELS, dict(type="MoCoV2", backbone={}, neck={}, loss={}, queue_size=8, momentum="high"),
         r"MoCoV2: momentum must be float, got 'high' \(str\)"),
        (MODELS, dict(type="SimCLR", backbone={}, neck={}, loss={}, pretrained=3), "pretrained"),
        (HOOKS, dict(type="SafeCheckpointHook", interval="1"), "interval must be int"),
    ],
)  # fmt: skip
def test_types_are_compared_where_a_config_is_built(build, config, message):
    with pytest.raises(TypeError, match=message):
        build.build(config)


def test_types_of_mmengine_and_torch():
    with pytest.raises(TypeError, match="max_epochs must be int"):
        check_types(LOOPS.get("EpochBasedTrainLoop"), dict(max_epochs="3"))
    with pytest.raises(TypeError, match=r"SGD: lr must be float or Tensor, got '0.01' \(str\)"):
        check_types(torch.optim.SGD, dict(lr="0.01"))
    check_types(torch.optim.SGD, dict(lr=1, momentum=0.9, unknown=3))


@pytest.mark.parametrize("value", [2, -1, float("nan")])
def test_probabilities(value):
    check_probability("p", 0)
    check_probability("p", 1)
    with pytest.raises(ValueError, match="HorizontalFlip: p must be from 0 to 1, got"):
        TRANSFORMS.build(dict(type="HorizontalFlip", p=value))


@pytest.mark.parametrize("value", [0, -4])
@pytest.mark.parametrize(
    ("build", "config", "key"),
    [
        (TRANSFORMS, dict(type="RandomResizedCrop"), "size"),
        (TRANSFORMS, dict(type="CenterCrop"), "size"),
        (TRANSFORMS, dict(type="RandomCrop"), "size"),
        (TRANSFORMS, dict(type="Resize"), "size"),
        (TRANSFORMS, dict(type="PackClips"), "num_views"),
        (MODELS, dict(type="Projection", in_channels=8, hidden_channels=8), "out_channels"),
        (MODELS, dict(type="LinearHead", in_channels=8), "num_classes"),
        (MODELS, dict(type="SplitBN", num_features=8), "num_groups"),
    ],
)
def test_sizes(build, config, key, value):
    with pytest.raises(
        ValueError, match=f"{config['type']}: {key} must be at least 1, got {value}"
    ):
        build.build({**config, key: value})


@pytest.mark.parametrize("value", [0, -1])
def test_numbers_of_a_sampler_of_frames(value):
    sampler = dict(type="segments", num_segments=value)
    with pytest.raises(ValueError, match="segments: num_segments must be at least 1"):
        TRANSFORMS.build(dict(type="LoadFrames", sampler=sampler))


def test_numbers():
    check_sizes("A", a=1, b=[1, 2], c=None)
    check_number("a", 0.1, 0, above=True)
    with pytest.raises(ValueError, match="a must be above 0, got 0"):
        check_number("a", 0, 0, above=True)
