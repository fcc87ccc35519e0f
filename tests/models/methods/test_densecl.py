"""DenseCL: grids, matching, weight of the dense loss, and its relation to MoCo v2."""

import warnings

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.models.methods.densecl import crop_of, mean_over_ranks
from tests.small import CONFIGS, build_method, losses, make_batch, total


def with_grid(num_grid):
    return dict(neck={**CONFIGS["DenseCL"]["neck"], "num_grid": num_grid})


def test_dense_loss_equals_the_papers_equations_written_out():
    method, reference, batch = build_method("DenseCL"), build_method("DenseCL"), make_batch()
    torch.manual_seed(1)
    out = losses(method, batch)

    inputs = reference.data_preprocessor(batch, True)["inputs"]
    torch.manual_seed(1)
    order = torch.randperm(8)
    f = reference.backbone(inputs["view0"])[0]
    r = F.normalize(reference.neck.conv(f).flatten(2), dim=1)
    encoder = reference.momentum_encoder
    g = encoder.backbone(inputs["view1"][order])[0][order.argsort()]
    t_raw = encoder.neck.conv(g).flatten(2)
    t = F.normalize(t_raw, dim=1)
    f, g = F.normalize(f.flatten(2), dim=1), F.normalize(g.flatten(2), dim=1)
    rows = []
    for n in range(8):
        for s in range(4):
            match = max(range(4), key=lambda j, n=n, s=s: (f[n, :, s] @ g[n, :, j]).item())
            positive = r[n, :, s] @ t[n, :, match]
            logits = torch.cat([positive[None], r[n, :, s] @ reference.dense_queue.keys]) / 0.2
            rows.append(F.cross_entropy(logits[None], torch.zeros(1, dtype=torch.long)))
    assert out["loss_dense"].item() == pytest.approx(
        0.5 * torch.stack(rows).mean().item(), abs=1e-4
    )
    pooled = F.normalize(t_raw.mean(dim=2), dim=1)
    torch.testing.assert_close(method.dense_queue.keys[:, :8], pooled.t(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("num_grid", "cells"), [(None, 4), (1, 1), (3, 9)])
def test_any_grid(num_grid, cells):
    method, batch = build_method("DenseCL", **with_grid(num_grid)), make_batch()
    rows = []
    method.dense_info_nce.register_forward_hook(lambda m, args, out: rows.append(args[0].shape))
    total(losses(method, batch)).backward()
    assert rows == [(8 * cells, 16)]


@pytest.mark.parametrize("weight", [0, 0.5, 1])
def test_every_parameter_gets_a_gradient(weight):
    method = build_method("DenseCL", dense_weight=weight)
    total(losses(method, make_batch())).backward()
    for name, parameter in method.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
        assert parameter.requires_grad != name.startswith("momentum_encoder"), name


def test_without_dense_weight_it_is_moco():
    dense, moco, batch = (
        build_method("DenseCL", dense_weight=0),
        build_method("MoCoV2"),
        make_batch(),
    )
    moco.backbone.load_state_dict(dense.backbone.state_dict())
    moco.neck.mlp.load_state_dict(dense.neck.mlp.state_dict())
    moco.init_weights()
    moco.queue.load_state_dict(dense.queue.state_dict())
    outs = []
    for method in (dense, moco):
        torch.manual_seed(1)
        outs.append(losses(method, batch))
        total(outs[-1]).backward()
    assert outs[0]["loss_global"].item() == pytest.approx(outs[1]["loss"].item())
    for (name, a), b in zip(
        dense.backbone.named_parameters(), moco.backbone.parameters(), strict=True
    ):
        torch.testing.assert_close(a.grad, b.grad, msg=name)
    assert not dense.neck.conv[0].weight.grad.any()


def test_weight_waits_for_its_step_also_after_a_resume():
    method, batch = build_method("DenseCL", dense_start_iters=2), make_batch()
    for expected in (False, False, True):
        out = losses(method, batch)
        assert bool(out["loss_dense"] > 0) == expected
    resumed = build_method("DenseCL", seed=5, dense_start_iters=2)
    resumed.load_state_dict(method.state_dict())
    assert losses(resumed, batch)["loss_dense"] > 0


def test_geometric_match_uses_the_crops():
    method, batch = build_method("DenseCL", match="geometric"), make_batch()
    method_flipped, flipped = build_method("DenseCL", match="geometric"), make_batch()
    for sample in flipped["data_samples"]:
        sample["view1"]["flip"] = True
    torch.manual_seed(1)
    plain = losses(method, batch)
    torch.manual_seed(1)
    mirrored = losses(method_flipped, flipped)
    assert plain["loss_global"] == mirrored["loss_global"]
    assert plain["loss_dense"] != mirrored["loss_dense"]


def test_geometric_match_leaves_out_what_is_not_shown():
    method, batch = build_method("DenseCL", match="geometric"), make_batch()
    rows = []
    method.dense_info_nce.register_forward_hook(lambda m, args, out: rows.append(len(args[0])))
    batch["data_samples"][0]["view1"]["box"] = (1000.0, 0.0, 1032.0, 32.0)
    losses(method, batch)
    for sample in batch["data_samples"]:
        sample["view1"]["box"] = (1000.0, 0.0, 1032.0, 32.0)
    out = losses(method, batch)
    assert rows == [7 * 4, 0]
    assert out["loss_dense"] == out["dense_acc1"] == out["dense_pos_sim"] == 0
    assert all(value.isfinite() for value in out.values())
    total(out).backward()


def test_keys_of_matched_cells_fill_the_dense_queue():
    method, reference, batch = (
        build_method("DenseCL", dense_keys="cells"),
        build_method("DenseCL"),
        make_batch(),
    )
    torch.manual_seed(1)
    out = losses(method, batch)
    torch.manual_seed(1)
    pooled = losses(reference, batch)
    # Keys are pushed after the loss of the step.
    assert {name: value for name, value in out.items() if "age" not in name} == {
        name: value for name, value in pooled.items() if "age" not in name
    }

    inputs = method.data_preprocessor(batch, True)["inputs"]
    f = F.normalize(reference.backbone(inputs["view0"])[0].flatten(2), dim=1)
    torch.manual_seed(1)
    order = torch.randperm(8)
    encoder = reference.momentum_encoder
    g = encoder.backbone(inputs["view1"][order])[0][order.argsort()]
    t = F.normalize(encoder.neck.conv(g).flatten(2), dim=1)
    g = F.normalize(g.flatten(2), dim=1)
    expected = []
    for n in range(8):
        for s in range(4):
            match = max(range(4), key=lambda j, n=n, s=s: (f[n, :, s] @ g[n, :, j]).item())
            expected.append(t[n, :, match])
    torch.testing.assert_close(
        method.dense_queue.keys[:, :32].t(), torch.stack(expected), atol=1e-4, rtol=1e-4
    )
    assert method.dense_queue.pointer == 32
    assert method.queue.pointer == 8
    torch.testing.assert_close(method.queue.keys, reference.queue.keys)
    assert torch.equal(method.dense_queue.keys[:, 32:], reference.dense_queue.keys[:, 32:])


def test_cells_without_match_stay_out_of_the_dense_queue():
    method = build_method("DenseCL", dense_keys="cells", match="geometric")
    batch = make_batch()
    for hidden in (1, 8):
        for sample in batch["data_samples"][:hidden]:
            sample["view1"]["box"] = (1000.0, 0.0, 1032.0, 32.0)
        total(losses(method, batch)).backward()
        assert method.dense_queue.pointer == 7 * 4
    assert method.dense_queue.step == 2


def test_dense_queue_of_cells_after_a_resume():
    method, batch = build_method("DenseCL", dense_keys="cells"), make_batch()
    losses(method, batch)
    resumed = build_method("DenseCL", seed=5, dense_keys="cells")
    resumed.load_state_dict(method.state_dict())
    outs = []
    for _ in range(2):  # the 48 places are filled and filled again
        for one in (method, resumed):
            torch.manual_seed(1)
            outs.append(losses(one, batch))
        assert outs[-2] == outs[-1]
        assert torch.equal(method.dense_queue.keys, resumed.dense_queue.keys)


def test_geometric_match_needs_recorded_crops():
    with pytest.raises(KeyError, match="RandomResizedCrop"):
        crop_of([dict(index=0)], "view0", torch.device("cpu"))


def test_mean_over_ranks_of_one_process():
    assert mean_over_ranks(torch.tensor([1.0, 3.0])) == 2
    assert mean_over_ranks(torch.zeros(0)) == 0


def test_figures_show_a_collapse():
    method, batch = build_method("DenseCL"), make_batch()
    with torch.no_grad():
        for module in method.backbone.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.zero_()
                module.bias.fill_(0.1)
        method.init_weights()
        method.momentum_encoder.copy_from(backbone=method.backbone, neck=method.neck)
    out = losses(method, batch)
    assert out["match_entropy"] < 1e-6
    assert out["embedding_std"] < 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(match="optical flow"), "match must be"),
        (dict(dense_keys="corners"), "dense_keys must be"),
        (dict(dense_weight=2), "dense_weight"),
    ],
)
def test_bad_arguments(changes, message):
    with pytest.raises(ValueError, match=message):
        build_method("DenseCL", **changes)


def test_split_bn_is_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert build_method("DenseCL").match == "max_sim"
