"""Matching of cells, by features and by geometry."""

import math

import pytest
import torch

from mmcontrast.ops.correspondence import (
    cell_centers,
    match_cells,
    match_entropy,
    match_geometric,
    mutual_nearest,
)


def columns(*vectors):
    return torch.tensor(vectors, dtype=torch.float32).t()[None]


def test_known_matches():
    match = match_cells(columns((1, 0), (0, 1), (1, 1)), columns((0, 2), (3, 3), (5, 0)))
    assert match.tolist() == [[2, 0, 1]]
    keys = torch.tensor([[[10.0, 20, 30], [40, 50, 60]]])
    matched = keys.gather(2, match[:, None].expand_as(keys))
    assert matched.tolist() == [[[30, 10, 20], [60, 40, 50]]]


def test_features_are_normalized_first():
    assert match_cells(columns((1, 0)), columns((1, 0), (2, 2))).tolist() == [[0]]


def test_collapsed_features_match_the_first_cell():
    assert not match_cells(torch.ones(2, 8, 49), torch.ones(2, 8, 49)).any()


def test_mirrored_grid():
    cells = torch.eye(4)[None]
    mirrored = cells.view(1, 4, 2, 2).flip(3).flatten(2)
    assert match_cells(cells, mirrored).tolist() == [[1, 0, 3, 2]]


def test_invariant_to_scale_and_finite_at_zero():
    torch.manual_seed(0)
    f0, f1 = torch.randn(2, 3, 16, 9)
    assert torch.equal(match_cells(f0, f1), match_cells(5 * f0, f1 * torch.rand(3, 1, 9)))
    assert match_cells(torch.zeros(1, 4, 2).half(), torch.zeros(1, 4, 2).half()).tolist() == [
        [0, 0]
    ]


def crop(*boxes, flips=None):
    return dict(
        box=torch.tensor(boxes, dtype=torch.float32),
        flip=torch.tensor(flips or [False] * len(boxes)),
    )


def test_equal_crops_match_cell_by_cell():
    view = crop((10, 20, 60, 90))
    match, valid = match_geometric(view, view, (3, 4))
    assert match.tolist() == [list(range(12))]
    assert valid.all()


def test_a_flip_mirrors_the_columns():
    match, valid = match_geometric(crop((0, 0, 8, 8)), crop((0, 0, 8, 8), flips=[True]), (2, 2))
    assert match.tolist() == [[1, 0, 3, 2]]
    assert valid.all()
    both = crop((0, 0, 8, 8), flips=[True])
    assert match_geometric(both, both, (2, 2))[0].tolist() == [[0, 1, 2, 3]]


def test_shifted_crop_leaves_cells_out():
    match, valid = match_geometric(crop((0, 0, 8, 8)), crop((4, 0, 12, 8)), (2, 2))
    assert valid.tolist() == [[False, True, False, True]]
    assert match[valid].tolist() == [0, 2]


def test_matched_cells_show_the_same_place():
    torch.manual_seed(0)
    corner, size = torch.rand(2, 20, 2) * 20, 40 + torch.rand(2, 20, 2) * 40
    views = [
        dict(box=torch.cat([corner[v], corner[v] + size[v]], dim=1), flip=torch.rand(20) < 0.5)
        for v in range(2)
    ]
    match, valid = match_geometric(*views, (7, 7))
    centers0 = cell_centers(views[0]["box"], views[0]["flip"], (7, 7))
    centers1 = cell_centers(views[1]["box"], views[1]["flip"], (7, 7))
    found = centers1.gather(1, match[..., None].expand(-1, -1, 2))
    within_half_a_cell = ((centers0 - found).abs() <= size[1][:, None] / 14 + 1e-4).all(dim=2)
    assert within_half_a_cell[valid].all()
    assert 0 < valid.float().mean() < 1


def test_match_entropy():
    assert match_entropy(torch.zeros(2, 9, dtype=torch.long), 9) == 0
    assert match_entropy(torch.arange(9)[None], 9).item() == pytest.approx(1)
    half = match_entropy(torch.tensor([[0, 0, 1, 1]]), 4).item()
    assert half == pytest.approx(math.log(2) / math.log(4))
    assert match_entropy(torch.zeros(2, 1, dtype=torch.long), 1) == 0


def test_mutual_pairs_against_a_slow_loop():
    torch.manual_seed(0)
    f0, f1 = torch.randn(2, 5, 6), torch.randn(2, 5, 9)
    match, similarity, mutual = mutual_nearest(f0, f1)
    assert match.shape == similarity.shape == mutual.shape == (2, 6)
    assert torch.equal(match, match_cells(f0, f1))
    for n in range(2):
        for s in range(6):
            cosines = [torch.cosine_similarity(f0[n, :, s], f1[n, :, t], dim=0) for t in range(9)]
            best = max(range(9), key=cosines.__getitem__)
            back = [torch.cosine_similarity(f0[n, :, j], f1[n, :, best], dim=0) for j in range(6)]
            assert match[n, s] == best
            assert similarity[n, s] == pytest.approx(cosines[best].item(), abs=1e-6)
            assert mutual[n, s] == (max(range(6), key=back.__getitem__) == s)
    assert 0 < mutual.sum() < mutual.numel()


def test_each_cell_has_one_mutual_partner_at_most():
    # Both cells of view 0 prefer cell 0; it prefers the second.
    match, similarity, mutual = mutual_nearest(columns((1, 1), (1, 0)), columns((2, 0), (0, -1)))
    assert match.tolist() == [[0, 0]]
    assert similarity.tolist()[0] == pytest.approx([0.5**0.5, 1])
    assert mutual.tolist() == [[False, True]]


def test_collapsed_features_have_one_mutual_pair():
    assert mutual_nearest(torch.ones(1, 8, 9), torch.ones(1, 8, 9))[2].sum() == 1
