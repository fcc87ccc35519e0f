"""Upright images of frames that are stored with a display matrix, as phones write it."""

import numpy as np
from numpy.typing import NDArray

from mmcontrast.datasets.errors import UnreadableVideoError

_TOLERANCE = 0.02
"""Sine of the angle, about 1 degree, by which a turn may differ from a multiple of 90 degrees."""


def apply_display_matrix(
    image: NDArray[np.uint8], matrix: NDArray[np.int32], path: str
) -> NDArray[np.uint8]:
    """Rotate and flip an image as the display matrix of its video says.

    Args:
        image: Stored pixels (H, W, 3).
        matrix: Display matrix (3, 3) of ISO/IEC 14496-12 as FFmpeg returns it. With row vectors,
            ``(x, y, 1) @ matrix`` is where the stored pixel (x, y) is displayed. The scale and the
            offset are not used.
        path: File to name in an error.

    Returns:
        Displayed pixels, (H, W, 3) or (W, H, 3).

    Raises:
        UnreadableVideoError: The matrix is neither a flip nor a rotation by a multiple of 90
            degrees, nor both.
    """
    linear = matrix[:2, :2].astype(np.float64)
    scale = np.abs(linear).max()
    if scale == 0:  # unset
        return image
    (x_to_x, x_to_y), (y_to_x, y_to_y) = linear / scale
    straight, crossed = min(abs(x_to_x), abs(y_to_y)), min(abs(x_to_y), abs(y_to_x))
    if max(abs(x_to_y), abs(y_to_x)) <= _TOLERANCE and straight > _TOLERANCE:
        row_sign, column_sign = y_to_y, x_to_x
    elif max(abs(x_to_x), abs(y_to_y)) <= _TOLERANCE and crossed > _TOLERANCE:
        image = image.transpose(1, 0, 2)
        row_sign, column_sign = x_to_y, y_to_x
    else:
        raise UnreadableVideoError.of(
            path,
            "its display matrix is no flip or rotation by a multiple of 90 degrees: encode it "
            "upright with 'ffmpeg -i INPUT OUTPUT'",
        )
    image = image[:: -1 if row_sign < 0 else 1, :: -1 if column_sign < 0 else 1]
    return np.ascontiguousarray(image)


def refuse_mirrored(path: str) -> None:
    """Refuse a file whose display matrix flips: decoders that know its angle alone ignore the flip.

    Without PyAV, which reads the matrix, nothing is refused.

    Raises:
        UnreadableVideoError: The matrix exchanges left and right, with or without a rotation, or
            rotates by another angle than multiples of 90 degrees; or the file cannot be decoded.
    """
    try:
        from mmcontrast.datasets.video.pyav import display_matrix
    except ImportError:
        return
    matrix = display_matrix(path)
    if matrix is None:
        return
    apply_display_matrix(np.zeros((1, 1, 3), np.uint8), matrix, path)  # refuses other angles
    if np.linalg.det(matrix[:2, :2].astype(np.float64)) < 0:
        raise UnreadableVideoError.of(
            path, "its display matrix flips it, which this backend ignores, backend='auto' does not"
        )
