"""Images of other than three channels, from the file to a step of training."""

import numpy as np
import pytest
import torch

from mmcontrast.datasets import Images
from mmcontrast.datasets.transforms import compose
from mmcontrast.registry import MODELS, TRANSFORMS

BANDS = np.random.default_rng(0).integers(0, 256, (40, 50, 16), dtype=np.uint8)
FOR_ALL = [
    dict(type="RandomResizedCrop", size=32), dict(type="HorizontalFlip", p=1.0),
    dict(type="Resize", size=36), dict(type="RandomCrop", size=40),
    dict(type="CenterCrop", size=30),
    dict(type="RandomScale", factor=1.5), dict(type="RandomRotation", degrees=20),
    dict(type="ShrinkToMultiple", multiple=8), dict(type="ResizeAndPad", size=64),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0, hue=0),
    dict(type="GaussianBlur", p=1.0), dict(type="Solarize", p=1.0),
]  # fmt: skip
FOR_RGB = [
    dict(type="ColorJitter", brightness=0, contrast=0, saturation=0.4, hue=0),
    dict(type="ColorJitter", brightness=0, contrast=0, saturation=0, hue=0.1),
    dict(type="Grayscale"), dict(type="ToLAB"),
]  # fmt: skip


def results_of(channels):
    image = np.ascontiguousarray(BANDS[..., :channels])
    return dict(image=image, size=(50, 40), box=(0.0, 0.0, 50.0, 40.0), flip=False, path="a")


@pytest.mark.parametrize("config", FOR_ALL, ids=lambda config: config["type"])
@pytest.mark.parametrize("channels", [1, 2, 4, 6, 16])
def test_transforms_keep_the_channels(config, channels):
    image = compose([config])(results_of(channels))["image"]
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == channels


def test_flips_and_solarization_treat_channels_alike():
    for config in (dict(type="HorizontalFlip", p=1.0), dict(type="Solarize", p=1.0)):
        transform = TRANSFORMS.build(config)
        six = transform(results_of(6))["image"]
        assert np.array_equal(six[..., :3], transform(results_of(3))["image"])
        assert np.array_equal(six[..., :1], transform(results_of(1))["image"])


@pytest.mark.parametrize("config", FOR_RGB, ids=lambda config: config["type"])
def test_transforms_of_colors_refuse_others(config):
    with pytest.raises(ValueError, match=r"3 channels of RGB, and the image has 6: leave it out"):
        compose([config])(results_of(6))


@pytest.mark.parametrize("channels", [1, 6])
def test_a_step_of_simclr(tmp_path, channels):
    for number in range(4):
        bands = np.random.default_rng(number).integers(0, 65536, (40, 40, channels))
        np.save(tmp_path / f"{number}.npy", bands.astype(np.uint16))
    view = [
        dict(type="RandomResizedCrop", size=32), dict(type="HorizontalFlip"),
        dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0, hue=0),
        dict(type="GaussianBlur"),
    ]  # fmt: skip
    dataset = Images(
        tmp_path,
        [
            dict(type="LoadImage", in_channels=channels),
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
        extensions=[".npy"],
    )
    samples = [dataset[i] for i in range(4)]
    inputs = {
        name: torch.stack([sample["inputs"][name] for sample in samples])
        for name in ("view0", "view1")
    }
    assert inputs["view0"].shape == (4, channels, 32, 32)
    model = MODELS.build(
        dict(
            type="SimCLR",
            backbone=dict(type="ResNet", depth=18, base_channels=8, in_channels=channels),
            neck=dict(type="Projection", in_channels=64, hidden_channels=32, out_channels=16),
            loss=dict(type="NTXent", temperature=0.1),
            data_preprocessor=dict(
                type="ViewPreprocessor", mean=[127.5] * channels, std=[127.5] * channels
            ),
        )
    )
    data = model.data_preprocessor(dict(inputs=inputs, data_samples=None), training=True)
    losses = model(data["inputs"], data["data_samples"], mode="loss")
    losses["loss"].backward()
    gradient = model.backbone.conv1.weight.grad
    assert gradient.shape[1] == channels and (gradient.abs().amax((0, 2, 3)) > 0).all()
