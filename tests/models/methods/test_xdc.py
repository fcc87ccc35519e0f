"""The family of XDC: whose clusters each encoder learns, its heads, and what it compares."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.ops.whitening import fit_whitening
from mmcontrast.registry import MODELS
from tests.small import CONFIGS, build_method, losses, make_audiovisual

MODES = {
    "xdc": {"video_from_audio", "audio_from_video"},
    "sdc": {"video_from_video", "audio_from_audio"},
    "mdc": {"video_from_video", "video_from_audio", "audio_from_audio", "audio_from_video"},
    "cdc": {"video_from_joint", "audio_from_joint"},
}


def clips(num_videos=4):
    return make_audiovisual(num_videos, views=("",))


def with_clusters(mode, **labels):
    """A method whose four videos have the given clusters."""
    method = MODELS.build(
        dict(type="XDC", **{**copy.deepcopy(CONFIGS["XDC"]), "num_clusters": 2, "mode": mode})
    )
    for source, values in labels.items():
        width = 48 if source == "joint" else 24
        method.set_clusters(source, torch.tensor(values), torch.eye(2, width))
    return method


@pytest.mark.parametrize("mode", MODES)
def test_each_head_learns_the_clusters_of_its_source(mode):
    sources = {head.split("_from_")[1] for head in MODES[mode]}
    labels = dict(video=[0, 0, 1, 1], audio=[0, 1, 0, 1], joint=[1, 1, 1, 0])
    method = with_clusters(mode, **{source: labels[source] for source in sources})
    assert set(method.heads) == MODES[mode]
    logits = {}
    for name, head in method.heads.items():
        head.register_forward_hook(lambda _, __, out, name=name: logits.__setitem__(name, out))
    outputs = losses(method, clips())
    assert {key for key in outputs if "loss" in key} == {f"loss_{name}" for name in MODES[mode]}
    for name in MODES[mode]:
        expected = F.cross_entropy(logits[name], torch.tensor(labels[name.split("_from_")[1]]))
        torch.testing.assert_close(outputs[f"loss_{name}"], expected)


def test_labels_are_looked_up_by_the_index_of_the_sample():
    method, batch = with_clusters("xdc", video=[0, 0, 1, 1], audio=[0, 1, 0, 1]), clips()
    order = [2, 0, 3, 1]
    shuffled = dict(
        inputs={name: view[order] for name, view in batch["inputs"].items()},
        data_samples=[batch["data_samples"][i] for i in order],
    )
    method.eval()
    for key, value in losses(method, batch).items():
        torch.testing.assert_close(losses(method, shuffled)[key], value, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("num_clusters", [64, 128, 256, 512, 1024])
def test_loss_of_a_new_head(num_clusters):
    method = build_method("XDC", num_clusters=num_clusters)
    for source in ("video", "audio"):
        labels = torch.arange(16) % num_clusters
        method.set_clusters(source, labels, torch.zeros(num_clusters, 24))
    expected = math.log(num_clusters)
    features = F.normalize(torch.randn(50, 24), dim=1)
    logits = method.heads["video_from_audio"](features)
    drawn = F.cross_entropy(logits, torch.arange(50) % num_clusters)
    assert drawn.item() == pytest.approx(expected, abs=0.02)
    for head in method.heads.values():
        torch.nn.init.zeros_(head.weight)
    outputs = losses(method, clips(8))
    for name in MODES["xdc"]:
        assert outputs[f"loss_{name}"].item() == pytest.approx(expected, abs=1e-5)


def test_new_heads_are_a_function_of_the_seed():
    method = build_method("XDC", num_clusters=256)
    for head in method.heads.values():
        torch.nn.init.ones_(head.bias)
    parameters = method.reset_heads(5)
    assert {id(p) for p in parameters} == {id(p) for p in method.heads.parameters()}
    for head in method.heads.values():
        assert head.weight.std().item() == pytest.approx(0.01, rel=0.05)
        assert not head.bias.any()
    weights = [head.weight.clone() for head in method.heads.values()]
    assert not torch.equal(*weights)
    method.reset_heads(5)
    assert all(map(torch.equal, weights, (head.weight for head in method.heads.values())))
    method.reset_heads(6)
    assert not torch.equal(weights[0], next(iter(method.heads.values())).weight)


def test_videos_without_a_cluster_do_not_count():
    method, batch = with_clusters("xdc", video=[0, 0, 1, -1], audio=[-1, -1, -1, -1]), clips()
    method.eval()
    outputs = losses(method, batch)
    assert outputs["loss_video_from_audio"] == 0
    part = dict(
        inputs={name: view[:3] for name, view in batch["inputs"].items()},
        data_samples=batch["data_samples"][:3],
    )
    expected = losses(method, part)["loss_audio_from_video"]
    torch.testing.assert_close(outputs["loss_audio_from_video"], expected)


def test_joint_features_are_two_normalized_halves():
    method = with_clusters("cdc", joint=[0, 0, 1, 1])
    features = method.extract(method.data_preprocessor(clips())["inputs"])
    joint = method.sources(features)["joint"]
    assert joint.shape == (4, 48)
    for half, name in zip(joint.chunk(2, dim=1), ("video", "audio"), strict=True):
        torch.testing.assert_close(half, F.normalize(features[name], dim=1))
    method = with_clusters("xdc", video=[0] * 4, audio=[0] * 4)
    sources = method.sources(features)
    assert list(sources) == ["audio", "video"]
    assert torch.equal(sources["video"], features["video"])


def test_clips_and_sounds_are_compared_by_the_clusters_of_sounds():
    method = build_method("XDC", seed=1)
    features = method.extract(method.data_preprocessor(clips())["inputs"])
    cosine = F.normalize(features["audio"], dim=1) @ method.clusters["audio"].centroids_KC.t()
    squares = method.clusters["audio"].centroids_KC.square().sum(dim=1)
    nearest = (squares - 2 * cosine).argmin(dim=1)
    posterior = method.heads["video_from_audio"](features["video"]).softmax(dim=1)
    scores = features["video_embedding"] @ features["audio_embedding"].t()
    torch.testing.assert_close(scores, posterior[:, nearest])


def test_joint_clusters_compare_by_two_posteriors_and_sdc_compares_nothing():
    method = with_clusters("cdc", joint=[0, 0, 1, 1])
    features = method.extract(method.data_preprocessor(clips())["inputs"])
    for name in ("video", "audio"):
        torch.testing.assert_close(features[f"{name}_embedding"].sum(dim=1), torch.ones(4))
    method = with_clusters("sdc", video=[0, 0, 1, 1], audio=[0, 1, 0, 1])
    features = method.extract(method.data_preprocessor(clips())["inputs"])
    assert set(features) == {"video", "audio"}


def test_two_encoders_of_one_modality():
    config = copy.deepcopy(CONFIGS["XDC"])
    config["audio_backbone"] = config["video_backbone"]
    torch.manual_seed(0)
    method = MODELS.build(dict(type="XDC", inputs=("video", "video"), **config))
    for source in ("video", "audio"):
        method.set_clusters(source, torch.arange(4), torch.eye(4, 24))
    batch = clips()
    del batch["inputs"]["audio"]
    outputs = losses(method, batch)
    assert {key for key in outputs if "loss" in key} == {f"loss_{n}" for n in MODES["xdc"]}
    features = method.extract(method.data_preprocessor(batch)["inputs"])
    assert not torch.equal(features["video"], features["audio"])


def test_clusters_of_any_size_are_saved_and_loaded():
    method, other = (build_method("XDC", seed=seed) for seed in range(2))
    whitening = fit_whitening(torch.randn(50, 24), 6)
    method.set_clusters("audio", torch.arange(30) % 4, torch.randn(4, 6), whitening)
    method.clustering_round.fill_(3)
    other.load_state_dict(copy.deepcopy(method.state_dict()), strict=True)
    assert other.clustering_round == 3
    features = torch.randn(9, 24)
    assert torch.equal(
        other.clusters["audio"].assign(features), method.clusters["audio"].assign(features)
    )
    assert other.clusters["audio"].look_up([29, 3]).tolist() == [1, 3]


def test_without_clusters_and_with_those_of_other_data():
    method = MODELS.build(dict(type="XDC", **copy.deepcopy(CONFIGS["XDC"])))
    with pytest.raises(ValueError, match=r"no clusters to learn from yet: add .*ClusteringHook"):
        losses(method, clips())
    method = with_clusters("xdc", video=[0, 1], audio=[0, 1])
    with pytest.raises(ValueError, match="Sample 3 has no cluster, since 2 samples were clustered"):
        losses(method, clips())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(mode="same"), "mode must be one of sdc, mdc, cdc, xdc"),
        (dict(num_clusters=0), "num_clusters must be at least 1"),
        (dict(inputs=("video",)), "inputs are the views of two encoders"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type="XDC", **{**copy.deepcopy(CONFIGS["XDC"]), **settings}))
