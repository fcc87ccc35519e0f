"""Widths follow from the backbone, and a misfit is refused where the network is built."""

import pytest
from torch import nn

from mmcontrast.apis.training.config import load_config
from mmcontrast.models.widths import build_on
from mmcontrast.registry import MODELS

NECK = dict(type="Projection", hidden_channels=8, out_channels=4)


@pytest.mark.parametrize(("depth", "width"), [(18, 256), (50, 1024)])
@pytest.mark.parametrize("name", ["simclr/mini", "mocov2/mini", "densecl/mini", "vfs/mini"])
def test_methods_of_any_depth(name, depth, width):
    cfg = load_config(name, [f"model.backbone.depth={depth}"])
    model = MODELS.build(cfg.model)
    neck = model.projector if name.startswith("vfs") else model.neck
    assert neck.mlp[0].in_features == width


@pytest.mark.parametrize("name", ["linear", "semi_supervised"])
def test_heads_of_any_depth(name):
    cfg = load_config(f"benchmarks/{name}/mini", ["model.backbone.depth=50"])
    assert MODELS.build(cfg.model).head.fc.in_features == 1024


def test_a_part_reads_the_last_map_or_all():
    backbone = MODELS.build(dict(type="ResNet", depth=18, base_channels=4, out_indices=(1, 3)))
    assert build_on(NECK, backbone).mlp[0].in_features == 32
    assert build_on({**NECK, "in_channels": None}, backbone).mlp[0].in_features == 32
    head = build_on(dict(type="MultiStageHead", num_classes=2), backbone)
    assert head.in_channels == (8, 32)
    assert build_on(head, backbone) is head


def test_a_network_that_does_not_say_its_width():
    backbone = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5))
    assert build_on(NECK, backbone).mlp[0].in_features == 5
    assert backbone.training and not backbone[1].num_batches_tracked


def test_what_does_not_fit():
    backbone = MODELS.build(dict(type="ResNet", depth=18, base_channels=4))
    message = (
        "Projection: in_channels is 64, but ResNet computes 32 channels. Leave in_channels out"
    )
    with pytest.raises(ValueError, match=message):
        build_on({**NECK, "in_channels": 64}, backbone)
    with pytest.raises(ValueError, match="in_channels must be given, since Linear has no out"):
        build_on(NECK, nn.Linear(3, 4))
    with pytest.raises(ValueError, match="Projection: in_channels must be given here"):
        MODELS.build({**NECK, "in_channels": None})
