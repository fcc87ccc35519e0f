"""Loading of images in any format that Pillow reads, as upright 8-bit RGB."""

import io
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.registry import TRANSFORMS

_ORIENTATION = 0x0112  # the EXIF tag
_SIXTEEN_BIT = ("I", "I;16", "I;16B", "I;16L", "I;16N")


class UnreadableImageError(UnreadableFileError):
    """An image is missing, corrupt or cannot be converted to 8-bit RGB."""

    kind = "image"


@TRANSFORMS.register_module()
class LoadImage:
    """Read ``results['path']`` (or decode ``results['bytes']``) as upright 8-bit RGB.

    Gray, palette and CMYK images are converted to RGB, an alpha channel is dropped, 16-bit images
    are reduced to their upper 8 bits, and the EXIF orientation is applied, so that boxes are in the
    coordinates of an image viewer. Of a file with several frames the first one is read.

    The transform adds ``image``, ``size``, ``box`` (the full image, in source pixels) and ``flip``.

    Args:
        min_side: If set, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size, as long as its short
            side has at least this many pixels. A camera's 12-megapixel image is then read several
            times faster; smaller images are not affected. ``None`` always decodes all pixels.

    Raises:
        UnreadableImageError: The file is missing, truncated, or not an image.
    """

    def __init__(self, min_side: int | None = None):
        if min_side is not None and min_side < 1:
            raise ValueError(f"LoadImage: min_side must be at least 1 pixel, got {min_side}")
        # Importing torchvision takes half a second. It is done here, since the workers of a data
        # loader inherit what the process has imported that made the transform.
        from torchvision.io import ImageReadMode, decode_jpeg

        self.min_side = min_side
        self._decode_jpeg = partial(decode_jpeg, mode=ImageReadMode.RGB)

    def __call__(self, results: dict) -> dict:
        """Apply the transform to ``results`` and return them."""
        try:
            data = results.pop("bytes", None) or Path(results["path"]).read_bytes()
            image, size = self._decode(data)
        except FileNotFoundError as error:
            raise UnreadableImageError.of(str(results["path"]), "there is no such file") from error
        except (
            OSError,
            RuntimeError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
        ) as error:
            reason = (
                "the file is empty or its format is unknown"
                if isinstance(error, UnidentifiedImageError)
                else str(error).strip().rstrip(".") or type(error).__name__
            )
            raise UnreadableImageError.of(str(results["path"]), reason) from error
        results.update(image=image, size=size, box=(0.0, 0.0, *map(float, size)), flip=False)
        return results

    def _decode(self, data: bytes) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        if data[4:8] == b"ftyp":
            _register_heif()
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            # Looking for the tag in an image without EXIF would be slow.
            has_exif = "exif" in image.info or image.format in ("TIFF", "PNG")
            orientation = image.getexif().get(_ORIENTATION, 1) if has_exif else 1
            size = (height, width) if orientation >= 5 else (width, height)
            is_jpeg = image.format == "JPEG" and image.mode in ("RGB", "L")
            divisor = self._divisor(min(size)) if is_jpeg else 1
            if is_jpeg and divisor == 1:
                # The same libjpeg-turbo and the same pixels as Pillow's, in half the time.
                encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
                pixels = self._decode_jpeg(encoded, apply_exif_orientation=orientation != 1)
                return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()), size
            if divisor > 1:
                image.draft(image.mode, (width // divisor, height // divisor))
            upright = image if orientation == 1 else ImageOps.exif_transpose(image)
            return _to_rgb(upright), size

    def _divisor(self, short_side: int) -> int:
        if self.min_side is None:
            return 1
        return next((d for d in (8, 4, 2) if short_side // d >= self.min_side), 1)


@cache
def _register_heif() -> None:
    """Let Pillow open HEIC files, if the extra ``heif`` is installed."""
    if find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode in _SIXTEEN_BIT:
        # Pillow's own conversion clips at 255 instead of scaling.
        gray = np.clip(np.asarray(image).astype(np.int64) >> 8, 0, 255).astype(np.uint8)
        return np.repeat(gray[..., None], 3, axis=2)
    if image.mode == "F":
        raise ValueError("its pixels are floats of unknown range; save it with 8 bits a channel")
    return np.array(image.convert("RGB"))
