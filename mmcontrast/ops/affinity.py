"""Soft correspondence between two frames: colors and coordinates propagated by an affinity.

Li et al., "Joint-task Self-supervised Learning for Temporal Correspondence", NeurIPS 2019 (UVC),
section 3; Wang et al., "Contrastive Transformation for Self-supervised Correspondence Learning",
AAAI 2021 (ContrastCorr), section 3.

The similarity of two cells is the plain product of their features, at temperature 1 and without
normalization. All of it is computed in float32, under autocast too.

Coordinates are (x, y) in -1..1 over the whole map. With ``align_corners=False``, PyTorch's meaning
of the word, -1 and 1 are the outer edges of the outer cells, so that a crop of whole cells copies
them; with True they are those cells' centers, as in the PyTorch 1.1 that the authors used.

Shapes: N videos, C channels of features, D channels of the propagated values, R feature cells of
the reference, Q of the target, M videos that are compared with.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

MAX_LOGITS = 2**24  # entries of a block of rows: 64 MiB


def similarity(reference_NCR: Tensor, target_NCQ: Tensor) -> Tensor:
    """Dot products of all features of two frames of each video, (N, R, Q), float32."""
    with _exact(reference_NCR):
        return reference_NCR.float().transpose(1, 2) @ target_NCQ.float()


def without_self(similarity_NRR: Tensor) -> Tensor:
    """Forbid that a cell of a frame is explained by itself: the diagonal becomes -1e10."""
    own = torch.eye(similarity_NRR.shape[1], dtype=torch.bool, device=similarity_NRR.device)
    return similarity_NRR.masked_fill(own, -1e10)


def propagate(values_NDR: Tensor, attention_NRQ: Tensor) -> Tensor:
    """Weighted sums of the reference's values for each cell of the target, (N, D, Q), float32.

    With the attention of the way there, transposed, this is the authors' way back: its columns do
    not sum to 1.
    """
    with _exact(values_NDR):
        return values_NDR.float() @ attention_NRQ


def coordinates(
    grid: Sequence[int], align_corners: bool = False, device: torch.device | None = None
) -> Tensor:
    """Coordinates of the centers of a map's cells.

    Args:
        grid: Rows and columns.
        align_corners: Meaning of the coordinates, see the module's docstring.
        device: Device of the result.

    Returns:
        (rows * columns, 2), x and y, row after row.
    """

    def axis(num_cells: int) -> Tensor:
        centers = (2 * torch.arange(num_cells, device=device) + 1) / num_cells - 1
        return centers * num_cells / max(num_cells - 1, 1) if align_corners else centers

    y, x = torch.meshgrid(axis(grid[0]), axis(grid[1]), indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1)


def concentration(
    attention_NQR: Tensor,
    query_grid: Sequence[int],
    key_grid: Sequence[int],
    window: int = 8,
    align_corners: bool = False,
) -> Tensor:
    """Scatter of neighboring queries: variance of their expected coordinates within windows.

    UVC's regularization, with windows that do not overlap.

    Args:
        attention_NQR: Attention of each query over the cells of the keys' map; rows sum to 1.
        query_grid: Rows and columns of the queries' map; multiples of ``window``.
        key_grid: Rows and columns of the keys' map.
        window: Cells a side of a window.
        align_corners: Meaning of the coordinates, see the module's docstring.

    Returns:
        Scalar: mean over cells, x and y of the squared distance to the window's mean. 0 where all
        queries have the same expected coordinates, as with uniform attention.

    Raises:
        ValueError: The windows do not tile the map.
    """
    height, width = query_grid
    if height % window or width % window:
        raise ValueError(
            f"Windows of {window}x{window} cells do not tile a map of {height}x{width}: choose "
            "another window, or crops of another size."
        )
    expected_NQ2 = _expected(attention_NQR, key_grid, align_corners)
    windows = expected_NQ2.view(-1, height // window, window, width // window, window, 2)
    return (windows - windows.mean(dim=(2, 4), keepdim=True)).square().mean()


def locate(attention_NRQ: Tensor, reference_grid: Sequence[int], grid: Sequence[int]) -> Tensor:
    """Locate the reference in the target frame.

    The box has the reference's size in cells; its center is the mean of the expected coordinates of
    the reference's cells. A box beyond the left or upper edge is shifted, one beyond the right or
    lower edge is cut off.

    Args:
        attention_NRQ: Attention of each cell of the reference over those of the target; rows sum
            to 1.
        reference_grid: Rows and columns of the reference.
        grid: Rows and columns of the target.

    Returns:
        (N, 4), x0, y0, x1, y1 in cells of the target, with gradient.
    """
    extent = attention_NRQ.new_tensor(grid[::-1])
    size = attention_NRQ.new_tensor(reference_grid[::-1])
    center_N2 = (_expected(attention_NRQ, grid).mean(dim=1) + 1) / 2 * extent
    first_N2 = (center_N2 - size / 2).clamp(min=0)
    last_N2 = torch.minimum(first_N2 + size, extent)
    return torch.cat([first_N2, last_N2], dim=1)


def crop(map_NDHW: Tensor, box_N4: Tensor, size: Sequence[int]) -> Tensor:
    """Cut boxes out of maps, bilinear, with a gradient for both.

    Args:
        map_NDHW: Maps or images.
        box_N4: x0, y0, x1, y1 in cells (or pixels).
        size: Height and width of the result. A box of so many whole cells is copied exactly.

    Returns:
        (N, D, *size).
    """
    extent = box_N4.new_tensor([map_NDHW.shape[3], map_NDHW.shape[2]])
    first_N12, last_N12 = box_N4[:, None, :2], box_N4[:, None, 2:]
    share_S2 = (coordinates(size, device=box_N4.device).to(box_N4.dtype) + 1) / 2
    where_NS2 = (first_N12 + share_S2 * (last_N12 - first_N12)) / extent * 2 - 1
    grid_NHW2 = where_NS2.view(-1, *size, 2).to(map_NDHW.dtype)
    return F.grid_sample(map_NDHW, grid_NHW2, padding_mode="border", align_corners=False)


def inter_video_attention(
    queries_NCQ: Tensor,
    keys_MCR: Tensor,
    values_MDR: Tensor,
    own_N: Tensor,
    max_logits: int = MAX_LOGITS,
) -> tuple[Tensor, Tensor]:
    """Propagate values from the cells of all videos to those of each, with the share of its own.

    The softmax of a query goes over all cells of all videos. Blocks of queries are computed one
    after the other, and once more in the backward pass: memory grows with the number of cells, and
    the gradients are those of the whole matrix.

    Args:
        queries_NCQ: Features of the targets.
        keys_MCR: Features of the references.
        values_MDR: Values of the references, such as their colors.
        own_N: Index of the reference that belongs to each target, int64.
        max_logits: Number of entries of the matrix that are held at a time.

    Returns:
        The propagated values (N, D, Q), and the share of each query's attention that stays in its
        own video (N, Q), float32. Zero logits give a share of 1 / M.
    """
    num_queries = queries_NCQ.shape[2]
    with _exact(queries_NCQ):
        queries = queries_NCQ.float().transpose(1, 2).flatten(0, 1)
        keys = keys_MCR.float().transpose(1, 2).flatten(0, 1)
        values = values_MDR.float().transpose(1, 2).flatten(0, 1)
        video_K = torch.arange(len(keys_MCR), device=keys.device)
        video_K = video_K.repeat_interleave(keys_MCR.shape[2])
        own_rows = own_N.repeat_interleave(num_queries)
        num_rows = max(max_logits // len(keys), 1)
        blocks = [
            checkpoint(_attend, rows, keys, values, owner, video_K, use_reentrant=False)
            for rows, owner in zip(queries.split(num_rows), own_rows.split(num_rows), strict=True)
        ]
        propagated, share = (torch.cat(parts) for parts in zip(*blocks, strict=True))
    return propagated.unflatten(0, (-1, num_queries)).transpose(1, 2), share.view(-1, num_queries)


def _exact(x: Tensor) -> torch.autocast:
    """No autocast on the tensor's device: attention is sharp, and bf16 has 8 bits."""
    return torch.autocast(x.device.type, enabled=False)


def _expected(attention_NQR: Tensor, grid: Sequence[int], align_corners: bool = False) -> Tensor:
    """Expected coordinates under the attention of each query, (N, Q, 2)."""
    places = coordinates(grid, align_corners, attention_NQR.device).to(attention_NQR.dtype)
    with _exact(attention_NQR):
        return attention_NQR @ places


def _attend(
    rows: Tensor, keys: Tensor, values: Tensor, owner: Tensor, video_K: Tensor
) -> tuple[Tensor, Tensor]:
    attention = (rows @ keys.t()).softmax(dim=1)
    share = (attention * (owner[:, None] == video_K)).sum(dim=1)
    return attention @ values, share
