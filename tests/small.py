"""Small forms of every registered method, and small batches, for the tests of all of them."""

import copy

import torch
from torch import nn

from mmcontrast.models.modules import build_norm
from mmcontrast.registry import MODELS


@MODELS.register_module()
class TinyNet(nn.Sequential):
    """Three convolutions: 32-pixel pictures become maps of 24 channels on a 2x2 grid."""

    def __init__(self, norm_cfg):
        layers = []
        for channels_in, channels, stride in ((3, 8, 4), (8, 16, 2), (16, 24, 2)):
            layers += [
                nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False),
                build_norm(norm_cfg, channels),
                nn.ReLU(),
            ]
        super().__init__(*layers)

    def forward(self, x):
        """Compute the one feature map."""
        return (super().forward(x),)


BACKBONE = dict(type="TinyNet", norm_cfg=dict(type="SplitBN", num_groups=4))
HEAD = dict(type="LinearHead", in_channels=24, num_classes=3)
WIDTHS = dict(in_channels=24, hidden_channels=32, out_channels=16)

CONFIGS = {
    "SimCLR": dict(
        backbone=dict(type="TinyNet", norm_cfg=dict(type="SyncBN")),
        neck=dict(type="Projection", norm_cfg=dict(type="SyncBN"), **WIDTHS),
        loss=dict(type="NTXent", temperature=0.1),
    ),
    "MoCoV2": dict(
        backbone=BACKBONE,
        neck=dict(type="Projection", **WIDTHS),
        loss=dict(type="InfoNCE", temperature=0.2),
        queue_size=48,
    ),
    "DenseCL": dict(
        backbone=BACKBONE,
        neck=dict(type="DenseProjection", **WIDTHS),
        loss=dict(type="InfoNCE", temperature=0.2),
        dense_loss=dict(type="InfoNCE", temperature=0.2),
        queue_size=48,
    ),
    "LinearProbe": dict(backbone=BACKBONE, head=HEAD, pretrained="random"),
    "FineTuning": dict(backbone=BACKBONE, head=HEAD, pretrained="random"),
}
CLASSIFIERS = ("FineTuning", "LinearProbe")


def build_method(name, seed=0, **changes):
    """Build a small method with the same weights for the same seed."""
    torch.manual_seed(seed)
    return MODELS.build({"type": name, **copy.deepcopy(CONFIGS[name]), **changes})


def make_batch(num_images=8, side=32, seed=0):
    """Two views of noise pictures that share their low frequencies, as a data loader gives them."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randint(40, 216, (num_images, 3, 8, 8), generator=generator).float()
    base = torch.nn.functional.interpolate(coarse, side, mode="bilinear")
    views = {
        f"view{v}": (base + 20 * torch.randn(base.shape, generator=generator))
        .clamp(0, 255)
        .to(torch.uint8)
        for v in range(2)
    }
    crop = dict(box=(0.0, 0.0, float(side), float(side)), flip=False, size=(side, side))
    samples = [
        dict(index=i, label=i % 3, view0=dict(crop), view1=dict(crop)) for i in range(num_images)
    ]
    return dict(inputs=views, data_samples=samples)


def losses(method, batch):
    """Run a training forward pass."""
    return method(**method.data_preprocessor(batch, True), mode="loss")


def total(outputs):
    """Sum the losses as MMEngine does."""
    return sum(value for key, value in outputs.items() if "loss" in key)
