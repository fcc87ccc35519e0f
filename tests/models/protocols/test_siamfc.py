"""SiamFC: sizes of its maps, its training, its tracker."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmcontrast.datasets import TrackingPairs, TrackingVideos, collate
from mmcontrast.evaluation import tracking_scores
from mmcontrast.models.heads.siamese import cross_correlation
from mmcontrast.registry import MODELS
from tests.datasets.videos import write_otb

PIPELINE = [dict(type="LoadImage"), dict(type="PackInputs")]


def build(backbone=None, channels=27, scale=1e-3):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type="SiamFC", pretrained="random", backbone=backbone or dict(type="ColorPatches"),
            head=dict(type="SiameseHead", in_channels=channels, scale=scale),
        )
    )  # fmt: skip
    model.init_weights()
    return model


def look_at_colors(model):
    """Let the head compare features as they are."""
    for conv in (model.head.exemplar, model.head.search):
        torch.nn.init.eye_(conv.weight.data.flatten(1))
        torch.nn.init.zeros_(conv.bias)
    return model


def test_correlation_against_a_loop():
    z, x = torch.randn(2, 3, 2, 2), torch.randn(2, 3, 5, 6)
    expected = torch.cat([F.conv2d(x[i : i + 1], z[i : i + 1])[0] for i in range(2)])
    torch.testing.assert_close(cross_correlation(z, x), expected)
    torch.testing.assert_close(cross_correlation(z[:1], x)[1], F.conv2d(x[1:], z[:1])[0, 0])


def test_published_sizes():
    network = dict(
        type="ResNet", depth=18, base_channels=4, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)
    )
    model = build(network, channels=32).eval()
    with torch.no_grad():
        z, x, test = (model.backbone(torch.rand(1, 3, s, s))[0] for s in (120, 239, 255))
        assert model.head(z, x).shape == (1, 16, 16)
        assert model.head(z, test).shape == (1, 18, 18)


def test_only_the_head_learns(tmp_path):
    dataset = TrackingPairs(write_otb(tmp_path, ("a", "b")))
    model = build().train()
    optimizer = torch.optim.Adam(model.head.parameters(), lr=1e-2)
    values = []
    for step in range(12):
        batch = collate([dataset[2 * step], dataset[2 * step + 1]])
        losses = model(**model.data_preprocessor(batch, True), mode="loss")
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        values.append(losses["loss"].item())
    assert values[-1] < 0.7 * values[0]
    assert not model.backbone.training


def test_tracker_follows_a_square(tmp_path):
    dataset = TrackingVideos(write_otb(tmp_path), PIPELINE)
    (found,) = look_at_colors(build()).test_step(collate([dataset[0]]))
    assert found["boxes"].shape == (6, 4)
    np.testing.assert_allclose(found["boxes"][0], found["truth"][0])
    assert tracking_scores(found["boxes"], found["truth"])["success_rate"] > 0.8
    assert found["boxes"][5, 0] - found["boxes"][0, 0] > 5


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((500, 10, 20, 20), "lies outside the frame of 180x140"),
        ((10, 10, 0, 20), "positive area"),
        ((np.nan, 10, 20, 20), "positive area"),
    ],
)
def test_boxes_that_show_nothing(tmp_path, box, message):
    clip = TrackingVideos(write_otb(tmp_path), PIPELINE)[0]["inputs"]["clip"]
    with pytest.raises(ValueError, match=message):
        list(build().track(clip, np.array(box, dtype=float)))
