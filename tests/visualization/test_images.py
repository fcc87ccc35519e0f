import numpy as np
import pytest
from matplotlib.figure import Figure

from mmcontrast.visualization.images import SourceView, show
from mmcontrast.visualization.palette import style

IMAGE = np.zeros((60, 100, 3), np.uint8)


@pytest.mark.parametrize("flip", [False, True])
def test_a_cells_center_lies_in_the_cell(flip):
    seen = SourceView(IMAGE, (20, 10, 80, 50), flip)
    for cell, center in enumerate(seen.centers((2, 3))):
        assert seen.cell_at(tuple(center), (2, 3)) == cell
    left = seen.cell_at((21, 11), (2, 3))
    assert left == (2 if flip else 0)


def test_a_point_outside_the_view():
    seen = SourceView(IMAGE, (20, 10, 80, 50), name="a.jpg")
    for point in ((19, 30), (80, 30), (30, 50)):
        with pytest.raises(ValueError, match=r"outside the part of a\.jpg .* x 20 to 80, y 10"):
            seen.cell_at(point, (2, 3))


def test_images_are_drawn_in_their_own_pixels():
    axis = Figure().subplots()
    show(axis, SourceView(IMAGE, (20, 10, 80, 50), True, "a.jpg"))
    assert axis.images[0].get_extent() == [0, 100, 60, 0]
    assert axis.get_title() == "a.jpg (mirrored view)"
    assert axis.patches[0].get_bbox().extents.tolist() == [20, 10, 80, 50]


def test_series_look_different():
    looks = [style(number) for number in range(56)]
    assert len(set(looks)) == 56
    assert len({color for color, _ in looks[:7]}) == 7
