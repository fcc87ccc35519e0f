"""Affinity transforms against known values, slow loops and what their memory must not do."""

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.ops import affinity


@pytest.mark.parametrize(
    ("cells", "window", "align_corners", "expected"),
    [
        (4, 2, True, 0.222222),
        (4, 2, False, 0.125),
        (32, 8, True, 0.043704),
        (32, 8, False, 0.041016),
    ],
)
def test_concentration_of_the_identity(cells, window, align_corners, expected):
    identity, grid = torch.eye(cells**2)[None], (cells, cells)
    both = 2 * affinity.concentration(identity, grid, grid, window, align_corners)
    assert both.item() == pytest.approx(expected, abs=1e-6)


def test_concentration_is_zero_where_all_look_at_one_place():
    uniform = torch.full((2, 16, 24), 1 / 24)
    assert affinity.concentration(uniform, (4, 4), (4, 6), 2).item() == pytest.approx(0, abs=1e-12)


def test_concentration_of_scattered_neighbors_is_larger():
    torch.manual_seed(0)
    identity = torch.eye(64)[None]
    scattered = identity[:, torch.randperm(64)]
    values = [affinity.concentration(a, (8, 8), (8, 8), 4) for a in (identity, scattered)]
    assert values[1] > 2 * values[0]


def test_windows_must_tile_the_map():
    with pytest.raises(ValueError, match="another window"):
        affinity.concentration(torch.eye(36)[None], (6, 6), (6, 6), 4)


@pytest.mark.parametrize("align_corners", [False, True])
def test_coordinates_are_those_of_pytorch(align_corners):
    theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    expected = F.affine_grid(theta, [1, 1, 3, 5], align_corners=align_corners).view(15, 2)
    torch.testing.assert_close(affinity.coordinates((3, 5), align_corners), expected)
    assert affinity.coordinates((1, 1), align_corners).tolist() == [[0, 0]]


def test_colors_follow_a_permutation():
    torch.manual_seed(0)
    features = 40 * F.normalize(torch.randn(2, 16, 9), dim=1)
    colors, order = torch.randn(2, 3, 9), torch.randperm(9)
    attention = affinity.similarity(features, features[:, :, order]).softmax(dim=1)
    torch.testing.assert_close(affinity.propagate(colors, attention), colors[:, :, order])
    back = affinity.propagate(colors[:, :, order], attention.mT)
    torch.testing.assert_close(back, colors, atol=1e-4, rtol=1e-4)


def test_no_cell_is_explained_by_itself():
    features = torch.randn(2, 4, 9)
    attention = affinity.without_self(affinity.similarity(features, features)).softmax(dim=1)
    assert attention.diagonal(dim1=1, dim2=2).abs().max() == 0
    torch.testing.assert_close(attention.sum(dim=1), torch.ones(2, 9))


def look_at(rows, columns, grid):
    """Attention of all reference cells, spread evenly over some of the target's."""
    mask = torch.zeros(grid)
    mask[rows, columns] = 1
    return (mask / mask.sum()).flatten().expand(1, 16, -1)


@pytest.mark.parametrize(
    ("rows", "columns", "box"),
    [
        (slice(4, 8), slice(3, 7), [3, 4, 7, 8]),
        (slice(0, 1), slice(0, 1), [0, 0, 4, 4]),  # shifted back in
        (slice(9, 10), slice(11, 12), [9.5, 7.5, 12, 10]),  # cut off
    ],
)
def test_box_of_what_the_reference_shows(rows, columns, box):
    found = affinity.locate(look_at(rows, columns, (10, 12)), (4, 4), (10, 12))
    torch.testing.assert_close(found, torch.tensor([box]).float(), atol=1e-5, rtol=1e-5)


def test_crop_of_whole_cells_is_a_copy():
    maps = torch.randn(2, 3, 10, 12)
    boxes = torch.tensor([[3.0, 4, 7, 8], [8, 6, 12, 10]])
    cut = affinity.crop(maps, boxes, (4, 4))
    torch.testing.assert_close(cut[0], maps[0, :, 4:8, 3:7], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(cut[1], maps[1, :, 6:10, 8:12], atol=1e-5, rtol=1e-5)
    boxes.requires_grad_()
    affinity.crop(maps, boxes, (4, 4)).square().sum().backward()
    assert boxes.grad.abs().min() > 0


def test_inter_video_attention_of_a_known_batch():
    features = torch.tensor([[[1.0, 0], [0, 1]], [[2, 0], [0, 2]]])  # (N, C, S)
    colors = torch.arange(4.0).view(2, 1, 2)
    propagated, share = affinity.inter_video_attention(features, features, colors, torch.arange(2))
    assert (1 - share).mean().item() == pytest.approx(0.411998, abs=1e-6)
    assert propagated.flatten().tolist() == pytest.approx(
        [1.550969, 2.220591, 1.769046, 2.706533], abs=1e-6
    )


def test_zero_logits_give_each_video_the_same_share():
    zeros = torch.zeros(4, 5, 6)
    _, share = affinity.inter_video_attention(zeros, zeros, zeros, torch.arange(4))
    torch.testing.assert_close(1 - share, torch.full((4, 6), 0.75))


@pytest.mark.parametrize("max_logits", [1, 50, 10**6])
def test_blocks_change_nothing(max_logits):
    torch.manual_seed(0)
    inputs = [torch.randn(3, 5, 7, dtype=torch.float64).float() for _ in range(3)]
    weight = torch.randn(3, 5, 7)

    def run(function):
        leaves = [x.clone().requires_grad_() for x in inputs]
        propagated, share = function(*leaves)
        ((propagated * weight).sum() + share.square().sum()).backward()
        return propagated, share, *(leaf.grad for leaf in leaves)

    def whole(queries, keys, values):
        q, k, v = (x.transpose(1, 2).reshape(21, 5) for x in (queries, keys, values))
        attention = (q @ k.t()).softmax(dim=1)
        share = attention.view(3, 7, 3, 7).sum(dim=3)[[0, 1, 2], :, [2, 0, 1]]
        return (attention @ v).view(3, 7, 5).transpose(1, 2), share

    def blocks(queries, keys, values):
        own = torch.tensor([2, 0, 1])
        return affinity.inter_video_attention(queries, keys, values, own, max_logits)

    for mine, theirs in zip(run(blocks), run(whole), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_no_matrix_of_all_cells_is_kept():
    kept = []
    queries, keys, values = (torch.randn(4, 8, 64, requires_grad=True) for _ in range(3))
    with torch.autograd.graph.saved_tensors_hooks(
        lambda x: kept.append(x.numel()) or x, lambda x: x
    ):
        propagated, share = affinity.inter_video_attention(
            queries, keys, values, torch.arange(4), max_logits=2048
        )
        (propagated.sum() + share.sum()).backward()
    # 256 x 256 logits; blocks of 8 rows are all that the backward pass sees at a time.
    assert max(kept) <= max(2048, queries.numel())


def test_autocast_does_not_reach_it():
    features = torch.randn(2, 4, 6)
    with torch.autocast("cpu", torch.bfloat16):
        attention = affinity.similarity(features.bfloat16(), features.bfloat16()).softmax(dim=1)
        assert attention.dtype == torch.float32
        assert affinity.propagate(features.bfloat16(), attention).dtype == torch.float32
        propagated, share = affinity.inter_video_attention(
            features, features, features, torch.arange(2)
        )
    assert propagated.dtype == share.dtype == torch.float32
