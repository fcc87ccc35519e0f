"""What every registered method and protocol must do, whatever it learns or judges."""

import copy

import pytest
import torch
from torch import nn

from mmcontrast.models.methods import Method
from mmcontrast.registry import MODELS
from mmcontrast.utils.errors import UserError
from tests.small import (
    ABSOLUTE_TOLERANCES,
    AUDIOVISUAL,
    CLASSIFIERS,
    CONFIGS,
    GRIDS,
    OTHERS,
    PREDICTIONS,
    UNTRAINED,
    build_method,
    evaluation_batch,
    losses,
    make_batch,
    make_clips,
    ready,
    total,
    training_batch,
)

MODELS.import_from_location()
REGISTERED = sorted(
    name
    for name, cls in MODELS.module_dict.items()
    if isinstance(cls, type) and issubclass(cls, Method)
)
METHODS = [name for name in REGISTERED if name not in UNTRAINED]
ON_IMAGES = [name for name in REGISTERED if name not in OTHERS]
DESCRIBE_IMAGES = [n for n in ON_IMAGES if "global" in PREDICTIONS.get(n, {"global"})]


def test_every_registered_method_is_here():
    assert sorted(CONFIGS) == REGISTERED


@pytest.mark.parametrize("name", REGISTERED)
def test_it_says_whether_there_is_anything_to_train(name):
    method = build_method(name)
    assert method.trains == (name not in UNTRAINED)
    if name in UNTRAINED:
        with pytest.raises(UserError, match=r"trains nothing"):
            method(**method.data_preprocessor(make_batch()), mode="loss")


@pytest.mark.parametrize("name", REGISTERED)
def test_parts_are_given_as_modules_or_as_configs(name):
    torch.manual_seed(0)
    parts = {
        key: MODELS.build(copy.deepcopy(value))
        if isinstance(value, dict) and "type" in value
        else value
        for key, value in CONFIGS[name].items()
    }
    method = ready(MODELS.build({"type": name, **parts}))
    own = set(method.modules())
    modules = [part for part in parts.values() if isinstance(part, nn.Module)]
    assert modules and own.issuperset(modules)
    assert list(method.state_dict()) == list(build_method(name).state_dict())
    if method.trains:
        assert total(losses(method, training_batch(name))).isfinite()


@pytest.mark.parametrize("name", METHODS)
def test_loss_is_finite_and_reaches_each_parameter(name):
    method = build_method(name)
    outputs = losses(method, training_batch(name))
    assert any("loss" in key for key in outputs)
    assert all(value.isfinite().all() and value.dim() == 0 for value in outputs.values())
    total(outputs).backward()
    for parameter_name, parameter in method.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, parameter_name


@pytest.mark.parametrize("name", METHODS)
def test_metrics_carry_no_gradient(name):
    for key, value in losses(build_method(name), training_batch(name)).items():
        assert value.requires_grad == ("loss" in key), key


@pytest.mark.parametrize("name", ON_IMAGES)
def test_extract(name):
    method = build_method(name).train()
    inputs = method.data_preprocessor(make_batch())["inputs"]
    features = method(inputs)
    assert set(features) == {"global", "dense", "stages"}
    assert features["stages"][-1] is features["dense"]
    assert features["global"].shape == (8, 24)
    assert features["dense"].shape == (8, 24, *GRIDS.get(name, (2, 2)))
    assert not features["global"].requires_grad
    assert method.training
    alone = method.extract({"view0": inputs["view0"][:1]})["global"]
    torch.testing.assert_close(alone, features["global"][:1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", AUDIOVISUAL)
def test_extract_of_clips_and_sounds(name):
    method = build_method(name).train()
    batch = method.data_preprocessor(evaluation_batch(name))
    features = method(batch["inputs"])
    assert set(features) == {"video", "audio", "video_embedding", "audio_embedding"}
    assert features["video"].shape == features["audio"].shape == (8, 24)
    assert features["video_embedding"].shape == features["audio_embedding"].shape
    assert not any(value.requires_grad for value in features.values())
    assert method.training
    for modality in ("video", "audio"):
        alone = method.extract({modality: batch["inputs"][modality][:1]})
        assert set(alone) == {modality, f"{modality}_embedding"}
        torch.testing.assert_close(alone[modality], features[modality][:1], atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="features of video and audio, and the batch has view0"):
        method.extract({"view0": batch["inputs"]["video"]})
    assert len(method(batch["inputs"], mode="predict")) == 8


def test_extract_of_graphs():
    method = build_method("MVGRL").train()
    batch = method.data_preprocessor(training_batch("MVGRL"))
    features = method(batch["inputs"])
    assert set(features) == {"global", "nodes"}
    assert len(features["nodes"]) == len(batch["inputs"]["graph_index"])
    assert len(features["global"]) == len(batch["data_samples"]) == 8
    assert not features["global"].requires_grad
    assert method.training
    predictions = method(**batch, mode="predict")
    assert [p["index"] for p in predictions] == list(range(8))
    torch.testing.assert_close(predictions[3]["global"], features["global"][3])
    assert len(method(batch["inputs"], mode="predict")) == 8


def test_features_of_clips_are_pooled_over_time_too():
    class Network(nn.Conv3d):
        def forward(self, x):
            return (super().forward(x),)

    method = build_method("FrozenBackbone", backbone=Network(3, 5, 3, padding=1))
    features = method(method.data_preprocessor(make_clips())["inputs"])
    assert features["dense"].shape == (8, 5, 2, 32, 32)
    torch.testing.assert_close(features["global"], features["dense"].flatten(2).mean(dim=2))


@pytest.mark.parametrize("name", REGISTERED)
def test_predictions_have_the_keys_of_the_task(name):
    method, batch = build_method(name).train(), evaluation_batch(name)
    predictions = method.test_step(batch)
    assert len(predictions) == len(batch["data_samples"])
    for prediction, sample in zip(predictions, batch["data_samples"], strict=True):
        assert set(prediction) == {*sample, *PREDICTIONS.get(name, {"global"})}
        assert all(prediction[key] is value for key, value in sample.items())
        assert not any(getattr(value, "requires_grad", False) for value in prediction.values())


@pytest.mark.parametrize(
    "name", [n for n in ON_IMAGES if "global" in PREDICTIONS.get(n, {"global"})]
)
def test_predict_serves_metrics(name):
    method, batch = build_method(name), make_batch()
    predictions = method(**method.data_preprocessor(batch), mode="predict")
    assert [p["index"] for p in predictions] == list(range(8))
    assert predictions[3]["global"].shape == (24,)
    assert len(method(method.data_preprocessor(batch)["inputs"], mode="predict")) == 8
    with pytest.raises(ValueError, match="mode must be"):
        method(batch["inputs"], mode="guess")


def test_extract_of_rows_of_features():
    method = build_method("CEGZSL").train()
    features = method({"feature": torch.rand(6, 8)})
    assert set(features) == {"global"} and features["global"].shape == (6, 12)
    assert not features["global"].requires_grad
    assert method.training


@pytest.mark.parametrize("name", UNTRAINED)
def test_saved_and_loaded_it_has_the_same_features(name):
    method, other = build_method(name), build_method(name, seed=9)
    other.load_state_dict(copy.deepcopy(method.state_dict()))
    inputs = method.data_preprocessor(make_batch())["inputs"]
    assert torch.equal(method.extract(inputs)["global"], other.extract(inputs)["global"])


@pytest.mark.parametrize("name", METHODS)
def test_saved_and_loaded_it_goes_on_alike(name):
    method = build_method(name)
    losses(method, training_batch(name, seed=1))
    other = build_method(name, seed=9)
    other.load_state_dict(copy.deepcopy(method.state_dict()))
    outputs = []
    for each in (method, other):
        torch.manual_seed(2)
        outputs.append(losses(each, training_batch(name)))
    for key, value in outputs[0].items():
        assert torch.equal(value, outputs[1][key]), key


@pytest.mark.parametrize("name", METHODS)
def test_bfloat16_autocast(name):
    method, batch = build_method(name), training_batch(name)
    exact = losses(build_method(name), batch)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = losses(method, batch)
    for key, value in outputs.items():
        assert value.isfinite(), key
        assert value.dtype == torch.float32, key
    tolerance = ABSOLUTE_TOLERANCES.get(name)
    assert total(outputs).item() == pytest.approx(total(exact).item(), rel=0.1, abs=tolerance)
    total(outputs).backward()
    assert all(p.grad.isfinite().all() for p in method.parameters() if p.grad is not None)


# CrissCross normalizes the projection of one view of each video by the batch.
@pytest.mark.parametrize("name", [name for name in METHODS if name != "CrissCross"])
def test_batch_of_one(name):
    # One image has no other to be told from; statistics of a single 1x1 map do not exist, a
    # 2x2 map has them.
    outputs = losses(build_method(name), training_batch(name, 1))
    assert all(value.isfinite() for value in outputs.values())


# The losses of two players do not fall together.
@pytest.mark.parametrize("name", [name for name in METHODS if name != "CEGZSL"])
def test_loss_falls_and_embeddings_stay_apart(name):
    method = build_method(name)
    optimizer = torch.optim.SGD(
        [p for p in method.parameters() if p.requires_grad], lr=0.1, momentum=0.9
    )
    batches = [training_batch(name, seed=seed) for seed in range(2)]
    history = []
    for step in range(40):
        torch.manual_seed(step)
        outputs = losses(method, batches[step % 2])
        optimizer.zero_grad()
        total(outputs).backward()
        optimizer.step()
        history.append(outputs)
    # MoCo's loss rises at first, while real keys replace the random ones of the queue.
    first = max(total(out).item() for out in history[:12])
    last = min(total(out).item() for out in history[-4:])
    assert last < first
    if name not in (*CLASSIFIERS, "ColorReconstruction", "SiamFC"):
        assert history[-1]["embedding_std"] > 0.1
