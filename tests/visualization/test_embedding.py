import sys

import numpy as np
import pytest

from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.embedding import Projection, draw_embedding, project


@pytest.fixture
def clusters():
    """Two bundles of directions, of any length."""
    rng = np.random.default_rng(0)
    centers = np.eye(2, 6)[np.repeat([0, 1], 15)]
    vectors = centers + rng.normal(0, 0.05, (30, 6))
    return (vectors * rng.uniform(1, 9, (30, 1))).astype(np.float32)


# umap-learn compiles for a minute at its first use.
@pytest.mark.parametrize("method", ["pca", "tsne", pytest.param("umap", marks=pytest.mark.slow)])
def test_what_is_alike_stays_together(clusters, method):
    if method == "umap":
        pytest.importorskip("umap")
    points, axes = project(clusters, method)
    assert points.shape == (30, 2) and len(axes) == 2
    center = points[:15].mean(axis=0), points[15:].mean(axis=0)
    distances = [np.linalg.norm(points - c, axis=1) for c in center]
    assert ((distances[0] < distances[1]) == (np.arange(30) < 15)).all()
    np.testing.assert_array_equal(points, project(clusters, method).points)


def test_axes_of_pca_tell_their_share(clusters):
    axes = project(clusters, "pca").axes
    assert axes[0].startswith("component 1 (9") and axes[0].endswith("% of the variance)")


def test_three_points_are_enough(clusters):
    assert project(clusters[:3]).points.shape == (3, 2)


def test_every_class_has_its_look(tmp_path):
    points = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    labels = [i % 10 for i in range(29)] + [-1]
    projection = Projection(points, ("t-SNE 1", "t-SNE 2"))
    figure = draw_embedding(projection, labels, [f"class {i}" for i in range(10)], title="a")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["no class", *(f"class {i}" for i in range(10))]
    assert figure.axes[0].get_xlabel() == "t-SNE 1" and len(figure.axes[0].get_xticks()) == 0
    figure.savefig(tmp_path / "a.png")
    assert not draw_embedding(projection).legends


def test_thumbnails_do_not_overlap():
    points = np.array([[0, 0], [0.01, 0.01], [1, 1]], np.float32)
    images = [np.zeros((8, 8, 3), np.uint8)] * 3
    figure = draw_embedding(Projection(points, ("component 1", "b")), thumbnails=images)
    boxes = [a for a in figure.axes[0].artists if type(a).__name__ == "AnnotationBbox"]
    assert [box.xy for box in boxes] == [(0, 0), (1, 1)]


def test_clear_errors(clusters, monkeypatch):
    with pytest.raises(UserError, match="one of tsne, pca, umap, got 'mds'"):
        project(clusters, "mds")
    with pytest.raises(UserError, match="3 or more finite features, got 2"):
        project(clusters[:2])
    clusters[3, 3] = np.nan
    with pytest.raises(UserError, match="some not finite"):
        project(clusters)
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UserError, match=r"pip install 'mmcontrast\[umap\]'"):
        project(np.eye(4), "umap")
