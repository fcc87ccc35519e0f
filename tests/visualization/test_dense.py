import numpy as np
import pytest
import torch
from matplotlib.patches import ConnectionPatch

from mmcontrast.visualization.dense import (
    dense_pca,
    draw_correspondence,
    draw_dense_pca,
    draw_similarity,
)
from mmcontrast.visualization.images import SourceView

IMAGE = np.full((40, 40, 3), 99, np.uint8)
# Four cells that are unlike each other.
CELLS = torch.eye(4).view(4, 2, 2)


def seen(box=(0, 0, 40, 40), flip=False):
    return SourceView(IMAGE, box, flip, "a.jpg")


def lines(figure):
    patches = [a for a in figure.get_children() if isinstance(a, ConnectionPatch)]
    return {tuple(patch.xy1): tuple(patch.xy2) for patch in patches}


def test_correspondences_are_mapped_through_crop_and_flip():
    # View 1 is the left half, mirrored; both show the four things in the same cells.
    figure = draw_correspondence((seen(), seen((0, 0, 20, 40), True)), (CELLS, CELLS))
    assert lines(figure) == {
        (10, 10): (15, 10), (30, 10): (5, 10), (10, 30): (15, 30), (30, 30): (5, 30),
    }  # fmt: skip
    assert figure.get_suptitle().startswith("4 of 4 cells")


def test_only_pairs_above_the_threshold_are_drawn(tmp_path):
    other = CELLS.clone()
    other[:, 0, 0] = torch.tensor([1, 0.5, 0.5, 0.5])  # cosine 0.756 with its partner
    views = (seen(), seen())
    assert len(lines(draw_correspondence(views, (CELLS, other), threshold=0.7))) == 4
    figure = draw_correspondence(views, (CELLS, other), threshold=0.9)
    assert len(lines(figure)) == 3
    assert "3 of 4 cells" in figure.get_suptitle() and "largest is 1.00" in figure.get_suptitle()


def test_the_ten_best_pairs_are_drawn_where_none_passes(tmp_path):
    views = (seen(), seen())
    generator = torch.Generator().manual_seed(0)
    maps = tuple(torch.randn(32, 8, 8, generator=generator) for _ in range(2))
    units = [m.flatten(1) / m.flatten(1).norm(dim=0) for m in maps]
    cosines = units[0].T @ units[1]
    mutual = [
        (cosines[i, j].item(), i, j)
        for i, j in enumerate(cosines.argmax(dim=1).tolist())
        if cosines[:, j].argmax() == i
    ]
    best = sorted(mutual, reverse=True)[:10]
    figure = draw_correspondence(views, maps, threshold=1)

    def center(cell):
        return (cell % 8 * 5 + 2.5, cell // 8 * 5 + 2.5)

    assert lines(figure) == {center(i): center(j) for _, i, j in best}
    title = figure.get_suptitle()
    assert title.startswith("None of 64 cells has") and f"the largest is {best[0][0]:.2f}" in title
    assert "the 10 most similar pairs" in title
    figure.savefig(tmp_path / "a.png")
    # There are fewer than ten pairs.
    few = draw_correspondence(views, (CELLS, -CELLS), threshold=0.9)
    assert 1 <= len(lines(few)) <= 4


def test_the_heat_map_shows_the_cosine_to_the_point():
    other = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0))
    figure = draw_similarity((seen(), seen((0, 0, 20, 10))), (CELLS, other), (30, 5))
    heat = figure.axes[1].images[1]
    expected = (other / other.norm(dim=0))[1]
    np.testing.assert_allclose(heat.get_array(), expected, atol=1e-6)
    assert heat.get_extent() == [0, 20, 10, 0]
    mirrored = draw_similarity((seen(), seen(flip=True)), (CELLS, other), (30, 5))
    np.testing.assert_allclose(mirrored.axes[1].images[1].get_array(), expected.flip(1), atol=1e-6)
    best = figure.axes[1].lines[-1].get_xydata()[0]
    row, column = divmod(int(expected.argmax()), 5)
    assert best.tolist() == pytest.approx([(column + 0.5) * 4, (row + 0.5) * 10 / 3])
    with pytest.raises(ValueError, match="outside the part"):
        draw_similarity((seen(), seen()), (CELLS, other), (50, 5))


def test_all_images_share_the_components():
    generator = torch.Generator().manual_seed(0)
    basis = torch.randn(3, 8, generator=generator)
    weights = [torch.randn(h * w, 3, generator=generator) for h, w in ((2, 3), (4, 4))]
    maps = [
        (w @ basis).T.reshape(8, *grid) for w, grid in zip(weights, ((2, 3), (4, 4)), strict=True)
    ]
    colors, explained = dense_pca(maps)
    assert [color.shape for color in colors] == [(2, 3, 3), (4, 4, 3)]
    assert explained == pytest.approx(1, abs=1e-5)
    whole, _ = dense_pca([torch.cat([m.flatten(1) for m in maps], dim=1)[:, None]])
    joined = np.concatenate([color.reshape(-1, 3) for color in colors])
    np.testing.assert_allclose(joined, whole[0][0], atol=1e-5)
    assert joined.min() == 0 and joined.max() == 1


def test_pca_of_too_little_and_of_collapsed_features():
    with pytest.raises(ValueError, match="three cells and three channels"):
        dense_pca([torch.randn(2, 4, 4)])
    colors, explained = dense_pca([torch.ones(8, 2, 2)])
    assert np.isfinite(colors[0]).all() and explained == 0


def test_pca_layout(tmp_path):
    maps = [torch.randn(4, 2, 2) for _ in range(3)]
    figure = draw_dense_pca([seen((0, 0, 20, 40), flip=True)] * 3, maps, per_row=2)
    assert len(figure.axes) == 8
    # What the network saw, as it saw it, and its colors at the same pixels.
    assert figure.axes[0].images[0].get_array().shape == (40, 20, 3)
    assert figure.axes[2].images[0].get_array().shape == (40, 20, 3)
    figure.savefig(tmp_path / "a.png")


def test_pca_without_the_rim():
    """Cells of the rim change nothing; the others are interpolated between their centers."""
    inner = torch.randn(4, 2, 4, generator=torch.Generator().manual_seed(0))
    pictures = []
    for value in (0.0, 100.0):
        whole = torch.full((4, 4, 6), value)
        whole[:, 1:3, 1:5] = inner
        figure = draw_dense_pca([seen((0, 0, 36, 24))], [whole], rim=1)
        pictures.append(np.asarray(figure.axes[1].images[0].get_array()))
    np.testing.assert_array_equal(*pictures)
    assert pictures[0].shape == (24, 36, 3)
    assert (pictures[0][:6] == np.float32(0.85)).all() and "border" in figure.get_suptitle()
    (colors,), _ = dense_pca([inner])
    # Four pixels around the common corner of four cells have their mean.
    corner = pictures[0][11:13, 11:13].mean(axis=(0, 1))
    np.testing.assert_allclose(corner, colors[:2, :2].mean(axis=(0, 1)), atol=1e-5)
    with pytest.raises(ValueError, match="smaller --rim"):
        draw_dense_pca([seen()], [torch.randn(4, 4, 4)], rim=2)
