"""Masks of object ids: palette PNGs as of VOC and DAVIS, and the forms in which users have them."""

import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmcontrast.datasets.masks.levels import FLAT, MAX_LEVELS, NOISE, separate_levels
from mmcontrast.datasets.png import check_png
from mmcontrast.utils.atomic import write_atomically

VOID = 255

_GRAY_LEVELS = 64  # from here on, values of a gray image other than 255 are gray levels, not ids


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
    path: str | os.PathLike,
    binary: bool = False,
    void_is_background: bool = True,
    num_objects: int | None = None,
) -> NDArray[np.uint8]:
    """Read a mask of object ids.

    Palette images, black and white ones, and gray ones up to value 63 (or 255) hold ids, which are
    read as they are. Other gray images show each object in a gray level and may be anti-aliased or
    compressed: each pixel gets one of the levels that areas of the image have, see
    :func:`~mmcontrast.datasets.masks.levels.separate_levels`. Images in the colors of
    :func:`palette` are read as its ids.

    Args:
        path: Image of ids, of gray levels, or of the palette's colors.
        binary: Whether every value other than 0 is read as object 1, as in DAVIS 2016, which
            stores 0 and 255.
        void_is_background: Whether the void label 255 is replaced by 0.
        num_objects: Number of objects in the image; the result then has the ids 1 to this number in
            the order of gray levels or colors. None takes the values that the image has.

    Returns:
        Object ids (H, W), uint8.

    Raises:
        ValueError: The file is missing, is not an image of ids, or ``num_objects`` is needed.
    """
    pixels, is_ids = _read_pixels(path)
    ids: NDArray[np.uint8]
    if num_objects is not None:
        return number_objects(pixels, num_objects, f"The mask {path}")
    if pixels.ndim == 3:
        ids = _ids_of_palette(pixels, f"The mask {path}")
    elif is_ids:
        ids = pixels
    else:
        index, levels = separate_levels(pixels[..., None], None, f"The mask {path}")
        ids = levels[index, 0]
    if binary:
        return (ids > 0).astype(np.uint8)
    if void_is_background:
        ids = np.where(ids == VOID, 0, ids).astype(np.uint8)
    return ids


def read_objects(
    mask: str | os.PathLike | NDArray, num_objects: int | None = None
) -> NDArray[np.uint8]:
    """Read the objects of a first mask, in whatever form a user has it.

    Args:
        mask: Path of an image, or an array: ids or gray levels (H, W) from 0 to 255, booleans,
            floats from 0 to 1, or RGB colors (H, W, 3) of uint8. Edges may be anti-aliased or
            compressed. Black, or the lowest gray level, is the background.
        num_objects: Number of objects; needed only where the image does not tell, as of soft edges
            so wide that they look like objects.

    Returns:
        Ids (H, W): those of a mask that holds ids, without the void label 255; otherwise 1, 2...
        in the order of gray levels or of colors.

    Raises:
        ValueError: The image cannot be read, is no mask, or ``num_objects`` is needed.
    """
    if isinstance(mask, np.ndarray):
        name, pixels = "The first mask", _check_array(mask)
        is_ids = _holds_ids(pixels)
    else:
        name = f"The mask {mask}"
        pixels, is_ids = _read_pixels(mask)
    if num_objects is not None or not is_ids:
        return number_objects(pixels, num_objects, name)
    is_void = pixels == VOID
    has_objects = bool(((pixels != 0) & ~is_void).any())
    return np.where(is_void, np.uint8(not has_objects), pixels).astype(np.uint8)


def number_objects(
    pixels: NDArray[np.uint8], num_objects: int | None, name: str
) -> NDArray[np.uint8]:
    """Number the objects of an image of gray levels (H, W) or colors (H, W, 3) from 1."""
    index, levels = separate_levels(np.atleast_3d(pixels), num_objects, name)
    order = np.lexsort(levels.T[::-1])
    is_color = levels.shape[1] == 3
    if is_color and levels[order[0]].max() > NOISE:
        raise ValueError(
            f"{name} has the colors {levels[order].tolist()}, and none of them is the black of the "
            "background: paint the background black."
        )
    return np.argsort(order).astype(np.uint8)[index]


def _holds_ids(pixels: NDArray[np.uint8]) -> bool:
    """Whether gray values are ids: small ones and void, or 0 and a single other value."""
    if pixels.ndim != 2:
        return False
    values = np.flatnonzero(np.bincount(pixels.ravel(), minlength=256))
    is_two_valued = len(values) <= 2 and values[0] == 0
    return is_two_valued or bool((values[values != VOID] < _GRAY_LEVELS).all())


def _ids_of_palette(pixels_HW3: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Return the ids of an image in the palette's colors."""
    index, levels = separate_levels(pixels_HW3, None, name)
    colors = np.frombuffer(palette(), np.uint8).reshape(256, 3).astype(int)
    differences = np.abs(colors[None] - levels[:, None].astype(int)).max(2)
    if (differences.min(1) > NOISE).any():
        raise ValueError(
            f"{name} has colors (mode RGB) that are not those of DAVIS' and VOC's palette: "
            f"{levels[differences.min(1) > NOISE][:4].tolist()}. A mask is a palette or gray PNG "
            "whose pixels are object ids."
        )
    return differences.argmin(1).astype(np.uint8)[index]


def _read_pixels(path: str | os.PathLike) -> tuple[NDArray[np.uint8], bool]:
    """Read ids or gray levels (H, W), or colors (H, W, 3), and whether they are ids."""
    image = _open(path)
    if image.mode == "P" and _is_palette_of_ids(image):
        return np.array(image), True
    if image.mode in ("L", "1"):
        pixels = np.array(image, dtype=np.uint8)
    elif image.mode.startswith("I") or image.mode == "F":
        pixels = _check_array(np.asarray(image))
    elif image.mode in ("LA", "PA", "RGBA"):
        pixels = _flatten(np.asarray(image.convert("RGBA")))
    else:
        pixels = _gray_or_color(np.asarray(image.convert("RGB")))
    return pixels, _holds_ids(pixels)


def _open(path: str | os.PathLike) -> Image.Image:
    """Return a decoded image."""
    try:
        data = Path(path).read_bytes()
        check_png(data)
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return image
    except Exception as error:  # Decoders raise errors of any type on files that are damaged.
        raise ValueError(f"The mask {path} cannot be read: {error}") from error


def _is_palette_of_ids(image: Image.Image) -> bool:
    """Whether the indices of a palette image are ids: not those of a gray or reduced photograph."""
    colors = np.frombuffer(bytes(image.getpalette() or palette()), np.uint8).reshape(-1, 3)
    if colors.tobytes() == palette()[: colors.size]:
        return True
    used = colors[np.unique(np.minimum(np.asarray(image), len(colors) - 1))]
    is_gray = len(used) > MAX_LEVELS // 2 and not np.ptp(used, axis=1).any()
    return not (is_gray or len(used) > _GRAY_LEVELS)


def _flatten(pixels_HW4: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put an image on black; if its color is one everywhere, alpha shows the objects."""
    alpha = pixels_HW4[..., 3:]
    colors = pixels_HW4[..., :3][alpha[..., 0] > 0]
    if alpha.min() < 255 and (not len(colors) or not np.ptp(colors, axis=0).any()):
        return alpha[..., 0]
    return _gray_or_color((pixels_HW4[..., :3].astype(np.uint16) * alpha // 255).astype(np.uint8))


def _gray_or_color(pixels_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    is_gray = np.ptp(pixels_HW3.astype(int), axis=2).max(initial=0) <= FLAT
    return pixels_HW3[..., 0] if is_gray else pixels_HW3


def _check_array(mask: NDArray) -> NDArray[np.uint8]:
    """Return an array of any number type as uint8 ids, gray levels or colors."""
    if mask.dtype == bool:
        mask = mask.astype(np.uint8)
    low, high = (mask.min(), mask.max()) if mask.size else (0, 0)
    if mask.ndim == 2 and mask.size and mask.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(mask * 255).astype(np.uint8)
    if mask.ndim == 3 and mask.size and mask.dtype == np.uint8 and mask.shape[2] == 3:
        return _gray_or_color(mask)
    if mask.ndim == 2 and mask.dtype == np.uint16 and high == 65535:
        return (mask >> 8).astype(np.uint8)
    return _check_ids(mask)


def _check_ids(mask: NDArray) -> NDArray[np.uint8]:
    if mask.ndim != 2 or not mask.size or mask.min() < 0 or mask.max() > 255:
        span = f" with values from {mask.min()} to {mask.max()}" if mask.size else ""
        raise ValueError(
            f"The first mask is (H, W) of ids 0 to 255, got the shape {mask.shape}{span}."
        )
    return mask.astype(np.uint8)


def write_mask(path: str | os.PathLike, mask_HW: NDArray[np.uint8]) -> None:
    """Write object ids as a palette PNG with DAVIS' colors, and create its folder if needed."""
    image = Image.fromarray(np.ascontiguousarray(mask_HW, dtype=np.uint8), mode="P")
    image.putpalette(palette())
    content = io.BytesIO()
    image.save(content, "PNG")
    write_atomically(content.getvalue(), Path(path))
