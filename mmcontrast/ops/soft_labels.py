"""Masks and keypoints as soft labels on a feature map, and back.

Shapes: H x W pixels, h x w feature cells, M classes, J keypoints.
"""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

_EPS = 1e-12
GAUSSIAN_SIGMA = 4.0
"""Standard deviation of a keypoint's heat map, in pixels of the source (VFS on JHMDB)."""


def resize_ids(ids_HW: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize a map of ids to the nearest pixel, by Pillow.

    Where the center of a target pixel falls between two source pixels, Pillow decides by the
    rounding errors of a running sum. ``F.interpolate`` (``nearest`` or ``nearest-exact``) decides
    otherwise: from 480x640 to 720x960 in a quarter of all pixels.

    Args:
        ids_HW: Whole numbers of any dtype, below 2^31.
        size: Rows and columns of the result.

    Returns:
        Ids of the same dtype, on the same device.
    """
    image = Image.fromarray(ids_HW.cpu().to(torch.int32).numpy())
    resized = image.resize((size[1], size[0]), Image.Resampling.NEAREST)
    return torch.from_numpy(np.array(resized)).to(ids_HW)


def mask_to_labels(
    mask_HW: Tensor,
    grid: tuple[int, int],
    num_classes: int | None = None,
    soft: bool = False,
    input_size: tuple[int, int] | None = None,
) -> Tensor:
    """Encode a mask as one channel per class, at the resolution of the features.

    Args:
        mask_HW: Class ids, whole numbers from 0.
        grid: Rows and columns of the feature map.
        num_classes: M; by default the highest id of the full mask plus one, so that an object too
            small for the grid keeps its channel (of zeros).
        soft: Whether the one-hot maps are resized bilinearly; otherwise the ids are resized by
            :func:`resize_ids`.
        input_size: Rows and columns to which the ids are resized first; None resizes them once.

    Returns:
        (M, h, w) float32.

    Raises:
        ValueError: The mask has no object, or ids that are negative or not below ``num_classes``.
    """
    mask_HW = mask_HW.long()
    highest = int(mask_HW.max())
    if num_classes is None:
        num_classes = highest + 1
    if highest == 0:
        raise ValueError("The first mask shows no object: all its pixels are 0, the background.")
    if int(mask_HW.min()) < 0 or highest >= num_classes:
        raise ValueError(
            f"The mask's ids run from {int(mask_HW.min())} to {highest}, and there are "
            f"{num_classes} classes."
        )
    if soft:
        one_hot_MHW = F.one_hot(mask_HW, num_classes).permute(2, 0, 1).float()
        return F.interpolate(one_hot_MHW[None], grid, mode="bilinear")[0]
    if input_size is not None:
        mask_HW = resize_ids(mask_HW, input_size)
    return F.one_hot(resize_ids(mask_HW, grid), num_classes).permute(2, 0, 1).float()


def stretch(labels_MHW: Tensor) -> Tensor:
    """Bring each channel to 0..1 by its lowest and highest value; those without a positive stay."""
    low, high = labels_MHW.amin((1, 2), keepdim=True), labels_MHW.amax((1, 2), keepdim=True)
    return torch.where(high > 0, (labels_MHW - low) / (high - low + _EPS), labels_MHW)


def labels_to_mask(
    labels_Mhw: Tensor,
    size: tuple[int, int],
    stretched: bool = True,
    input_size: tuple[int, int] | None = None,
) -> Tensor:
    """Decide the class of every pixel.

    Args:
        labels_Mhw: Soft labels on the feature map.
        size: Rows and columns of the result.
        stretched: Whether :func:`stretch` is applied before the classes are compared.
        input_size: Rows and columns of the network's input, to decide there and resize the ids by
            :func:`resize_ids`. None decides at the full size.

    Returns:
        (H, W) uint8.
    """
    labels_MHW = F.interpolate(labels_Mhw[None], input_size or size, mode="bilinear")[0]
    mask_HW = (stretch(labels_MHW) if stretched else labels_MHW).argmax(0).to(torch.uint8)
    return mask_HW if input_size is None else resize_ids(mask_HW, size)


def gaussian_patch(sigma: float) -> Tensor:
    """A Gaussian of height 1 on 6 * sigma + 1 pixels a side, cut off there."""
    side = int(6 * sigma) + 1
    offset = torch.arange(side) - side // 2
    profile = torch.exp(-(offset**2) / (2 * sigma**2))
    return profile[:, None] * profile


def points_to_labels(
    points_J2: Tensor, size: tuple[int, int], sigma: float = GAUSSIAN_SIGMA
) -> Tensor:
    """Draw one heat map per keypoint, at the resolution of the image.

    Args:
        points_J2: x and y of the keypoints in pixels, from 0.
        size: Rows and columns of the image.
        sigma: Standard deviation of the Gaussian, in pixels.

    Returns:
        (J, H, W); a point whose Gaussian lies outside the image has a map of zeros.
    """
    patch = gaussian_patch(sigma)
    side = len(patch)
    maps_JHW = torch.zeros(len(points_J2), *size)
    for heat_HW, (x, y) in zip(maps_JHW, points_J2.tolist(), strict=True):
        left, top = int(x - 3 * sigma), int(y - 3 * sigma)
        rows = slice(max(top, 0), max(min(top + side, size[0]), 0))
        columns = slice(max(left, 0), max(min(left + side, size[1]), 0))
        if rows.start < rows.stop and columns.start < columns.stop:
            heat_HW[rows, columns] = patch[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]
    return maps_JHW


def labels_to_points(labels_JHW: Tensor, topk: int = 5) -> Tensor:
    """Find the mean place of each map's ``topk`` highest pixels, weighted by their values.

    Args:
        labels_JHW: Heat maps, not negative.
        topk: Number of pixels that count.

    Returns:
        (J, 2), x and y in pixels from 0; (-1, -1) for a map without a positive value.
    """
    width = labels_JHW.shape[2]
    flat_JS = labels_JHW.flatten(1)
    value_Jk, index_Jk = flat_JS.topk(min(topk, flat_JS.shape[1]))
    weight_Jk = value_Jk / value_Jk.sum(1, keepdim=True)
    x_J = (weight_Jk * (index_Jk % width)).sum(1)
    y_J = (weight_Jk * (index_Jk // width)).sum(1)
    visible_J1 = value_Jk[:, :1] > 0
    return torch.where(visible_J1, torch.stack([x_J, y_J], 1), -torch.ones(()).to(x_J))
