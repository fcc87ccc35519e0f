"""CE-GZSL: who is trained by what, what reaches whom, and what it learns in a small world."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from mmcontrast.apis.training.train import train
from mmcontrast.engine.optimizers import OptimWrapperPerPart
from mmcontrast.evaluation.zeroshot import generalized_scores
from mmcontrast.models.heads.zeroshot import FeatureGenerator
from mmcontrast.models.modules.softmax_regression import softmax_regression
from tests.datasets.zeroshot.test_zeroshot import write_xlsa17
from tests.small import build_method, losses, make_seen_batches
from tests.toy import unique_run

ADAM = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.1))
PARTS = dict(
    critic=dict(parts=["critic", "embedding", "projection", "comparator"], **ADAM),
    generator=dict(parts=["generator"], **ADAM),
)


def step(method, wrappers, seed=0, **kwargs):
    torch.manual_seed(seed)
    return method.train_step(make_seen_batches(seed=seed, **kwargs), wrappers)


def wrappers_of(method):
    return OptimWrapperPerPart(PARTS)(method)


def test_each_network_is_trained_by_its_optimizer_alone():
    method = build_method("CEGZSL")
    wrappers = wrappers_of(method)
    before = copy.deepcopy(method.state_dict())
    logged = step(method, wrappers)
    assert all(torch.isfinite(torch.as_tensor(value)) for value in logged.values())
    cancels = "critic.layers.2.bias"  # in the difference of two scores
    for name, value in method.state_dict().items():
        assert torch.equal(value, before[name]) == (name == cancels), name
    # With the generator's rate at 0 it stays, although the critic's losses move the others.
    still = build_method("CEGZSL")
    wrappers = wrappers_of(still)
    wrappers["generator"].param_groups[0]["lr"] = 0.0
    step(still, wrappers)
    for name, value in still.state_dict().items():
        kept = name.startswith("generator") or name == cancels
        assert torch.equal(value, before[name]) == kept, name


def test_a_step_is_k_critic_steps_and_one_of_the_generator():
    """Against the same written out, with all gradients of zero before each step."""
    method, plain = build_method("CEGZSL"), build_method("CEGZSL")
    step(method, wrappers_of(method))
    inputs = make_seen_batches()["inputs"]
    torch.manual_seed(0)
    own = list(plain.generator.parameters())
    others = [p for n, p in plain.named_parameters() if not n.startswith("generator")]

    def descend(parameters, values):
        total = sum(value for key, value in values.items() if "loss" in key)
        for parameter, gradient in zip(
            parameters, torch.autograd.grad(total, parameters), strict=True
        ):
            parameter.data -= 0.1 * gradient

    for x, y in zip(inputs["feature"], inputs["label"], strict=True):
        descend(others, plain.critic_losses(x, y, inputs["attributes"]))
    descend(own, plain.generator_losses(x, y, inputs["attributes"]))
    for (name, one), other in zip(method.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, msg=name)


def test_the_generator_leaves_no_gradient_in_the_others():
    method = build_method("CEGZSL")
    inputs = make_seen_batches()["inputs"]
    with method._frozen_but_generator():
        values = method.generator_losses(
            inputs["feature"][0], inputs["label"][0], inputs["attributes"]
        )
        sum(values.values()).backward()
    trained = {n.split(".")[0] for n, p in method.named_parameters() if p.grad is not None}
    assert trained == {"generator"}
    assert all(parameter.requires_grad for parameter in method.parameters())


def test_the_released_codes_gradients_pile_up():
    compatible, ours = build_method("CEGZSL", ref_compat=True), build_method("CEGZSL")
    for method in (compatible, ours):
        step(method, wrappers_of(method), num_batches=1)
    # One critic step is the same; from the second on the comparator's gradient has the first's too.
    for (name, one), other in zip(compatible.named_parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(one, other, msg=name)
    method, plain = build_method("CEGZSL", ref_compat=True), build_method("CEGZSL")
    step(method, wrappers_of(method))
    inputs = make_seen_batches()["inputs"]
    torch.manual_seed(0)
    others = {n: p for n, p in plain.named_parameters() if not n.startswith("generator")}
    piled = dict.fromkeys(others, 0)
    for x, y in zip(inputs["feature"], inputs["label"], strict=True):
        total = sum(v for k, v in plain.critic_losses(x, y, inputs["attributes"]).items()
                    if "loss" in k)  # fmt: skip
        gradients = torch.autograd.grad(total, list(others.values()))
        for name, gradient in zip(others, gradients, strict=True):
            piles = name.startswith("comparator")
            piled[name] = piled[name] * piles + gradient
            others[name].data -= 0.1 * piled[name]
    for name, value in others.items():
        torch.testing.assert_close(dict(method.named_parameters())[name], value, msg=name)


def test_a_batch_without_any_positive():
    method = build_method("CEGZSL")
    batch = make_seen_batches(5)
    batch["inputs"]["label"][:] = torch.arange(5)
    values = losses(method, batch)
    assert values["loss_instance"] == 0
    assert all(value.isfinite() for value in values.values())
    sum(value for key, value in values.items() if "loss" in key).backward()
    assert all(p.grad.isfinite().all() for p in method.parameters())


def test_without_the_embedding():
    parts = dict(embedding=None, projection=None, comparator=None)
    method = build_method("CEGZSL", **parts)
    values = losses(method, make_seen_batches())
    assert {key for key in values if "loss" in key} == {"loss_critic", "loss_generator"}
    # It is trained with the same settings of the optimizers, also with those of F left on.
    logged = step(build_method("CEGZSL", ref_compat=True, **parts), wrappers_of(method))
    assert torch.isfinite(torch.as_tensor(logged["loss"]))
    x = torch.rand(3, 8)
    assert torch.equal(method.extract({"feature": x})["global"], x)
    with pytest.raises(ValueError, match="go together"):
        build_method("CEGZSL", embedding=None)


def task(seed=0):
    """Attributes of seven classes, of which the last two are unseen, and rows of all."""
    generator = torch.Generator().manual_seed(seed)
    attributes = torch.rand(7, 4, generator=generator)
    labels = torch.arange(7).repeat_interleave(20)
    features = attributes.repeat(1, 2)[labels] + 0.05 * torch.rand(140, 8, generator=generator)
    seen = torch.arange(7) < 5
    train = seen[labels] & (torch.arange(140) % 2 == 0)
    return (
        dict(train_feature=features[train], train_label=labels[train], attributes=attributes,
             seen=seen, feature=features[~train]),
        labels[~train],
    )  # fmt: skip


def test_predictions():
    method, (inputs, labels) = build_method("CEGZSL"), task()
    state = torch.get_rng_state()
    (found,) = method(inputs, [dict(index=0)], mode="predict")
    assert torch.equal(torch.get_rng_state(), state)  # the training's numbers are left alone
    assert found["generalized"].shape == (25, len(labels)) and found["index"] == 0
    unseen = torch.nonzero(~inputs["seen"])[:, 0]
    fake = method.extract({"feature": method.synthesize(inputs["attributes"][unseen])})["global"]
    assert len(fake) == 2 * method.num_synthesized
    *_, alone = softmax_regression(
        fake, torch.arange(2).repeat_interleave(20), 2, num_epochs=100, batch_size=20
    )
    rows = method.extract({"feature": inputs["feature"]})["global"]
    assert torch.equal(found["conventional"], unseen[alone(rows).argmax(1)])
    (again,) = method(inputs, [dict(index=0)], mode="predict")
    assert torch.equal(again["generalized"], found["generalized"])
    assert method.extract({"feature": inputs["feature"]})["global"].shape == (len(labels), 12)


def test_unseen_classes_are_recognized_by_features_of_the_right_kind():
    """What the softmax makes of a perfect generator, on features as they are."""
    parts = dict(embedding=None, projection=None, comparator=None)
    method, (inputs, labels) = build_method("CEGZSL", num_synthesized=4, **parts), task(seed=2)

    class Right(torch.nn.Module):
        num_noise = 3

        def forward(self, noise, attributes):
            return attributes.repeat(1, 2) + 0.05 * noise.mean(dim=1, keepdim=True).sigmoid()

    method.generator = Right()
    inputs = {  # far enough apart for a few steps of Adam
        name: 60 * value if "feature" in name or name == "attributes" else value
        for name, value in inputs.items()
    }
    (found,) = method(inputs, None, mode="predict")
    scores = generalized_scores(
        found["generalized"][-1].numpy(), labels.numpy(), inputs["seen"].numpy()
    )
    assert scores["U"] > 80 and scores["S"] > 80


def test_unseen_attributes_do_not_reach_the_training(tmp_path):
    """What is trained does not change with them, nor with the features of unseen classes."""
    states = []
    for number, factor in enumerate((1.0, 7.0)):
        folder = tmp_path / str(number)
        write_xlsa17(folder, unseen_factor=factor)
        run = train(
            str(_config(folder)), work_dir=str(folder / "run"), cfg_options=["randomness.seed=3"]
        )
        states.append(run.model.state_dict())
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


def test_resumed_within_an_epoch_equals_uninterrupted(tmp_path):
    write_xlsa17(tmp_path)
    config = str(_config(tmp_path))
    by_step = ["default_hooks.checkpoint.by_epoch=False", unique_run()]
    whole = train(config, work_dir=str(tmp_path / "whole"), cfg_options=by_step)
    assert whole.iter == 6
    checkpoint = str(tmp_path / "whole/iter_4.pth")  # an epoch has three steps
    resumed = train(
        config, work_dir=str(tmp_path / "cut"), resume=checkpoint, cfg_options=[unique_run()]
    )
    assert resumed.iter == 6
    assert isinstance(resumed.optim_wrapper, OptimWrapperDict)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    for name, wrapper in whole.optim_wrapper.items():
        assert isinstance(wrapper, OptimWrapper)
        other = resumed.optim_wrapper[name].optimizer.state_dict()["state"]
        for key, state in wrapper.optimizer.state_dict()["state"].items():
            assert torch.equal(state["exp_avg"], other[key]["exp_avg"]), (name, key)


def test_mixed_precision_and_the_ablation(tmp_path, monkeypatch):
    write_xlsa17(tmp_path)
    seen = []
    forward = FeatureGenerator.forward

    def spy(self, *args):
        features = forward(self, *args)
        if self.training:  # the synthesis of a validation is in full precision
            seen.append(features.dtype)
        return features

    monkeypatch.setattr(FeatureGenerator, "forward", spy)
    options = ["model.embedding=None", "model.projection=None", "model.comparator=None"]
    runner = train(
        str(_config(tmp_path)),
        work_dir=str(tmp_path / "run"),
        amp="bf16",
        cfg_options=[*options, "train_cfg.max_epochs=1", unique_run()],
    )
    assert set(seen) == {torch.bfloat16}
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_losses_in_mixed_precision_are_near_those_in_full(dtype):
    method, batch = build_method("CEGZSL"), make_seen_batches()
    found = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast("cpu", dtype=dtype, enabled=enabled):
            values = losses(method, batch)
        sum(value for key, value in values.items() if "loss" in key).backward()
        found.append({key: value.item() for key, value in values.items()})
    assert all(p.grad.isfinite().all() for p in method.parameters())
    assert found[1] == pytest.approx(found[0], abs=0.02, rel=0.02)


def _config(folder: Path) -> Path:
    """The mini config with a smaller set of its own, two epochs long."""
    root = Path(__file__).parents[3]
    text = (root / "configs/cegzsl/mini.py").read_text()
    text = text.replace("../_base_", str(root / "configs/_base_"))
    text = text.replace("data/mini/zeroshot", str(folder))
    path = folder / f"mini_{folder.name}.py"
    path.write_text(
        text
        + "\nfor part in (model['generator'], model['critic']):\n"
        + "    part.update(num_attributes=4, num_features=8, hidden_channels=16)\n"
        + "del part\n"
        + "model['generator']['num_noise'] = 3\n"
        + "model['embedding'].update(in_channels=8, out_channels=12)\n"
        + "model['projection'].update(in_channels=12, out_channels=6)\n"
        + "model['comparator'].update(in_channels=12, num_attributes=4, hidden_channels=10)\n"
        + "train_dataloader['dataset']['num_rows'] = 16\n"
        + "train_dataloader.update(num_workers=0, persistent_workers=False)\n"
        + "train_cfg.update(max_epochs=2, val_interval=2)\n"
        + "default_hooks.update(curves=None, checkpoint=dict(interval=1))\n"
    )
    return path
