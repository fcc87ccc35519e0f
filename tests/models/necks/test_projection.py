"""Projection heads: parameter counts of the papers, and where normalization must not happen."""

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.models.necks import DenseProjection, Projection


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameter_counts_of_the_papers():
    assert count(Projection(2048, 2048, 128)) == 4_458_624
    assert count(Projection(2048, 2048, 128, norm_cfg=dict(type="SyncBN"))) == 4_460_800
    assert count(DenseProjection(2048, 2048, 128)) == 8_917_248


def test_simclr_head_has_norms_in_place_of_biases():
    neck = Projection(8, 16, 4, norm_cfg=dict(type="BN1d"), last_norm_bias=False)
    assert neck.mlp[0].bias is None
    assert not neck.mlp[-1].bias.requires_grad
    assert neck.mlp[-1].weight.requires_grad
    assert len(Projection(8, 16, 4, num_layers=3).mlp) == 5


def test_dense_projection_is_the_global_one_at_each_cell():
    neck = DenseProjection(6, 5, 4)
    with torch.no_grad():
        for linear, conv in ((0, 0), (2, 2)):
            neck.conv[conv].weight.copy_(neck.mlp[linear].weight[:, :, None, None])
            neck.conv[conv].bias.copy_(neck.mlp[linear].bias)
    x = torch.randn(2, 6, 3, 3)
    _, dense, _ = neck([x])
    for row in range(3):
        for column in range(3):
            cell = neck.mlp(x[:, :, row, column])
            torch.testing.assert_close(dense[:, :, 3 * row + column], cell)


def test_pooled_embedding_is_the_mean_before_normalization():
    neck = DenseProjection(2, 2, 2)
    neck.conv = torch.nn.Identity()
    _, _, pooled = neck([torch.tensor([[[[3.0, 0.0]], [[0.0, 1.0]]]])])
    torch.testing.assert_close(
        F.normalize(pooled, dim=1), torch.tensor([[0.94868330, 0.31622777]]), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize(("num_grid", "cells"), [(None, 49), (4, 16), (9, 81), (1, 1)])
def test_grids(num_grid, cells):
    neck = DenseProjection(4, 4, 3, num_grid=num_grid)
    q, dense, pooled = neck([torch.randn(2, 4, 7, 7)])
    assert q.shape == pooled.shape == (2, 3)
    assert dense.shape == (2, 3, cells)


@pytest.mark.parametrize("num_images", [1, 8])
def test_norms_of_the_dense_heads(num_images):
    neck = DenseProjection(4, 8, 3, norm_cfg=dict(type="SplitBN", num_groups=2))
    plain = DenseProjection(4, 8, 3)
    assert {k for k, _ in plain.named_parameters()} == {
        f"{head}.{layer}.{kind}"
        for head in ("mlp", "conv")
        for layer in (0, 2)
        for kind in ("weight", "bias")
    }
    assert neck.mlp[0].bias is None and neck.conv[3].bias is None
    neck.train(num_images > 1)
    out, dense, pooled = neck([torch.randn(num_images, 4, 2, 2)])
    assert out.shape == pooled.shape == (num_images, 3) and dense.shape == (num_images, 3, 4)
    if num_images > 1:
        for group in (slice(0, None, 2), slice(1, None, 2)):
            torch.testing.assert_close(out[group].mean(0), torch.zeros(3), atol=1e-5, rtol=0)
            torch.testing.assert_close(dense[group].mean((0, 2)), torch.zeros(3), atol=1e-5, rtol=0)


def test_maps_of_clips_are_pooled_over_time_too():
    neck, clip = Projection(8, 16, 4), torch.randn(2, 8, 3, 5, 5)
    torch.testing.assert_close(neck([clip]), neck.mlp(clip.flatten(2).mean(dim=2)))
    assert neck.out_channels == 4
