"""Images with any number of channels, from NumPy arrays and TIFF files, and their way to 8 bits."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from mmcontrast.utils.file_kinds import PICKLED_OBJECTS

_NUMPY = b"\x93NUMPY"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SIXTEEN_BITS = 65535


def is_numpy(data: bytes) -> bool:
    """Whether ``data`` is a NumPy file (``.npy``)."""
    return data.startswith(_NUMPY)


def is_tiff(data: bytes) -> bool:
    """Whether ``data`` is a TIFF or BigTIFF file."""
    return data.startswith(_TIFF)


def read_numpy(data: bytes, in_channels: int) -> NDArray:
    """Read an array (H, W), (H, W, C) or (C, H, W) as (H, W, C).

    Raises:
        ValueError: It is no array of numbers with ``in_channels`` channels.
    """
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise ValueError(f"it holds {PICKLED_OBJECTS}; save numbers") from error
        raise
    return _channels_last(array, in_channels)


def read_tiff(data: bytes, in_channels: int, max_pixels: float) -> NDArray:
    """Read the bands or the pages of a TIFF file as (H, W, C).

    Raises:
        ValueError: tifffile is not installed or finds the file damaged, or the file has another
            number of channels or more than ``max_pixels`` pixels.
    """
    try:
        import tifffile
    except ImportError:
        raise ValueError(
            "reading a TIFF file of this kind needs tifffile: pip install 'mmcontrast[bands]'"
        ) from None
    try:
        with _logged_errors(), tifffile.TiffFile(io.BytesIO(data)) as file:
            shape = file.series[0].shape
            if np.prod(shape, dtype=np.float64) > max_pixels * in_channels:
                raise ValueError(f"its shape is {shape}, and the limit is {max_pixels:,} pixels")
            return _channels_last(file.asarray(), in_channels)
    except KeyError as error:
        raise ValueError(f"tifffile cannot decode it: {error.args[0]}") from error


@contextmanager
def _logged_errors() -> Iterator[None]:
    """Raise what tifffile logs as an error, such as a damaged tag, instead of guessing without it.

    Raises:
        ValueError: tifffile has logged an error in the context.
    """
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = records.append  # type: ignore[method-assign, assignment]
    logger = logging.getLogger("tifffile")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    if records:
        raise ValueError(f"tifffile finds it damaged: {records[0].getMessage()}")


def _channels_last(array: NDArray, in_channels: int) -> NDArray:
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 3 and array.shape[2] != in_channels and array.shape[0] == in_channels:
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] != in_channels or not array.size:
        raise ValueError(
            f"its shape is {array.shape}, and LoadImage(in_channels={in_channels}) reads (H, W, C) "
            f"or (C, H, W) of {in_channels} channels"
        )
    return array


def to_uint8(array: NDArray, max_value: float | None) -> NDArray[np.uint8]:
    """Scale numbers to 8 bits by one rule for all images.

    uint8 is kept. Integers from 0 to ``max_value`` become ``value * 256 // (max_value + 1)``, the
    upper 8 bits for 65535; floats become ``round(255 * value / max_value)``; what lies outside is
    clipped.

    Args:
        array: Numbers of any shape.
        max_value: The value that becomes 255; None takes 65535 for integers.

    Raises:
        ValueError: ``array`` has floats, and ``max_value`` is None; or no real numbers.
    """
    if array.dtype == np.uint8 and max_value is None:
        return np.ascontiguousarray(array)
    if array.dtype.kind == "f":
        if max_value is None:
            raise ValueError(
                "its pixels are floats of unknown range; save it with 8 bits a channel, or say "
                "which value is the largest: LoadImage(max_value=1.0)"
            )
        scaled = np.rint(np.nan_to_num(array.astype(np.float64)) * (255 / max_value))
    elif array.dtype.kind in "iu":
        top = SIXTEEN_BITS if max_value is None else int(max_value)
        scaled = array.astype(np.int64) * 256 // (top + 1)
    else:
        raise ValueError(f"its pixels are {array.dtype}, not numbers")
    return np.ascontiguousarray(np.clip(scaled, 0, 255).astype(np.uint8))
