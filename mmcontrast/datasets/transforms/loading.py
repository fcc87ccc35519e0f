"""Loading of images in any format that Pillow reads, and of arrays, as upright 8-bit images."""

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.logging import print_log
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.png import SIGNATURE, check_png
from mmcontrast.datasets.transforms.bands import (
    SIXTEEN_BITS,
    is_numpy,
    is_tiff,
    read_numpy,
    read_tiff,
    to_uint8,
)
from mmcontrast.registry import TRANSFORMS

_ORIENTATION = 0x0112  # the EXIF tag
_BITS_PER_SAMPLE = 0x0102  # the TIFF tag
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")


class UnreadableImageError(UnreadableFileError):
    """An image is missing, corrupt or cannot be converted to the channels that are asked for."""

    kind = "image"


@TRANSFORMS.register_module()
class LoadImage:
    """Read ``results['path']`` (or decode ``results['bytes']``) as an upright 8-bit image.

    By default it is RGB: gray, palette and CMYK images are converted, and an alpha channel is
    dropped, so that transparent pixels have the color that is stored for them. The EXIF orientation
    is applied, so that boxes are in the coordinates of an image viewer; a value that is none of 1
    to 8 counts as upright. Of a file with several frames the first one is read.

    Images of 16 bits are scaled by one rule for all, see ``max_value``: those of sensors with 10 or
    12 bits are dark unless it is set. The log says once that images are scaled and that an alpha
    channel is dropped.

    The transform adds ``image`` (H, W, C) uint8, ``size``, ``box`` (the full image, in source
    pixels) and ``flip``.

    Args:
        min_side: If set, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size, as long as its short
            side has at least this many pixels. A camera's 12-megapixel image is then read several
            times faster; smaller images are not affected. ``None`` always decodes all pixels.
        in_channels: Number of channels C. 3 is RGB and 1 is gray, to which colors are converted by
            their luma. Other numbers are those of the file: of an image with as many channels (4:
            RGBA or CMYK), the bands or the pages of a TIFF file (extra ``bands``), or a NumPy file
            ``.npy`` of the shape (H, W, C) or (C, H, W). NumPy files are read for 1 and 3 too.
        max_value: The pixel value that becomes 255 where a file has more than 8 bits, such as 4095
            for 12 bits: an integer v becomes ``v * 256 // (max_value + 1)``, a float
            ``round(255 * v / max_value)``. ``None`` is 65535, the upper 8 of 16 bits, for integers;
            files of floats are refused without it.

    Raises:
        UnreadableImageError: The file is missing, truncated, or not an image, has another number of
            channels, or more pixels than Pillow's limit against crafted files (twice
            ``PIL.Image.MAX_IMAGE_PIXELS``) after ``min_side``.
    """

    def __init__(
        self, min_side: int | None = None, in_channels: int = 3, max_value: float | None = None
    ):
        if min_side is not None and min_side < 1:
            raise ValueError(f"LoadImage: min_side must be at least 1 pixel, got {min_side}")
        if in_channels < 1:
            raise ValueError(f"LoadImage: in_channels must be at least 1, got {in_channels}")
        if max_value is not None and not max_value > 0:
            raise ValueError(f"LoadImage: max_value must be positive, got {max_value}")
        # Importing torchvision takes half a second. It is done here, since the workers of a data
        # loader inherit what the process has imported that made the transform.
        from torchvision.io import ImageReadMode, decode_jpeg

        self.min_side = min_side
        self.in_channels = in_channels
        self.max_value = max_value
        self._decode_jpeg = partial(decode_jpeg, mode=ImageReadMode.RGB)
        # In shared memory, so that of several workers one says what is converted.
        self._said = torch.zeros(2, dtype=torch.bool).share_memory_()

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        path = str(results["path"])
        with _decoder_errors(path):
            data = results.pop("bytes", None) or Path(path).read_bytes()
            image, size = self._decode(data, path)
        results.update(image=image, size=size, box=(0.0, 0.0, *map(float, size)), flip=False)
        return results

    def _decode(self, data: bytes, path: str) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        if is_numpy(data):
            return self._scale(read_numpy(data, self.in_channels), path)
        if is_tiff(data) and self.in_channels not in (1, 3):
            return self._scale(read_tiff(data, self.in_channels, _max_pixels()), path)
        try:
            image = _open(data, bool(self.min_side))
        except UnidentifiedImageError:
            if not is_tiff(data):
                raise
            return self._scale(read_tiff(data, self.in_channels, _max_pixels()), path)
        with image:
            orientation = _orientation_of(image)
            width, height = image.size
            size = (height, width) if orientation >= 5 else (width, height)
            is_jpeg = image.format == "JPEG" and image.mode in ("RGB", "L")
            divisor = self._divisor(min(size)) if is_jpeg else 1
            if divisor > 1:
                image.draft(image.mode, (width // divisor, height // divisor))
            _check_pixels(image)
            if is_jpeg and divisor == 1 and self.in_channels == 3:
                # The same libjpeg-turbo and the same pixels as Pillow's, in half the time.
                encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
                pixels = self._decode_jpeg(encoded).permute(1, 2, 0).numpy()
            else:
                pixels = self._convert(image, data, path)
            return np.ascontiguousarray(_upright(pixels, orientation)), size

    def _divisor(self, short_side: int) -> int:
        if self.min_side is None:
            return 1
        return next((d for d in (8, 4, 2) if short_side // d >= self.min_side), 1)

    def _scale(self, array: NDArray, path: str) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """Return an array (H, W, C) of any type as uint8, and its size (width, height)."""
        if array.dtype != np.uint8:
            self._say_scaled(path)
            array = to_uint8(array, self.max_value)
        return np.ascontiguousarray(array), (array.shape[1], array.shape[0])

    def _convert(self, image: Image.Image, data: bytes, path: str) -> NDArray[np.uint8]:
        """Return the pixels of an opened image (H, W, C) with the channels asked for."""
        channels = len(image.getbands())
        if image.mode in _DEEP_MODES:
            self._say_scaled(path)
            gray = to_uint8(np.asarray(image)[..., None], self.max_value)
            if self.in_channels not in (1, 3):
                raise ValueError(_wrong_channels(1, self.in_channels))
            return np.repeat(gray, self.in_channels, axis=2)
        if _has_deep_colors(image, data):
            self._say_scaled(path)
            if self.max_value is not None:
                return _to_channels(_decode_deep(data, self.max_value), self.in_channels)
        if self.in_channels in (1, 3):
            if "A" in image.getbands() or "transparency" in image.info:
                self._say_dropped(path)
            pixels = np.array(image.convert("L" if self.in_channels == 1 else "RGB"))
            return pixels[..., None] if self.in_channels == 1 else pixels
        if channels != self.in_channels or image.mode == "P":
            raise ValueError(_wrong_channels(channels, self.in_channels))
        return np.array(image)

    def _say_scaled(self, path: str) -> None:
        top = SIXTEEN_BITS if self.max_value is None else self.max_value
        self._say(
            0,
            f"{path} has more than 8 bits a channel. Such images are scaled to 8 bits: {top:g} "
            "becomes 255. LoadImage(max_value=4095) would be right for 12 bits.",
        )

    def _say_dropped(self, path: str) -> None:
        self._say(
            1,
            f"{path} has an alpha channel, which is dropped: transparent pixels have the color "
            "that is stored for them. LoadImage(in_channels=4) keeps the alpha of RGBA images.",
        )

    def _say(self, number: int, message: str) -> None:
        if not self._said[number]:
            self._said[number] = True
            print_log(message, logger="current", level=logging.WARNING)


def upright_size(path: str | os.PathLike) -> tuple[int, int]:
    """Return width and height of an image in a viewer, with its EXIF orientation applied.

    Raises:
        UnreadableImageError: The file is missing, or not an image.
    """
    with _decoder_errors(str(path)), Image.open(path) as image:
        width, height = image.size
        return (height, width) if _orientation_of(image) >= 5 else (width, height)


@contextmanager
def _decoder_errors(path: str) -> Iterator[None]:
    """Turn whatever a decoder raises inside the context into an error that names the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableImageError.of(path, "there is no such file") from error
    except Exception as error:
        # Decoders raise errors of any type on files that are damaged.
        raise UnreadableImageError.of(path, _reason(error)) from error


def _open(data: bytes, is_reduced: bool) -> Image.Image:
    if data[4:8] == b"ftyp":
        _register_heif()
    check_png(data)
    try:
        return Image.open(io.BytesIO(data))
    except Image.DecompressionBombError:
        if is_reduced and data.startswith(b"\xff\xd8"):
            # The size is checked after its reduction.
            return JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        raise


@cache
def _register_heif() -> None:
    """Let Pillow open HEIC files, if the extra ``heif`` is installed."""
    if find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()


def _max_pixels() -> float:
    """Return the number of pixels above which Pillow refuses an image."""
    limit = Image.MAX_IMAGE_PIXELS
    return float("inf") if limit is None else 2 * limit


def _check_pixels(image: Image.Image) -> None:
    if image.size[0] * image.size[1] > _max_pixels():
        raise Image.DecompressionBombError(f"{image.size[0]}x{image.size[1]} pixels")


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "the file is empty or its format is unknown"
    if isinstance(error, Image.DecompressionBombError):
        return (
            f"it has more pixels than Pillow's limit of {_max_pixels():,.0f} (twice "
            "PIL.Image.MAX_IMAGE_PIXELS), which protects from crafted files. Cut it into tiles or "
            "store it smaller; LoadImage(min_side=...) decodes a JPEG at down to 1/8 of its size"
        )
    return str(error).strip().rstrip(".") or type(error).__name__


def _orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8, in whatever type it is stored; 1 if it is none."""
    # Looking for the tag in an image without EXIF would be slow.
    if "exif" not in image.info and image.format not in ("TIFF", "PNG"):
        return 1
    if image.format == "PNG":
        # Its tag may stand behind the pixels, so that Pillow decodes them to find it.
        image.load()
    try:
        value: Any = image.getexif().get(_ORIENTATION, 1)
        if isinstance(value, tuple | list):
            value = value[0]
        if isinstance(value, bytes):
            value = value.strip(b"\0 ")
            value = value[0] if len(value) == 1 and value[0] <= 8 else value
        elif isinstance(value, str):
            value = value.strip("\0 ")
        number = float(value)
    except Exception:  # The image is sound, only what describes it is damaged.
        return 1
    return int(number) if number in range(1, 9) else 1


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation to pixels (H, W, C)."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _has_deep_colors(image: Image.Image, data: bytes) -> bool:
    """Whether a file has 16 bits a channel, of which Pillow keeps the upper 8."""
    if data.startswith(SIGNATURE):
        return data[24] == 16
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,))
    return max(bits if isinstance(bits, tuple) else (bits,)) > 8


def _decode_deep(data: bytes, max_value: float) -> NDArray[np.uint8]:
    """Decode all 16 bits of an image of colors, and scale them."""
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.ndim != 3:
        raise ValueError("its channels of 16 bits cannot be decoded")
    order = cv2.COLOR_BGRA2RGBA if array.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return to_uint8(cv2.cvtColor(array, order), max_value)


def _to_channels(pixels: NDArray[np.uint8], in_channels: int) -> NDArray[np.uint8]:
    """Convert RGB or RGBA pixels (H, W, C) to other channels."""
    if in_channels == 1:
        return cv2.cvtColor(pixels[..., :3], cv2.COLOR_RGB2GRAY)[..., None]
    if pixels.shape[2] < in_channels:
        raise ValueError(_wrong_channels(pixels.shape[2], in_channels))
    return pixels[..., :in_channels]


def _wrong_channels(channels: int, in_channels: int) -> str:
    return (
        f"it has {channels} channels, and LoadImage(in_channels={in_channels}) reads {in_channels}"
    )
