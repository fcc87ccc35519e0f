"""Sizes and crops of SeLaVi's retrieval."""

import numpy as np
import pytest

from mmcontrast.datasets.sampling.seeding import seeded
from mmcontrast.datasets.transforms import RandomShortSide, TopLeftCrop


def view(height, width):
    image = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    return dict(image=image, box=(0.0, 0.0, width, height), flip=False, size=(width, height),
                path="clip.mp4")  # fmt: skip


def test_the_short_side_is_drawn_and_rounded():
    transform, sizes = RandomShortSide(8, 12), set()
    with seeded(0):
        for _ in range(60):
            height, width = transform(view(10, 20))["image"].shape[:2]
            assert width == 2 * height
            sizes.add(height)
    assert sizes == {8, 9, 10, 11, 12}
    with pytest.raises(ValueError, match="larger than"):
        RandomShortSide(9, 8)


@pytest.mark.parametrize(("height", "width"), [(4, 7), (7, 4)])
def test_the_crop_is_at_the_left_or_at_the_top(height, width):
    source = view(height, width)
    expected = source["image"][:4, :4].copy()
    cropped = TopLeftCrop(4)(source)
    np.testing.assert_array_equal(cropped["image"], expected)
    assert cropped["box"] == (0, 0, 4, 4)
    with pytest.raises(ValueError, match=r"clip\.mp4 has only .*Resize"):
        TopLeftCrop(5)(view(height, width))
