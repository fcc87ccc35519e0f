"""Masks of object ids as palette PNGs with one id per pixel, the format of VOC and DAVIS."""

import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmcontrast.utils.atomic import write_atomically

VOID = 255


def palette() -> bytes:
    """Return the palette of VOC's and DAVIS' masks, as Pillow's ``putpalette`` takes it.

    Bit 3i + c of an index is bit 7 - i of channel c, so that neighboring ids have distinct colors:
    0 is black, 1 dark red, 2 dark green, 3 dark yellow.

    Returns:
        768 bytes, red, green and blue of the 256 indices.
    """
    index = np.arange(256)
    colors = np.zeros((256, 3), np.int64)
    for bit in range(8):
        for channel in range(3):
            colors[:, channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit)
    return colors.astype(np.uint8).tobytes()


def read_mask(
    path: str | os.PathLike, binary: bool = False, void_is_background: bool = True
) -> NDArray[np.uint8]:
    """Read a mask of object ids.

    Args:
        path: Palette or gray image.
        binary: Whether every value other than 0 is read as object 1, as in DAVIS 2016, which
            stores 0 and 255.
        void_is_background: Whether the void label 255 is replaced by 0.

    Returns:
        Object ids (H, W), uint8.

    Raises:
        ValueError: The file is missing or is not an image of ids.
    """
    try:
        with Image.open(path) as image:
            if image.mode not in ("P", "L", "1"):
                raise ValueError(
                    f"The mask {path} has colors (mode {image.mode}). A mask is a palette or "
                    "gray PNG whose pixels are object ids."
                )
            ids = np.array(image, dtype=np.uint8)
    except OSError as error:
        raise ValueError(f"The mask {path} cannot be read: {error}") from error
    if binary:
        return (ids > 0).astype(np.uint8)
    if void_is_background:
        ids[ids == VOID] = 0
    return ids


def write_mask(path: str | os.PathLike, mask_HW: NDArray[np.uint8]) -> None:
    """Write object ids as a palette PNG with DAVIS' colors, and create its folder if needed."""
    image = Image.fromarray(np.ascontiguousarray(mask_HW, dtype=np.uint8), mode="P")
    image.putpalette(palette())
    content = io.BytesIO()
    image.save(content, "PNG")
    write_atomically(content.getvalue(), Path(path))
