"""The linear probe and fine-tuning as modules; tests/apis/test_protocols.py trains them."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from mmcontrast.registry import MODELS
from mmcontrast.weights.files import CheckpointError
from tests.small import BACKBONE, build_method, losses, make_batch, total

SGD = dict(optimizer=dict(type="SGD", lr=0.1), constructor="TrainableParameters")


def test_the_backbone_stays_in_eval_mode_and_has_no_graph():
    probe = build_method("LinearProbe").train()
    assert probe.head.training
    assert not any(module.training for module in probe.backbone.modules())
    batch = probe.data_preprocessor(make_batch(), True)
    seen = []
    probe.backbone.register_forward_hook(lambda module, args, out: seen.append(out[0]))
    loss = total(probe(**batch, mode="loss"))
    assert not seen[0].requires_grad
    loss.backward()
    trained = {name for name, p in probe.named_parameters() if p.grad is not None}
    assert trained == {"head.fc.weight", "head.fc.bias"}


def test_training_moves_nothing_but_the_head():
    probe = build_method("LinearProbe").train()
    before = {name: tensor.clone() for name, tensor in probe.state_dict().items()}
    with DefaultScope.overwrite_default_scope("mmcontrast"):
        wrapper = build_optim_wrapper(probe, SGD)
    for seed in range(3):
        wrapper.update_params(total(losses(probe, make_batch(seed=seed))))
    changed = {n for n, tensor in probe.state_dict().items() if not torch.equal(tensor, before[n])}
    assert changed == {"head.fc.weight", "head.fc.bias"}


@pytest.mark.parametrize("paramwise", [None, dict(custom_keys=dict(head=dict(lr_mult=10)))])
def test_nothing_of_the_backbone_is_in_the_optimizer(paramwise):
    probe = build_method("LinearProbe")
    with DefaultScope.overwrite_default_scope("mmcontrast"):
        wrapper = build_optim_wrapper(probe, dict(SGD, paramwise_cfg=paramwise))
        groups = wrapper.optimizer.param_groups
        assert {id(p) for group in groups for p in group["params"]} == {
            id(p) for p in probe.head.parameters()
        }
        assert groups[0]["lr"] == (1.0 if paramwise else 0.1)
        probe.head.requires_grad_(False)
        with pytest.raises(ValueError, match="All parameters of LinearProbe are frozen"):
            build_optim_wrapper(probe, SGD)


def test_fine_tuning_moves_backbone_and_statistics():
    method = build_method("FineTuning").train()
    before = {name: tensor.clone() for name, tensor in method.state_dict().items()}
    total(losses(method, make_batch())).backward()
    assert all(p.grad is not None for p in method.parameters())
    assert not torch.equal(before["backbone.1.running_mean"], method.backbone[1].running_mean)


@pytest.mark.parametrize("name", ["LinearProbe", "FineTuning"])
def test_predictions_have_scores(name):
    method, batch = build_method(name), make_batch()
    predictions = method(**method.data_preprocessor(batch), mode="predict")
    features = torch.stack([p["global"] for p in predictions])
    scores = torch.stack([p["scores"][""] for p in predictions])
    torch.testing.assert_close(scores, method.head.fc(features))
    assert [p["label"] for p in predictions] == [i % 3 for i in range(8)]


@pytest.mark.parametrize("name", ["LinearProbe", "FineTuning", "FrozenBackbone"])
def test_weights_come_from_the_checkpoint_that_is_named(name, tmp_path):
    source = build_method("MoCoV2", seed=5)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / "moco.pth")
    if name == "FrozenBackbone":
        method = MODELS.build(dict(type=name, backbone=BACKBONE))
    else:
        method = build_method(name, pretrained="")
    with pytest.raises(CheckpointError, match=r"model\.pretrained=random"):
        method.init_weights()
    method.pretrained = str(tmp_path / "moco.pth")
    method.init_weights()
    for key, tensor in source.backbone.state_dict().items():
        assert torch.equal(method.backbone.state_dict()[key], tensor), key


def test_random_weights_are_a_choice(tmp_path):
    probe = build_method("LinearProbe")
    before = [p.clone() for p in probe.backbone.parameters()]
    probe.init_weights()
    assert all(map(torch.equal, before, probe.backbone.parameters()))


def test_a_checkpoint_of_another_architecture(tmp_path):
    backbone = dict(type="ResNet", depth=18, base_channels=4)
    network = MODELS.build(backbone)
    torch.save(network.state_dict(), tmp_path / "r18.pth")
    settings = dict(
        head=dict(type="LinearHead", num_classes=3), pretrained=str(tmp_path / "r18.pth")
    )
    probe = build_method("LinearProbe", backbone=backbone, **settings)
    probe.init_weights()
    probe = build_method("LinearProbe", backbone=dict(backbone, depth=34), **settings)
    with pytest.raises(CheckpointError, match="layer4"):
        probe.init_weights()
