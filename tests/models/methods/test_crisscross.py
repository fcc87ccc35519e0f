"""CrissCross: sizes of the published heads, batch statistics, and ablations by configuration."""

import copy

import pytest
import torch
from torch import nn

from mmcontrast.registry import MODELS
from tests.small import CONFIGS, build_method, losses, make_audiovisual

NORM = dict(type="SyncBN")
VIDEO = [name for name in CONFIGS["CrissCross"] if name.startswith("video")]
AUDIO = [name for name in CONFIGS["CrissCross"] if name.startswith("audio")]


def test_size_of_the_published_heads():
    projector = MODELS.build(
        dict(
            type="Projection",
            in_channels=512,
            hidden_channels=2048,
            out_channels=2048,
            num_layers=3,
            norm_cfg=NORM,
            bias_with_norm=True,
        )
    )
    predictor = MODELS.build(
        dict(type="Prediction", in_channels=2048, hidden_channels=512, norm_cfg=NORM)
    )
    assert sum(p.numel() for p in projector.parameters()) == 9_455_616
    assert sum(p.numel() for p in predictor.parameters()) == 2_100_736
    # PyTorch's default: weights and biases uniform in +-1/sqrt(inputs).
    for linear in (*projector.modules(), *predictor.modules()):
        if isinstance(linear, nn.Linear):
            bound = linear.in_features**-0.5
            assert linear.weight.abs().max() <= bound and linear.bias.abs().max() <= bound
            assert linear.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_every_norm_is_updated_twice_a_step():
    method = build_method("CrissCross")
    losses(method, make_audiovisual())
    counts = {
        name: int(buffer)
        for name, buffer in method.named_buffers()
        if name.endswith("num_batches_tracked")
    }
    for part in ("backbone", "projector", "predictor"):
        for modality in ("video", "audio"):
            own = [n for name, n in counts.items() if name.startswith(f"{modality}_{part}.")]
            assert set(own) == {2}


def test_statistics_are_those_of_one_view_at_a_time():
    method, batch = build_method("CrissCross"), make_audiovisual()
    losses(method, batch)
    alone = build_method("CrissCross")
    inputs = alone.data_preprocessor(batch)["inputs"]
    for view in ("video0", "video1"):
        alone.video_projector(alone.video_backbone(inputs[view]))
    for part in ("video_backbone", "video_projector"):
        expected = alone.get_submodule(part).state_dict()
        for name, tensor in method.get_submodule(part).state_dict().items():
            torch.testing.assert_close(tensor, expected[name], msg=name)


@pytest.mark.parametrize("removed", [VIDEO, AUDIO])
def test_one_modality_alone(removed):
    method = build_method("CrissCross", **dict.fromkeys(removed))
    modality = "audio" if removed is VIDEO else "video"
    assert method.modalities == [modality]
    outputs = losses(method, make_audiovisual())
    outputs["loss"].backward()
    assert all(p.grad is not None for p in method.parameters())
    # The one pair is not halved.
    similarity = outputs[f"sim_{modality}0_{modality}1"].item()
    assert outputs["loss"].item() == pytest.approx(-similarity)
    features = method.extract(method.data_preprocessor(make_audiovisual(views=("",)))["inputs"])
    assert set(features) == {modality, f"{modality}_embedding"}


@pytest.mark.parametrize("on", ["intra", "synchronous", "asynchronous"])
def test_each_family_alone_trains_all_parameters(on):
    switches = {name: name == on for name in ("intra", "synchronous", "asynchronous")}
    method = build_method("CrissCross", loss=dict(type="CrossModalLoss", **switches))
    losses(method, make_audiovisual())["loss"].backward()
    assert all(p.grad is not None for p in method.parameters())


def test_a_projector_of_two_layers_has_no_third():
    settings = copy.deepcopy(CONFIGS["CrissCross"])
    for name in ("video_projector", "audio_projector"):
        settings[name]["num_layers"] = 2
    method = MODELS.build(dict(type="CrissCross", **settings))
    losses(method, make_audiovisual())["loss"].backward()
    assert all(p.grad is not None for p in method.parameters())


def test_pre_norm():
    batch = make_audiovisual()
    plain, method = build_method("CrissCross"), build_method("CrissCross", pre_norm=True)
    seen = []
    method.video_predictor.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    assert losses(method, batch)["loss"] != losses(plain, batch)["loss"]
    for z in seen:
        torch.testing.assert_close(z.norm(dim=1), torch.ones(8))


def test_embeddings_are_unit_vectors_of_one_space():
    method = build_method("CrissCross")
    inputs = method.data_preprocessor(make_audiovisual(views=("",)))["inputs"]
    features = method.extract(inputs)
    cosine = features["video_embedding"] @ features["audio_embedding"].t()
    assert cosine.abs().max() <= 1 + 1e-6
    method.eval()
    z = method.video_projector(method.video_backbone(inputs["video"]))
    torch.testing.assert_close(features["video_embedding"], nn.functional.normalize(z, dim=1))


def test_parts_that_are_missing_are_named():
    with pytest.raises(ValueError, match="video_backbone or audio_backbone must be given"):
        MODELS.build(dict(type="CrissCross", loss=dict(type="CrossModalLoss")))
    with pytest.raises(ValueError, match=r"audio_backbone, audio_projector and audio_predictor go"):
        build_method("CrissCross", audio_predictor=None)
    method, batch = build_method("CrissCross"), make_audiovisual()
    del batch["inputs"]["audio1"]
    with pytest.raises(ValueError, match="CrissCross needs audio1, and the batch has video0"):
        losses(method, batch)
