import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.offsetbox import AnnotationBbox

from mmcontrast.utils.errors import UserError
from mmcontrast.visualization.neighbors import draw_neighbors, nearest
from mmcontrast.visualization.palette import COLORS

POINTS = np.array([[1, 0], [2, 2], [0, 3], [-1, 0], [0, 0], [5, 0]], dtype=np.float32)


def test_nearest_by_angle_not_by_length():
    found = nearest(POINTS, 0, num=9)
    assert found.rows.tolist() == [5, 1, 2, 4, 3]
    np.testing.assert_allclose(found.cosines, [1, 0.5**0.5, 0, 0, -1], atol=1e-6)
    assert nearest(POINTS, 2, num=1).rows.tolist() == [1]
    assert (nearest(POINTS, 4, num=5).cosines == 0).all(), "a row of zeros is near to nothing"


@pytest.mark.parametrize(("row", "num"), [(6, 1), (-1, 1), (0, 0)])
def test_rows_that_are_not_there(row, num):
    with pytest.raises(UserError, match="A row is 0 to 5 and num at least 1"):
        nearest(POINTS, row, num)


def test_bars_have_the_names_and_the_colors_of_agreement():
    figure = draw_neighbors(nearest(POINTS, 0, 3), ["a", "b", "c"], [True, False, None], "of 0")
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b", "c"]
    colors = [to_hex(bar.get_facecolor()).upper() for bar in axis.patches]
    assert colors[:2] == [COLORS[0], COLORS[1]] and colors[2] not in COLORS
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["same class", "other class", "class unknown"]


def test_thumbnails_stand_beside_their_rows(tmp_path):
    images = [np.full((20, 30, 3), value, np.uint8) for value in (10, 20, 30)]
    figure = draw_neighbors(nearest(POINTS, 0, 3), ["a", "b", "c"], [True] * 3, "", [*images, None])
    (axis,) = figure.axes
    names = [label.get_text() for label in axis.get_yticklabels()]
    assert dict(zip(axis.get_yticks(), names, strict=True)) == {-1: "query", 0: "a", 1: "b", 2: "c"}
    boxes = [artist for artist in axis.artists if isinstance(artist, AnnotationBbox)]
    drawn = {box.xy[1]: int(box.offsetbox.get_data()[0, 0, 0]) for box in boxes}
    assert drawn == {-1: 10, 0: 20, 1: 30}
    low, high = axis.get_ylim()
    assert low == 2.5 and high == -1.5
    figure.savefig(tmp_path / "a.png")
