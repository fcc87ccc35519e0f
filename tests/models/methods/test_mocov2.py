"""MoCo v2: order of the step, what is constant, what the queue holds."""

import pytest
import torch
import torch.nn.functional as F

from tests.small import build_method, losses, make_batch, total


def test_step_equals_the_papers_algorithm_written_out():
    method, batch = build_method("MoCoV2"), make_batch()
    reference = build_method("MoCoV2")
    queue = reference.queue.keys.clone()
    torch.manual_seed(1)
    out = losses(method, batch)

    inputs = reference.data_preprocessor(batch, True)["inputs"]
    torch.manual_seed(1)
    order = torch.randperm(8)
    q = F.normalize(reference.neck(reference.backbone(inputs["view0"])), dim=1)
    encoder = reference.momentum_encoder
    shuffled = F.normalize(encoder.neck(encoder.backbone(inputs["view1"][order])), dim=1)
    k = torch.empty_like(shuffled)
    k[order] = shuffled
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue], dim=1) / 0.2
    expected = F.cross_entropy(logits, torch.zeros(8, dtype=torch.long))
    assert out["loss"].item() == pytest.approx(expected.item(), abs=1e-5)
    torch.testing.assert_close(method.queue.keys[:, :8], k.t(), atol=1e-5, rtol=1e-5)


def test_keys_are_negatives_from_the_next_step_on():
    method, batch = build_method("MoCoV2"), make_batch()
    seen = []
    method.info_nce.register_forward_hook(
        lambda module, args, output: seen.append((args[1].clone(), args[2].clone()))
    )
    for _ in range(2):
        losses(method, batch)
    (first_keys, first_queue), (_, second_queue) = seen
    assert not torch.isclose(first_queue[:, :8], first_keys.t()).all()
    torch.testing.assert_close(second_queue[:, :8], first_keys.t())


def test_momentum_encoder_follows_before_the_keys_are_made():
    method, batch = build_method("MoCoV2"), make_batch()
    total(losses(method, batch)).backward()
    with torch.no_grad():
        for parameter in method.parameters():
            if parameter.grad is not None:
                parameter -= 0.1 * parameter.grad
    before = method.momentum_encoder.neck.mlp[0].weight.clone()
    losses(method, batch)
    expected = torch.lerp(before, method.neck.mlp[0].weight, 0.001)
    torch.testing.assert_close(method.momentum_encoder.neck.mlp[0].weight, expected)


def test_evaluation_leaves_the_state_alone():
    method, batch = build_method("MoCoV2"), make_batch()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    method.extract(method.data_preprocessor(batch)["inputs"])
    for name, value in method.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_initialization_reaches_the_momentum_encoder():
    method = build_method("MoCoV2")
    with torch.no_grad():
        method.backbone[0].weight.zero_()
    method.init_weights()
    assert not method.momentum_encoder.backbone[0].weight.any()


def test_batch_longer_than_the_queue():
    method, batch = build_method("MoCoV2", queue_size=5), make_batch()
    assert total(losses(method, batch)).isfinite()
    assert method.queue.pointer == 3


def test_plain_batch_norm_on_one_device_is_warned_of():
    with pytest.warns(UserWarning, match="SplitBN"):
        build_method("MoCoV2", backbone=dict(type="TinyNet", norm_cfg=dict(type="BN")))
