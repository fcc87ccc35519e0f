"""Protocols on clips and sounds: several clips of a sample, pooled maps, raw inputs."""

import pytest
import torch

from mmcontrast.registry import MODELS
from tests.small import BACKBONE, HEAD

SAMPLES = [dict(label=label) for label in (0, 1, 2, 1)]


def batch(*names):
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(4, 3, 32, 32, generator=generator) for name in names}


@pytest.mark.parametrize("kind", ["LinearProbe", "FineTuning"])
def test_the_probabilities_of_clips_are_averaged(kind):
    torch.manual_seed(0)
    method = MODELS.build(
        dict(type=kind, backbone=BACKBONE, head=HEAD, view="video", pretrained="random")
    )
    torch.nn.init.normal_(method.head.fc.weight)
    clips = batch("video0", "video1", "video2")
    predictions = method.predict(clips, SAMPLES)
    method.eval()
    expected = 0
    for view in clips.values():
        logits = method.head.fc(method.backbone(view)[-1].mean(dim=(2, 3)))
        expected = expected + logits.softmax(dim=1) / 3
    for prediction, row in zip(predictions, expected, strict=True):
        torch.testing.assert_close(prediction["scores"][""], row)
    method.train()
    one = batch("video")
    assert method.loss(one, SAMPLES)["loss"].isfinite()
    # One clip is scored by its logits.
    scores = torch.stack([p["scores"][""] for p in method.predict(one, SAMPLES)])
    method.eval()
    torch.testing.assert_close(scores, method.head(method.encode(one))[""])


def test_features_of_clips_are_pooled_one_by_one_and_averaged():
    pool = dict(type="MaxPool", kernel_size=(1, 2), normalize="vector")
    method = MODELS.build(
        dict(type="FrozenBackbone", backbone=BACKBONE, view="audio", pool=pool, pretrained="random")
    )
    sounds = batch("audio0", "audio1")
    predictions = method.predict(sounds, SAMPLES)
    method.eval()
    clips = [method.pool(method.backbone(view)) for view in sounds.values()]
    torch.testing.assert_close(
        torch.stack([p["clips"] for p in predictions]), torch.stack(clips, dim=1)
    )
    mean = torch.stack([p["global"] for p in predictions])
    torch.testing.assert_close(mean, (clips[0] + clips[1]) / 2)
    assert (mean.norm(dim=1) < 0.999999).all()  # the mean is not normalized again
    assert [p["label"] for p in predictions] == [0, 1, 2, 1]


def test_raw_inputs_have_features_without_a_network():
    method = MODELS.build(
        dict(type="FrozenBackbone", backbone=None, view="audio", pool=dict(type="BandStatistics"))
    )
    method.init_weights()
    sounds = batch("audio")
    expected = sounds["audio"].mean(dim=3).flatten(1)
    torch.testing.assert_close(method.extract(sounds)["global"][:, :96], expected)


def test_a_missing_view_is_named():
    method = MODELS.build(
        dict(type="FrozenBackbone", backbone=BACKBONE, view="audio", pretrained="random")
    )
    with pytest.raises(ValueError, match=r"reads audio, and the batch has video0.*model\.view"):
        method.extract(batch("video0"))


def test_a_head_with_dropout_and_an_orthogonal_start():
    head = MODELS.build(
        dict(type="LinearHead", in_channels=24, num_classes=3, init_std=None, dropout=0.5)
    )
    torch.testing.assert_close(head.fc.weight @ head.fc.weight.T, torch.eye(3))
    features = {"global": torch.ones(2, 24)}
    assert not torch.equal(head(features)[""], head(features)[""])
    head.eval()
    torch.testing.assert_close(head(features)[""], head.fc(features["global"]))
