"""The most similar cells of other feature maps, near each cell of one: without all pairs.

Queries are taken in tiles. A tile meets only the keys that a window around one of its cells covers,
so time and memory grow with the number of cells times the window, not with its square.

Shapes: H x W cells of a map, C channels, T key maps; Q queries of a block and the S cells (of each
key map) that they meet; k kept keys.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

# Sides of a tile. Small ones waste less on pairs outside the windows, large ones on overhead.
_TILE = 12
# Affinities of a block without a window: 2^24 floats are 64 MB.
_BLOCK_ELEMENTS = 2**24
_EPS = 1e-5


class Window(NamedTuple):
    """The cells that a query may look at, relative to its own place.

    Attributes:
        radius: Radius in cells. A disc holds the cells strictly nearer than this, in Euclidean
            distance; a square holds those at most so far in either direction.
        shape: ``'disc'`` or ``'square'``.
    """

    radius: float
    shape: str = "disc"

    @property
    def reach(self) -> int:
        """How many cells the window extends to either side."""
        return math.ceil(self.radius) - 1 if self.shape == "disc" else int(self.radius)

    def holds(self, dy: Tensor, dx: Tensor) -> Tensor:
        """Whether offsets, in cells, lie inside; they are broadcast."""
        if self.shape == "disc":
            return dy**2 + dx**2 < self.radius**2
        return (dy.abs() <= self.radius) & (dx.abs() <= self.radius)


class Block(NamedTuple):
    """Some queries and all keys that they may look at.

    Attributes:
        affinity_QTS: Their dot products.
        allowed_QS: Which of them lie inside the queries' windows; None if all do.
        queries_Q: Cells of the query map, row-major.
        cells_S: Cells of every key map, row-major.
    """

    affinity_QTS: Tensor
    allowed_QS: Tensor | None
    queries_Q: Tensor
    cells_S: Tensor


def affinity_blocks(
    query_HWC: Tensor, keys_THWC: Tensor, window: Window | None, mutual: bool = False
) -> Iterator[Block]:
    """Yield dot products of all queries with the keys in their windows, block by block.

    Args:
        query_HWC: Features of one map.
        keys_THWC: Features of others of its size (of any size, where there is no window).
        window: None lets every query meet every key.
        mutual: Re-weight the affinities of each pair of maps by :func:`reweight_mutually`.

    Raises:
        ValueError: The maps differ in size or channels, or ``mutual`` is asked for inside a window.
    """
    if query_HWC.shape[2] != keys_THWC.shape[3] or (
        window is not None and query_HWC.shape[:2] != keys_THWC.shape[1:3]
    ):
        raise ValueError(
            f"Maps of one size are compared, got queries {tuple(query_HWC.shape)} and keys "
            f"{tuple(keys_THWC.shape[1:])} (rows, columns, channels)."
        )
    if window is None:
        yield from _blocks_of_all(query_HWC, keys_THWC, mutual)
    elif mutual:
        raise ValueError("Mutual re-weighting looks at whole maps: it takes no window.")
    else:
        yield from _blocks_of_tiles(query_HWC, keys_THWC, window)


def _blocks_of_all(query_HWC: Tensor, keys_THWC: Tensor, mutual: bool) -> Iterator[Block]:
    queries_SC = query_HWC.flatten(0, 1)
    keys_TSC = keys_THWC.flatten(1, 2)
    num_frames, num_cells, _ = keys_TSC.shape
    keys_CX = keys_TSC.flatten(0, 1).t()
    cells_S = torch.arange(num_cells, device=keys_CX.device)
    chunk = max(_BLOCK_ELEMENTS // keys_CX.shape[1], 1)
    queries_S = torch.arange(len(queries_SC), device=keys_CX.device)

    def affinities(queries_Q: Tensor) -> Tensor:
        return (queries_SC[queries_Q] @ keys_CX).view(-1, num_frames, num_cells)

    if mutual:
        highest = [affinities(queries_Q).amax(0) for queries_Q in queries_S.split(chunk)]
        key_max_TS = torch.stack(highest).amax(0)
    for queries_Q in queries_S.split(chunk):
        affinity_QTS = affinities(queries_Q)
        if mutual:
            affinity_QTS = reweight_mutually(affinity_QTS, key_max_TS)
        yield Block(affinity_QTS, None, queries_Q, cells_S)


def _blocks_of_tiles(query_HWC: Tensor, keys_THWC: Tensor, window: Window) -> Iterator[Block]:
    rows, columns, channels = query_HWC.shape
    cells_HW = torch.arange(rows * columns, device=query_HWC.device).view(rows, columns)
    reach = window.reach
    for top, bottom in _spans(rows):
        for left, right in _spans(columns):
            key_top, key_left = max(top - reach, 0), max(left - reach, 0)
            halo = (
                slice(key_top, min(bottom + reach, rows)),
                slice(key_left, min(right + reach, columns)),
            )
            tile = (slice(top, bottom), slice(left, right))
            queries_QC = query_HWC[tile].reshape(-1, channels)
            keys_XC = keys_THWC[(slice(None), *halo)].reshape(-1, channels)
            cells_S = cells_HW[halo].flatten()
            allowed_QS = _allowed(
                window, (bottom - top, right - left), tuple(cells_HW[halo].shape),
                (top - key_top, left - key_left), query_HWC.device,
            )  # fmt: skip
            affinity_QTS = (queries_QC @ keys_XC.t()).view(len(queries_QC), len(keys_THWC), -1)
            yield Block(affinity_QTS, allowed_QS, cells_HW[tile].flatten(), cells_S)


def _spans(length: int) -> Iterator[tuple[int, int]]:
    """Cut a side into nearly equal parts of at most ``_TILE`` cells."""
    count = math.ceil(length / _TILE)
    bounds = [length * number // count for number in range(count + 1)]
    return pairwise(bounds)


@lru_cache(maxsize=128)
def _allowed(
    window: Window,
    tile: tuple[int, int],
    halo: tuple[int, int],
    offset: tuple[int, int],
    device: torch.device,
) -> Tensor:
    """Which cells of a halo lie in the windows of a tile that begins ``offset`` cells inside it."""
    dy, dx = (
        torch.arange(halo[axis], device=device)
        - (torch.arange(tile[axis], device=device) + offset[axis])[:, None]
        for axis in (0, 1)
    )
    return window.holds(dy[:, None, :, None], dx[None, :, None, :]).reshape(
        tile[0] * tile[1], halo[0] * halo[1]
    )


def reweight_mutually(affinity_QTS: Tensor, key_max_TS: Tensor) -> Tensor:
    """Weaken affinities that are not the highest of both their query and their key.

    The test-time affinity of ContrastCorr (Wang et al., AAAI 2021): ``a * (a / highest of the
    query) * (a / highest of the key)``, for each pair of maps.

    Args:
        affinity_QTS: Not negative.
        key_max_TS: Each key's highest affinity over all queries, those of other blocks included.

    Returns:
        (Q, T, S).
    """
    query_max_QT1 = affinity_QTS.amax(2, keepdim=True)
    return affinity_QTS**3 / (query_max_QT1 + _EPS) / (key_max_TS + _EPS)


def top_of_block(block: Block, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Find each query's k highest affinities over all key maps.

    Each query's k best *cells*, by their highest affinity over the maps, hold its k best keys; only
    these are ranked. Ranking all T * S keys would take longer than computing them.

    Args:
        block: Block of :func:`affinity_blocks`.
        k: Number of keys; fewer are returned where there are fewer.

    Returns:
        (Q, k) each: affinities in falling order (minus infinity where the window holds fewer than
        k keys), their key maps, and their places among the block's cells.
    """
    affinity_QTS, allowed_QS = block.affinity_QTS, block.allowed_QS
    best_QS = affinity_QTS.amax(1)
    if allowed_QS is not None:
        best_QS.masked_fill_(~allowed_QS, -torch.inf)
    place_QK = best_QS.topk(min(k, best_QS.shape[1])).indices
    num_frames, num_places = affinity_QTS.shape[1], place_QK.shape[1]
    candidates_QTK = affinity_QTS.gather(2, place_QK[:, None].expand(-1, num_frames, -1))
    if allowed_QS is not None:
        candidates_QTK.masked_fill_(~allowed_QS.gather(1, place_QK)[:, None], -torch.inf)
    top_Qk, order_Qk = candidates_QTK.flatten(1).topk(min(k, num_frames * num_places))
    return top_Qk, order_Qk // num_places, place_QK.gather(1, order_Qk % num_places)


@torch.no_grad()
def top_affinities(
    query_HWC: Tensor, keys_THWC: Tensor, k: int, window: Window | None
) -> tuple[Tensor, Tensor]:
    """Find for every cell the k most similar cells over all key maps.

    Args:
        query_HWC: Features of one map.
        keys_THWC: Features of the key maps.
        k: Number of keys.
        window: Window around each cell that holds its keys; None for whole maps.

    Returns:
        (H * W, k) each: dot products in falling order, minus infinity where the window holds fewer
        than k keys; and indices into the T * H * W keys.

    Raises:
        ValueError: The maps do not fit each other.
    """
    num_queries = query_HWC.shape[0] * query_HWC.shape[1]
    num_cells = keys_THWC.shape[1] * keys_THWC.shape[2]
    values, indices = [], []
    order = torch.empty(num_queries, dtype=torch.long, device=query_HWC.device)
    done = 0
    for block in affinity_blocks(query_HWC, keys_THWC, window):
        top_Qk, frame_Qk, place_Qk = top_of_block(block, k)
        values.append(_widen(top_Qk, k, -torch.inf))
        indices.append(_widen(frame_Qk * num_cells + block.cells_S[place_Qk], k, 0))
        order[block.queries_Q] = torch.arange(done, done + len(top_Qk), device=order.device)
        done += len(top_Qk)
    return torch.cat(values)[order], torch.cat(indices)[order]


def kept_softmax(logits_QX: Tensor, kth_Q1: Tensor, renormalize: bool) -> Tensor:
    """Softmax over all keys whose weights below the k-th highest are set to zero.

    Args:
        logits_QX: Affinities over temperature; minus infinity for keys that are not there.
        kth_Q1: The k-th highest logit of each query. All keys that tie with it stay.
        renormalize: Whether what is left sums to one again, as in DINO; in UVC it does not.

    Returns:
        Weights, (Q, X).
    """
    weights_QX = logits_QX.softmax(1).masked_fill(logits_QX < kth_Q1, 0)
    return weights_QX / weights_QX.sum(1, keepdim=True) if renormalize else weights_QX


def _widen(rows_Qk: Tensor, k: int, value: float) -> Tensor:
    """Fill rows up to ``k`` columns: a small corner may hold fewer keys than another tile."""
    return torch.nn.functional.pad(rows_Qk, (0, k - rows_Qk.shape[1]), value=value)
