"""ContrastCorr: its stages, its losses written out, what has a gradient."""

import pytest
import torch

from mmcontrast.models.losses import lab_color_loss
from mmcontrast.ops import affinity
from tests.small import build_method, losses, make_batch, make_pair, total

WARM_UP = {"loss_color", "loss_self", "loss_concentration"}


def losses_of(out):
    return {name for name in out if "loss" in name}


def test_losses_of_the_stages():
    method = build_method("ContrastCorr", concentration_start=10)
    assert losses_of(losses(method, make_pair())) == {"loss_color", "loss_self"}
    method.set_stage(0, 10)
    assert losses_of(losses(method, make_pair())) == WARM_UP
    method.set_stage(1, 0)
    out = losses(method, make_pair(4, target_side=64))
    assert losses_of(out) == {*WARM_UP, "loss_consistency", "loss_sparsity"}
    total(out).backward()
    assert all(p.grad.isfinite().all() for p in method.backbone.parameters())
    with pytest.raises(ValueError, match="stages 0 and 1"):
        method.set_stage(2, 0)


def test_images_that_are_far_off_count_in_the_first_epochs_alone():
    method = build_method("ContrastCorr")
    kept = []
    for stage, epoch in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2)):
        method.set_stage(stage, epoch)
        kept.append(method.keep_all)
    assert kept == [True, False, True, True, False]


def drawn_factors(method):
    """Record the factors of the channels that ``method`` draws."""
    draw, factors = method._draw_channels, []
    method._draw_channels = lambda device: factors.append(draw(device)) or factors[-1]
    return factors


@pytest.mark.parametrize("channel_dropout", [0.0, 1.0])
def test_warm_up_written_out(channel_dropout):
    torch.manual_seed(1)
    method, batch = build_method("ContrastCorr", channel_dropout=channel_dropout), make_pair()
    factors = drawn_factors(method)
    out = losses(method, batch)
    method = build_method("ContrastCorr")
    r, t = method.data_preprocessor(batch, True)["inputs"].values()
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    # Channels are dropped after the normalization: a dropped one is 0 for the encoder.
    seen = (((x + 1) / 2 - mean) / std * factors[0] for x in (r, t))
    f_r, f_t = (method.backbone(x)[-1].flatten(2) for x in seen)
    c_r, c_t = (method.codec.encode(x).flatten(2) for x in (r, t))
    color, own, spread = 0, 0, 0
    places = torch.tensor([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]])

    def distance(code, image):
        return lab_color_loss(method.codec.decode(code.view(1, -1, 2, 2)), image[None])

    for n in range(8):
        a = f_r[n].t() @ f_t[n]
        there = a.softmax(0)
        color = color + distance(c_r[n] @ there, t[n]) + 0.1 * distance(c_t[n] @ there.t(), r[n])
        b = (f_r[n].t() @ f_r[n]).fill_diagonal_(-torch.inf)
        own = own + distance(c_r[n] @ b.softmax(0), r[n])
        for attention in (a.softmax(1), there.t()):
            expected = attention @ places
            spread = spread + (expected - expected.mean(0)).square().mean()
    for name, value in dict(color=color, self=own, concentration=0.3 * spread).items():
        torch.testing.assert_close(out[f"loss_{name}"], value.sum() / 8, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("stage", [0, 1])
def test_a_pair_is_left_out_by_both_ways_together(stage):
    """A pair whose way there alone is below the threshold, but not with a tenth of the way back."""
    method, batch = build_method("ContrastCorr"), make_pair(4, target_side=64 if stage else None)
    method.set_stage(stage, 2)
    calls = []
    method.color_loss.register_forward_hook(lambda module, args, out: calls.append((args, out)))
    losses(method, batch)
    predicted, target, keep_all, back = calls[0][0]
    assert not keep_all
    there = lab_color_loss(predicted, target)
    both = there + 0.1 * lab_color_loss(*back)
    first = int(both.argsort()[2])
    method.color_loss.threshold = ((there + both) / 2)[first].item()
    calls.clear()
    out = losses(method, batch)
    expected = torch.where(both > method.color_loss.threshold, torch.zeros(4), both)
    assert expected[first] == 0 and expected.any()
    torch.testing.assert_close(calls[0][1], expected)
    torch.testing.assert_close(out["loss_color"], expected.mean())


def test_strides_must_agree():
    method = build_method("ContrastCorr", codec=dict(type="PatchCodec", patch_size=8))
    with pytest.raises(ValueError, match="one stride"):
        losses(method, make_pair())


def test_attention_to_other_videos():
    method = build_method("ContrastCorr")
    method.set_stage(1, 0)
    with torch.no_grad():  # features that are all 0
        method.backbone[-2].weight.zero_()
    out = losses(method, make_pair(4, target_side=64))
    assert out["loss_sparsity"].item() == pytest.approx(0.75)
    assert losses(method, make_pair(1, target_side=64))["loss_sparsity"].item() == pytest.approx(
        0, abs=1e-6
    )


def test_consistency_has_a_gradient_on_both_sides():
    method = build_method("ContrastCorr")
    method.set_stage(1, 0)
    sides = []
    method.color_loss.register_forward_hook(lambda m, args, out: sides.append(args[:2]))
    losses(method, make_pair(4, target_side=64))
    assert any(a.requires_grad and b.requires_grad for a, b in sides)


def test_channels_are_dropped_in_training_alone_and_alike_in_both_frames():
    """Dropped and scaled after the normalization: what the encoder gets is 0, not -mean / std."""
    torch.manual_seed(0)
    method = build_method("ContrastCorr", channel_dropout=1.0)
    seen = []
    method.backbone.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    kept = set()
    for _ in range(20):
        seen.clear()
        losses(method, make_pair(2))
        dropped = [(frames == 0).all(dim=3).all(dim=2).all(dim=0) for frames in seen]
        assert torch.equal(*dropped)
        kept.add(tuple(dropped[0].tolist()))
        inputs = method.data_preprocessor(make_pair(2))["inputs"]["reference"]
        left = ~dropped[0]
        normalized = method._normalize(inputs)
        torch.testing.assert_close(seen[0][:, left], normalized[:, left] * 3 / left.sum())
    assert len(kept) == 6
    seen.clear()
    view = method.data_preprocessor(make_batch(2))["inputs"]
    method.extract(view)
    torch.testing.assert_close(seen[0], method._normalize(view["view0"]))


def test_target_is_found_where_the_reference_was_cut_out():
    """With features that tell cells apart, the located crop is the reference itself."""
    torch.manual_seed(0)
    whole = 9 * torch.nn.functional.normalize(torch.randn(2, 64, 8, 8), dim=1)
    reference = whole[:, :, 2:6, 3:7]
    attention = affinity.similarity(reference.flatten(2), whole.flatten(2)).softmax(dim=2)
    box = affinity.locate(attention, (4, 4), (8, 8))
    torch.testing.assert_close(box, torch.tensor([[3.0, 2, 7, 6]] * 2), atol=0.05, rtol=0)
    assert (affinity.crop(whole, box, (4, 4)) - reference).abs().max() < 0.3
