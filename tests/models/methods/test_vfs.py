"""VFS: sizes of the published networks, what has a gradient, whose statistics are whose."""

import torch
import torch.nn.functional as F

from mmcontrast.models.losses import frame_pair_loss
from mmcontrast.models.necks import Prediction, Projection
from tests.small import build_method, losses, make_clips


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def heads(width, narrow):
    norm = dict(type="SyncBN")
    projector = Projection(width, width, width, num_layers=3, norm_cfg=norm, bias_with_norm=True)
    return projector, Prediction(width, narrow, norm)


def test_parameter_counts_of_the_published_heads():
    assert [count(head) for head in heads(512, 128)] == [791_040, 131_968]
    assert [count(head) for head in heads(2048, 512)] == [12_601_344, 2_100_736]


def test_loss_is_the_papers_written_out():
    batch = make_clips()
    out = losses(build_method("VFS"), batch)
    method = build_method("VFS")
    inputs = method.data_preprocessor(batch, True)["inputs"]
    embedded = []
    for view in ("view0", "view1"):
        frames = torch.cat(list(inputs[view].transpose(1, 2)))
        z = method.projector(method.backbone(frames))
        embedded += [method.predictor(z).view(8, 2, 16), z.view(8, 2, 16)]
    torch.testing.assert_close(out["loss"], frame_pair_loss(*embedded).mean())
    torch.testing.assert_close(out["pair_similarity"], 1 - out["loss"].detach() / 2)


def test_each_view_has_statistics_of_its_own():
    method, batch = build_method("VFS"), make_clips()
    sizes = []
    method.backbone.register_forward_hook(lambda m, args, out: sizes.append(len(args[0])))
    losses(method, batch)
    assert sizes == [16, 16]


def test_loss_is_symmetric_in_the_views():
    batch = make_clips()
    swapped = dict(
        batch, inputs=dict(view0=batch["inputs"]["view1"], view1=batch["inputs"]["view0"])
    )
    torch.testing.assert_close(
        losses(build_method("VFS"), batch)["loss"], losses(build_method("VFS"), swapped)["loss"]
    )


def test_gradient_reaches_the_network_through_the_prediction_alone():
    method, batch = build_method("VFS"), make_clips()
    inputs = method.data_preprocessor(batch, True)["inputs"]
    z0, p0 = method._embed(inputs["view0"])
    z1, p1 = method._embed(inputs["view1"])
    for each in (z0, z1, p0, p1):
        each.retain_grad()
    method.frame_pairs(p0, z0, p1, z1).mean().backward()
    assert p0.grad is not None and p1.grad is not None
    assert z0.grad is None and z1.grad is None  # their own copies, behind the predictor's branch
    # Cut behind the projections, the network gets nothing.
    predictions = method.predictor(z0.detach().flatten(0, 1)).view_as(z0)
    method.zero_grad()
    frame_pair_loss(predictions, z0, predictions, z1).mean().backward()
    assert all(parameter.grad is None for parameter in method.backbone.parameters())
    assert all(parameter.grad is not None for parameter in method.predictor.parameters())


def test_single_frames():
    method, batch = build_method("VFS"), make_clips()
    batch["inputs"] = {name: clip[:, :, :1] for name, clip in batch["inputs"].items()}
    assert losses(method, batch)["loss"].isfinite()


def test_pairs_of_the_variant_with_negatives_written_out():
    batch = make_clips()
    out = losses_with_seed(build_method("VFSNegatives"), batch)
    method = build_method("VFSNegatives")
    queue = method.queue.keys.clone()
    inputs = method.data_preprocessor(batch, True)["inputs"]
    queries, keys = [], []
    frames = [torch.cat(list(inputs[view].permute(2, 0, 1, 3, 4))) for view in inputs]
    torch.manual_seed(1)
    order = torch.randperm(16)
    q = F.normalize(method.neck(method.backbone(frames[0])), dim=1)
    encoder = method.momentum_encoder
    shuffled = F.normalize(encoder.neck(encoder.backbone(frames[1][order])), dim=1)
    k = torch.empty_like(shuffled)
    k[order] = shuffled
    for i in range(2):
        for j in range(2):
            queries.append(q[8 * i : 8 * i + 8])
            keys.append(k[8 * j : 8 * j + 8])
    q, k = torch.cat(queries), torch.cat(keys)
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue], dim=1) / 0.2
    expected = F.cross_entropy(logits, torch.zeros(32, dtype=torch.long))
    torch.testing.assert_close(out["loss"], expected, atol=1e-5, rtol=1e-5)


def test_queue_takes_the_keys_of_all_frames():
    method = build_method("VFSNegatives")
    losses(method, make_clips(3))
    assert method.queue.pointer == 6


def losses_with_seed(method, batch):
    torch.manual_seed(1)
    return losses(method, batch)
