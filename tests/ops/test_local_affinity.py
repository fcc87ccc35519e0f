"""Tiles of local affinity against all pairs, and the sizes of windows."""

import pytest
import torch

from mmcontrast.ops import local_affinity
from mmcontrast.ops.local_affinity import (
    Window,
    affinity_blocks,
    kept_softmax,
    reweight_mutually,
    top_affinities,
)


def offsets(window):
    side = torch.arange(-window.reach, window.reach + 1)
    return window.holds(side[:, None], side)


def pairs(rows, columns, window):
    """Which of all pairs of cells a window allows."""
    y, x = (i.flatten() for i in torch.meshgrid(torch.arange(rows), torch.arange(columns),
                                                indexing="ij"))  # fmt: skip
    return window.holds(y[:, None] - y, x[:, None] - x)


def full_top(query, keys, k, window):
    affinity = query.flatten(0, 1) @ keys.flatten(0, 2).t()
    if window is not None:
        affinity[~pairs(*query.shape[:2], window).repeat(1, len(keys))] = -torch.inf
    return affinity.topk(k)


@pytest.mark.parametrize(
    ("radius", "count", "side"), [(5, 69, 9), (12, 437, 23), (15, 697, 29), (18, 1005, 35)]
)
def test_size_of_discs(radius, count, side):
    inside = offsets(Window(radius))
    assert (int(inside.sum()), len(inside)) == (count, side)


@pytest.mark.parametrize(("radius", "corner"), [(12, 121), (18, 269)])
def test_a_corner_sees_a_quarter_of_the_disc(radius, corner):
    reach = Window(radius).reach
    assert offsets(Window(radius))[reach:, reach:].sum() == corner


def test_shares_of_all_pairs():
    assert pairs(14, 19, Window(5)).sum() == 14106
    assert pairs(60, 107, Window(12)).float().mean().item() == pytest.approx(0.059440, abs=1e-6)


def test_a_square_includes_its_radius():
    assert offsets(Window(12, "square")).shape == (25, 25)
    assert offsets(Window(12, "square")).all()


@pytest.mark.parametrize("window", [None, Window(1), Window(3.5), Window(2, "square"), Window(40)])
@pytest.mark.parametrize("tile", [3, 5, 64])
def test_tiles_find_what_all_pairs_find(monkeypatch, window, tile):
    monkeypatch.setattr(local_affinity, "_TILE", tile)
    monkeypatch.setattr(local_affinity, "_BLOCK_ELEMENTS", 4000)
    generator = torch.Generator().manual_seed(0)
    query, keys = (
        torch.randn(*shape, 7, 12, 6, generator=generator, dtype=torch.float64)
        for shape in ((), (3,))
    )
    expected = full_top(query, keys, 9, window)
    values, index = top_affinities(query, keys, 9, window)
    torch.testing.assert_close(values, expected.values, rtol=0, atol=1e-12)
    found = expected.values > -torch.inf
    assert torch.equal(index[found], expected.indices[found])


def test_no_block_holds_all_pairs():
    query, keys = torch.randn(60, 107, 4), torch.randn(2, 60, 107, 4)
    sizes = [block.affinity_QTS[:, 0].numel() for block in affinity_blocks(query, keys, Window(12))]
    assert max(sizes) < (60 * 107) ** 2 / 200


def test_mutual_weights():
    affinity = torch.tensor([[4.0, 1.0], [2.0, 2.0]])[:, None]
    weighted = reweight_mutually(affinity, affinity.amax(0))
    expected = torch.tensor([[4.0, 0.125], [1.0, 2.0]])[:, None]
    torch.testing.assert_close(weighted, expected, rtol=1e-4, atol=0)


def test_mutual_weights_need_all_queries(monkeypatch):
    query, keys = torch.rand(4, 5, 3), torch.rand(2, 3, 5, 3)
    (whole,) = affinity_blocks(query, keys, None, mutual=True)
    monkeypatch.setattr(local_affinity, "_BLOCK_ELEMENTS", 90)
    blocks = list(affinity_blocks(query, keys, None, mutual=True))
    assert len(blocks) == 7
    torch.testing.assert_close(torch.cat([b.affinity_QTS for b in blocks]), whole.affinity_QTS)
    with pytest.raises(ValueError, match="takes no window"):
        list(affinity_blocks(query, query[None], Window(2), mutual=True))


def test_maps_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="Maps of one size"):
        top_affinities(torch.rand(4, 5, 3), torch.rand(2, 3, 5, 3), 2, Window(2))


def test_weights_of_all_keys_are_not_normalized_again():
    logits = torch.tensor([[3.0, 2.0, 1.0, 0.0]])
    weights = kept_softmax(logits, logits[:, 1:2], renormalize=False)
    torch.testing.assert_close(
        weights, torch.tensor([[0.643914, 0.236883, 0, 0]]), rtol=0, atol=1e-6
    )
    assert weights.sum().item() == pytest.approx(0.880797, abs=1e-6)
    assert kept_softmax(logits, logits[:, 1:2], renormalize=True).sum() == pytest.approx(1)


def test_ties_stay():
    logits = torch.tensor([[2.0, 1.0, 1.0, 0.0]])
    assert (kept_softmax(logits, logits[:, 1:2], renormalize=True) > 0).sum() == 3
