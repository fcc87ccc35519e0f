"""Masks of object ids and their palette."""

import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets.masks import VOID, palette, read_mask, write_mask


def test_palette_is_that_of_voc():
    """Known colors, of VOC's label colormap: aeroplane, bicycle, tvmonitor and the void border."""
    colors = np.frombuffer(palette(), np.uint8).reshape(256, 3)
    assert colors[[0, 1, 2, 20, VOID]].tolist() == [
        [0, 0, 0], [128, 0, 0], [0, 128, 0], [0, 64, 128], [224, 224, 192],
    ]  # fmt: skip
    assert len(np.unique(colors, axis=0)) == 256


def test_palette_against_a_loop():
    for index, color in enumerate(np.frombuffer(palette(), np.uint8).reshape(256, 3).tolist()):
        expected, rest = [0, 0, 0], index
        for shift in range(7, -1, -1):
            for channel in range(3):
                expected[channel] |= (rest >> channel & 1) << shift
            rest >>= 3
        assert color == expected


def test_write_and_read(tmp_path):
    mask = np.array([[0, 1, 2], [VOID, 20, 1]], np.uint8)
    path = tmp_path / "new" / "mask.png"
    write_mask(path, mask)
    with Image.open(path) as image:
        assert image.mode == "P"
        assert bytes(image.getpalette()) == palette()
    assert read_mask(path).tolist() == [[0, 1, 2], [0, 20, 1]]
    assert read_mask(path, void_is_background=False).tolist() == mask.tolist()
    assert read_mask(path, binary=True).tolist() == [[0, 1, 1], [1, 1, 1]]


def test_images_of_colors_and_missing_files_are_refused(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "colors.png")
    with pytest.raises(ValueError, match=r"colors\.png has colors \(mode RGB\)"):
        read_mask(tmp_path / "colors.png")
    with pytest.raises(ValueError, match=r"none\.png cannot be read"):
        read_mask(tmp_path / "none.png")
