"""The gray levels or colors of a mask whose edges are soft, anti-aliased or compressed."""

import cv2
import numpy as np
from numpy.typing import NDArray

NOISE = 10  # gray levels by which compression moves the values of an area
FLAT = 2  # gray levels by which neighbors in an area differ
_REACH = 4  # pixels over which an edge may be soft
MAX_LEVELS = 32
_MIN_SHARE = 0.3  # purity of a level, see _levels_of
_FAR = 30  # gray levels by which a pixel differs from a level that it does not belong to
_PATCH = 0.02  # share of an area's pixels below which a patch of nearly its color is noise
_MIN_THIN = 8  # pixels of an object without area


def separate_levels(
    pixels_HWC: NDArray[np.uint8], num_objects: int | None, name: str
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Assign each pixel to a gray level or color that areas of the image have.

    Levels are the values of areas, that is of pixels which equal their 3 x 3 neighborhood up to 2
    gray levels; values within 10 gray levels of a more frequent one are that one with noise. A
    pixel takes the nearest of the levels that are found within 4 pixels, so that the edge between
    0 and 255 is never an object of value 128.

    Args:
        pixels_HWC: Image.
        num_objects: Number of levels beside the background; None takes all.
        name: What the image is, for messages.

    Returns:
        Index of the level of each pixel (H, W), and levels (L, C).

    Raises:
        ValueError: There are other values than levels and edges between levels, so that the
            objects are not clear, or there are fewer levels than objects.
    """
    if num_objects == 1 and pixels_HWC.shape[2] == 1:
        levels = np.array([[pixels_HWC.min()], [pixels_HWC.max()]])
        return _nearest_in_reach(pixels_HWC, levels)[0], levels
    levels, shares = _levels_of(pixels_HWC)
    if num_objects is not None:
        if len(levels) <= num_objects:
            levels, _ = _levels_of(pixels_HWC, only_areas=False)
        if len(levels) <= num_objects:
            raise ValueError(f"{name} shows {len(levels) - 1} objects, not {num_objects}.")
        levels = levels[: num_objects + 1]
    elif len(levels) > MAX_LEVELS or (len(levels) > 2 and shares.min() < _MIN_SHARE):
        raise _unclear(name, levels)
    index, is_explained = _nearest_in_reach(pixels_HWC, levels)
    if num_objects is None and _has_other_objects(pixels_HWC, levels, is_explained):
        raise _unclear(name, levels)
    return index, levels


def _levels_of(
    pixels_HWC: NDArray[np.uint8], only_areas: bool = True
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return levels (L, C), the most frequent one first, and how pure each is (L,).

    The purity is the share of the pixels within 10 gray levels that have the very value: 1 in
    drawings, and small on the slope of a soft edge.
    """
    values: NDArray[np.uint8] = pixels_HWC.reshape(-1, pixels_HWC.shape[2])
    if only_areas:
        values = values[_is_flat(pixels_HWC).ravel()]
    colors, counts = np.unique(values, axis=0, return_counts=True)
    if not len(colors):  # An image without any area.
        return _levels_of(pixels_HWC, only_areas=False)
    order = np.argsort(-counts, kind="stable")
    colors, counts = colors[order].astype(np.int64), counts[order]
    levels, sums, shares = [], [], []
    while len(colors):
        is_near = np.abs(colors - colors[0]).max(1) <= NOISE
        levels.append(colors[0])
        sums.append(counts[is_near].sum())
        # What compression leaves beside an area is a small patch of nearly its color.
        is_patch = any(
            sums[-1] < _PATCH * total and np.abs(level - colors[0]).max() <= _FAR
            for level, total in zip(levels[:-1], sums[:-1], strict=True)
        )
        shares.append(0.0 if is_patch else counts[0] / sums[-1])
        colors, counts = colors[~is_near], counts[~is_near]
    order = np.argsort(-np.array(sums), kind="stable")
    return np.array(levels, np.uint8)[order], np.array(shares)[order]


def _is_flat(pixels_HWC: NDArray[np.uint8]) -> NDArray[np.bool_]:
    square = np.ones((3, 3), np.uint8)
    span = cv2.dilate(pixels_HWC, square) - cv2.erode(pixels_HWC, square)
    return np.atleast_3d(span).max(2) <= FLAT


def _nearest_in_reach(
    pixels_HWC: NDArray[np.uint8], levels: NDArray[np.uint8]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Find the level of each pixel.

    Returns:
        Index of the nearest level (H, W), among those in reach if these are several; and whether
        the pixel has that level up to noise, or lies at an edge between two areas (H, W).
    """
    reach = np.ones((2 * _REACH + 1,) * 2, np.uint8)
    is_flat = _is_flat(pixels_HWC)
    differences = pixels_HWC.astype(np.int32)[None] - levels.astype(np.int32)[:, None, None]
    distances = (differences**2).sum(3)
    is_near = np.abs(differences).max(3) <= NOISE
    in_reach = np.stack([cv2.dilate((near & is_flat).astype(np.uint8), reach) for near in is_near])
    is_edge = in_reach.sum(0) > 1
    # A pixel of the very value of a level belongs to it, also in a thin part without area.
    usable = in_reach.astype(bool) | ~is_edge | (distances == 0).any(0)
    index = np.where(usable, distances, np.iinfo(np.int32).max).argmin(0)
    return index, is_edge | is_near.any(0)


def _has_other_objects(
    pixels_HWC: NDArray[np.uint8], levels: NDArray[np.uint8], is_explained: NDArray[np.bool_]
) -> bool:
    """Whether there are connected pixels that are neither edges nor near any level."""
    differences = np.abs(pixels_HWC.astype(np.int32)[None] - levels.astype(np.int32)[:, None, None])
    is_far = (differences.max(3) > _FAR).all(0)
    background = differences[0].max(2) <= _FAR
    number, regions = cv2.connectedComponents((~background).astype(np.uint8))
    sizes = np.bincount(regions[is_far & ~is_explained], minlength=number)
    near = np.bincount(regions[~is_far], minlength=number)
    # With a single level beside the background, what is connected to it is its soft edge.
    is_foreign = near == 0 if len(levels) == 2 else near < sizes
    return bool(((sizes >= _MIN_THIN) & is_foreign & (np.arange(number) > 0)).any())


def _unclear(name: str, levels: NDArray) -> ValueError:
    shown = ", ".join(
        str(level.tolist() if level.size > 1 else int(level[0])) for level in levels[:8]
    )
    if levels.shape[1] == 3 and len(levels) > MAX_LEVELS:
        return ValueError(
            f"{name} has colors (mode RGB) of a photograph. A mask is a palette or gray image "
            "whose pixels are object ids, or shows each object in a color of its own."
        )
    return ValueError(
        f"{name} does not tell its objects from soft edges: its most frequent values are {shown}"
        f"{', ...' if len(levels) > 8 else ''}. Say how many objects it shows (num_objects, on the "
        "command line --num-objects), or store ids in a palette or gray PNG."
    )
