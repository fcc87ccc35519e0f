"""Masks of object ids as DAVIS stores them: palette PNGs, one number a pixel."""

import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmcontrast.utils.atomic import write_atomically

VOID = 255


def palette() -> bytes:
    """The 256 colors of VOC's masks: the bits of an index spread over red, green and blue."""
    index = np.arange(256)
    colors = np.zeros((256, 3), np.int64)
    for bit in range(8):
        for channel in range(3):
            colors[:, channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit)
    return colors.astype(np.uint8).tobytes()


def read_mask(
    path: str | os.PathLike, binary: bool = False, void_is_background: bool = True
) -> NDArray[np.uint8]:
    """Read the ids of a mask.

    Args:
        path: A palette or gray image.
        binary: Everything that is not 0 is object 1, as in DAVIS 2016, which stores 0 and 255.
        void_is_background: Whether the void label 255 becomes 0.

    Returns:
        (H, W) uint8.

    Raises:
        ValueError: The file is missing or no image of ids.
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
    """Write ids as a palette PNG in DAVIS' colors; its folder is made."""
    image = Image.fromarray(np.ascontiguousarray(mask_HW, dtype=np.uint8), mode="P")
    image.putpalette(palette())
    content = io.BytesIO()
    image.save(content, "PNG")
    write_atomically(content.getvalue(), Path(path))
