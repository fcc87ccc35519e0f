import pytest
import torch
from matplotlib.patches import ConnectionPatch

from mmcontrast.visualization.views import draw_views


def sample(boxes, flips=(False, False)):
    cuts = {
        f"view{i}": dict(box=box, flip=flip, size=(100, 100))
        for i, (box, flip) in enumerate(zip(boxes, flips, strict=False))
    }
    inputs = {name: torch.zeros(3, 20, 20, dtype=torch.uint8) for name in cuts}
    return dict(inputs=inputs, data_sample=dict(index=3, **cuts))


def lines(figure):
    patches = [a for a in figure.get_children() if isinstance(a, ConnectionPatch)]
    return {tuple(patch.xy1): tuple(patch.xy2) for patch in patches}


def test_equal_views_match_cell_by_cell():
    figure = draw_views([sample([(0, 0, 100, 100)] * 2)], grid=(2, 2))
    joined = lines(figure)
    assert len(joined) == 4 and all(start == end for start, end in joined.items())
    # Centers of 10-pixel cells, where pixel 0 reaches from -0.5 to 0.5.
    assert set(joined) == {(4.5, 4.5), (14.5, 4.5), (4.5, 14.5), (14.5, 14.5)}


def test_a_flip_swaps_the_sides():
    figure = draw_views([sample([(0, 0, 100, 100)] * 2, (False, True))], grid=(1, 2))
    assert lines(figure) == {(4.5, 9.5): (14.5, 9.5), (14.5, 9.5): (4.5, 9.5)}


def test_cells_outside_the_other_view_have_no_line():
    figure = draw_views([sample([(0, 0, 100, 100), (50, 0, 100, 100)])], grid=(1, 2))
    assert lines(figure) == {(14.5, 9.5): (14.5, 9.5)}
    apart = sample([(0, 0, 40, 40), (60, 60, 100, 100)])
    assert lines(draw_views([apart], grid=(3, 3))) == {}


def test_layout_and_titles():
    figure = draw_views([sample([(0, 0, 100, 100)] * 2, (True, False))] * 3, grid=(1, 1))
    assert len(figure.axes) == 8
    assert figure.axes[0].get_title().startswith("#3 view0, flipped\nx 0 to 100 of 100")
    single = draw_views([sample([(0, 0, 100, 100)])])
    assert len(single.axes) == 1 and lines(single) == {}


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="no samples"):
        draw_views([])


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_views_of_other_channels_show_the_first_ones(channels):
    packed = sample([(0, 0, 100, 100)])
    packed["inputs"]["view0"] = torch.arange(channels, dtype=torch.uint8)[:, None, None].expand(
        channels, 20, 20
    )
    (image,) = draw_views([packed]).axes[0].get_images()
    assert image.get_array()[3, 4].tolist() == ([0, 1, 2] if channels == 6 else [0, 0, 0])
