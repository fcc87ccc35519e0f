"""Correspondence of feature maps: which cells of two maps show the same.

Shapes: N images, D channels, S = H * W cells in row-major order.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


@torch.no_grad()
def match_cells(features0_NDS: Tensor, features1_NDS: Tensor) -> Tensor:
    """For every cell of view 0 the most similar cell of view 1, by cosine.

    DenseCL (Wang et al., CVPR 2021), section 3.3. Many cells may share a match; of equal
    similarities the first cell wins, so collapsed features match cell 0 everywhere.

    Args:
        features0_NDS: Features of view 0, not necessarily normalized.
        features1_NDS: Features of view 1; it may have another number of cells.

    Returns:
        (N, S), int64, indices of cells of view 1.
    """
    with torch.autocast(features0_NDS.device.type, enabled=False):
        unit0_NDS = F.normalize(features0_NDS.float(), dim=1)
        unit1_NDS = F.normalize(features1_NDS.float(), dim=1)
        return (unit0_NDS.transpose(1, 2) @ unit1_NDS).argmax(dim=2)


@torch.no_grad()
def mutual_nearest(features0_NDS: Tensor, features1_NDS: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For every cell of view 0 the most similar cell of view 1, and whether the choice is mutual.

    Pairs that choose each other and are more similar than a threshold (0.9, say) are what DenseCL's
    authors draw as correspondences.

    Args:
        features0_NDS: Features of view 0, not necessarily normalized.
        features1_NDS: Features of view 1; it may have another number of cells.

    Returns:
        (N, S) each, of view 0's cells: index of the match, int64; its cosine similarity, float32;
        whether the cell is its match's most similar one too, bool. Of equal similarities the first
        cell wins.
    """
    with torch.autocast(features0_NDS.device.type, enabled=False):
        unit0_NDS = F.normalize(features0_NDS.float(), dim=1)
        unit1_NDS = F.normalize(features1_NDS.float(), dim=1)
        cosine_NST = unit0_NDS.transpose(1, 2) @ unit1_NDS
    match_NS = cosine_NST.argmax(dim=2)
    back_NT = cosine_NST.argmax(dim=1)
    cell_S = torch.arange(match_NS.shape[1], device=match_NS.device)
    similarity_NS = cosine_NST.gather(2, match_NS[..., None]).squeeze(2)
    return match_NS, similarity_NS, back_NT.gather(1, match_NS) == cell_S


def cell_centers(box_N4: Tensor, flip_N: Tensor, grid: tuple[int, int]) -> Tensor:
    """Where the centers of a view's cells lie in the image that it was cut from.

    Args:
        box_N4: Crop boxes (x0, y0, x1, y1) in source pixels.
        flip_N: Whether the crop was mirrored left to right, bool.
        grid: Rows and columns of the feature map.

    Returns:
        (N, S, 2), x and y in source pixels.
    """
    rows, columns = grid
    y_S, x_S = torch.meshgrid(
        (torch.arange(rows, device=box_N4.device) + 0.5) / rows,
        (torch.arange(columns, device=box_N4.device) + 0.5) / columns,
        indexing="ij",
    )
    x_NS = torch.where(flip_N[:, None], 1 - x_S.flatten(), x_S.flatten())
    y_NS = y_S.flatten().expand(len(box_N4), -1)
    corner, extent = box_N4[:, None, :2], (box_N4[:, 2:] - box_N4[:, :2])[:, None]
    return corner + torch.stack([x_NS, y_NS], dim=2) * extent


@torch.no_grad()
def match_geometric(
    view0: dict[str, Tensor], view1: dict[str, Tensor], grid: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """For every cell of view 0 the cell of view 1 that covers its center.

    Args:
        view0: How view 0 was cut: ``box`` (N, 4) in source pixels and ``flip`` (N,), bool.
        view1: How view 1 was cut, likewise.
        grid: Rows and columns of both feature maps.

    Returns:
        (N, S) int64, cells of view 1, and (N, S) bool, false where the center of the cell lies
        outside view 1 (the index is then the nearest cell and means little).
    """
    rows, columns = grid
    centers_NS2 = cell_centers(view0["box"], view0["flip"], grid)
    box_N14 = view1["box"][:, None]
    # Relative position in view 1, as it was before its flip.
    relative_NS2 = (centers_NS2 - box_N14[..., :2]) / (box_N14[..., 2:] - box_N14[..., :2])
    inside_NS = ((relative_NS2 >= 0) & (relative_NS2 < 1)).all(dim=2)
    x_NS = torch.where(view1["flip"][:, None], 1 - relative_NS2[..., 0], relative_NS2[..., 0])
    column_NS = (x_NS * columns).floor().long().clamp(0, columns - 1)
    row_NS = (relative_NS2[..., 1] * rows).floor().long().clamp(0, rows - 1)
    return row_NS * columns + column_NS, inside_NS


def match_entropy(match_NS: Tensor, num_cells: int) -> Tensor:
    """How evenly an image's matches spread over the cells of the other view.

    Args:
        match_NS: Indices into ``num_cells`` cells, int64.
        num_cells: Cells of the other view.

    Returns:
        Scalar, mean over images of the entropy of the matched cell, divided by log(num_cells): 0
        where all cells match the same one (collapse), 1 where each cell is matched equally often.
        A single cell has entropy 0.
    """
    counts = torch.zeros(len(match_NS), num_cells, device=match_NS.device)
    counts.scatter_add_(1, match_NS, torch.ones_like(match_NS, dtype=counts.dtype))
    share = counts / match_NS.shape[1]
    return torch.special.entr(share).sum(dim=1).mean() / torch.log(
        torch.tensor(max(num_cells, 2), dtype=counts.dtype, device=counts.device)
    )
