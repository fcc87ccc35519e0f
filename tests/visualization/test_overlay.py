"""Masks drawn over frames."""

import numpy as np
import pytest

from mmcontrast.visualization.overlay import COLORS, overlay_mask


def test_objects_are_tinted_and_outlined_and_the_background_is_not():
    frame = np.full((8, 8, 3), 100, np.uint8)
    mask = np.zeros((8, 8), np.int64)
    mask[1:6, 1:6] = 2
    image = overlay_mask(frame, mask, opacity=0.25)
    assert (image[mask == 0] == 100).all()
    assert (image[1, 1:6] == COLORS[2]).all()
    assert image[3, 3].tolist() == np.round(0.75 * 100 + 0.25 * COLORS[2]).tolist()
    assert (frame == 100).all()


def test_sizes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"differ in size: \(8, 8\) and \(8, 9\)"):
        overlay_mask(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9), np.int64))
