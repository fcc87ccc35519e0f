"""Diffusion on graphs: PageRank and heat, whole, applied to features, or their largest entries.

    T = D^-1/2 (A + s I) D^-1/2                    transition of a graph with s self-loops a node
    S = a (I - (1 - a) T)^-1                       personalized PageRank (PPR)
    S = exp(-t (I - T))                            heat kernel

Klicpera et al., "Diffusion Improves Graph Learning", NeurIPS 2019; Hassani and Khasahmadi, ICML
2020, equations 2 to 4. T is symmetric with eigenvalues in [-1, 1], and so is S.

What is built once of a graph is a SciPy matrix; what is applied in each training step is a torch
sparse CSR matrix times features.

Shapes: V nodes, C channels of features.
"""

import functools
import math
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import linalg, sparse, special
from torch import Tensor

# Columns that are taken at a time: so many of some thousand nodes stay in a core's cache.
_COLUMNS = 128
# Entries of a block of columns when the largest ones of each are sought: 2^22 doubles are 32 MB.
_BLOCK_ELEMENTS = 2**22
# Time of heat, which takes 5,000 products then.
_LONGEST = 1e6


def transition(adjacency_VV: sparse.sparray, self_loops: float = 1.0) -> sparse.csr_array:
    """Normalize an undirected graph.

    Args:
        adjacency_VV: Adjacency matrix A, symmetric and not negative.
        self_loops: Weight s of the loop that each node gets.

    Returns:
        T in float64. The row of an isolated node without a self-loop is empty.
    """
    looped = adjacency_VV.astype(np.float64) + self_loops * sparse.eye_array(adjacency_VV.shape[0])
    degree_V = np.asarray(looped.sum(axis=1)).ravel()
    scale_V = np.divide(1, np.sqrt(degree_V), out=np.zeros_like(degree_V), where=degree_V > 0)
    scale = sparse.diags_array(scale_V)
    normalized = (scale @ looped @ scale).tocsr()
    normalized.eliminate_zeros()
    return normalized


def ppr_matrix(transition_VV: sparse.sparray, alpha: float = 0.2) -> NDArray[np.float64]:
    """PPR as a dense matrix, by inversion: for some thousand nodes (8 V^2 bytes a copy)."""
    identity = np.eye(transition_VV.shape[0])
    return alpha * linalg.inv(identity - (1 - alpha) * transition_VV.toarray(), overwrite_a=True)


def heat_matrix(transition_VV: sparse.sparray, time: float = 5.0) -> NDArray[np.float64]:
    """The heat kernel as a dense matrix, by its exponential: for some thousand nodes."""
    return linalg.expm(time * (transition_VV.toarray() - np.eye(transition_VV.shape[0])))


def apply_ppr(
    transition_VV: Tensor, features_VC: Tensor, alpha: float = 0.2, tolerance: float = 1e-6
) -> Tensor:
    """S X without S, by Chebyshev's semi-iteration for (I - (1 - a) T) Y = a X.

    With k sparse products its error is at most 2 r^(k + 1) |X|, r = g / (1 + sqrt(1 - g^2)) and
    g = 1 - a: 1e-6 takes 20 of them for a = 0.2, where the power iteration Y <- g T Y + a X takes
    62, and 44 for a = 0.05 (Golub and Varga, 1961). Memory is that of the features.

    Args:
        transition_VV: Symmetric T, sparse CSR.
        features_VC: Features X, with or without gradient; T has none.
        alpha: Probability a of going back to the start.
        tolerance: The largest error, as a part of |X|, but for that of the numbers' type.

    Raises:
        ValueError: ``alpha`` or ``tolerance`` is out of its range.
    """
    gamma, num_products = 1 - alpha, _ppr_products(alpha, tolerance)

    def solve(x: Tensor) -> Tensor:
        source = alpha * x
        before, now, omega = torch.zeros_like(x), source.clone(), 2.0
        for _ in range(num_products):
            omega = 1 / (1 - gamma**2 * omega / 4)
            # before + omega (source + gamma T now - before), in place: half the time.
            before.lerp_(source, omega)
            torch.addmm(before, transition_VV, now, alpha=omega * gamma, out=before)
            before, now = now, before
        return now

    return _SymmetricProduct.apply(features_VC, solve)


def _ppr_products(alpha: float, tolerance: float) -> int:
    """Products until Chebyshev's bound is within the tolerance."""
    _check_range("alpha", alpha, 1, tolerance)
    gamma = 1 - alpha
    rate = gamma / (1 + math.sqrt(1 - gamma**2))
    error, count = 2 * rate, 0
    while error > tolerance:
        error, count = error * rate, count + 1
    return count


def apply_heat(
    transition_VV: Tensor, features_VC: Tensor, time: float = 5.0, tolerance: float = 1e-7
) -> Tensor:
    """S X without S, by exp(-t) [I_0(t) + 2 sum_k I_k(t) C_k(T)] X.

    C_k are Chebyshev's polynomials and I_k Bessel's modified functions. The number of sparse
    products grows with the root of t only: 14 for t = 5, 25 for t = 20 and 54 for t = 100, where
    Taylor's series takes 20, 47 and 156.

    Args:
        transition_VV: Symmetric T, sparse CSR.
        features_VC: Features X, with or without gradient; T has none.
        time: Time t of diffusion.
        tolerance: The largest error, as a part of |X|, but for that of the numbers' type.

    Raises:
        ValueError: ``time`` or ``tolerance`` is out of its range.
    """
    first, second, *others = _heat_weights(time, tolerance)

    def expand(x: Tensor) -> Tensor:
        before, now = x, transition_VV @ x
        total = first * x + second * now
        for weight in others:
            before, now = now, torch.addmm(before, transition_VV, now, beta=-1, alpha=2)
            total.add_(now, alpha=weight)
        return total

    return _SymmetricProduct.apply(features_VC, expand)


def _heat_weights(time: float, tolerance: float) -> list[float]:
    """exp(-t) [I_0(t), 2 I_1(t), ...], whose sum is 1, until the rest is within the tolerance."""
    _check_range("time", time, _LONGEST, tolerance)
    weights = [float(special.ive(0, time))]
    while len(weights) < 2 or 1 - math.fsum(weights) > tolerance:
        weights.append(2 * float(special.ive(len(weights), time)))
    return weights


def _check_range(name: str, value: float, most: float, tolerance: float) -> None:
    # Less than 1e-12 is lost in the rounding of float64.
    if not (0 < value <= most and tolerance >= 1e-12):
        raise ValueError(
            f"A diffusion has {name} above 0 and up to {most:g}, and a tolerance of at least "
            f"1e-12; got {name}={value} and tolerance={tolerance}."
        )


KINDS: dict[str, Callable[..., Tensor]] = {"ppr": apply_ppr, "heat": apply_heat}


class _SymmetricProduct(torch.autograd.Function):
    """A product with a symmetric matrix: the gradient is the same product.

    Columns do not meet, so they are taken a few at a time, which stay in the cache.
    """

    @staticmethod
    def forward(ctx: object, x_VC: Tensor, product: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.product = product  # type: ignore[attr-defined]
        return _by_columns(x_VC, product)

    @staticmethod
    def backward(ctx: object, grad_VC: Tensor) -> tuple[Tensor, None]:
        return _by_columns(grad_VC, ctx.product), None  # type: ignore[attr-defined]


def _by_columns(x_VC: Tensor, product: Callable[[Tensor], Tensor]) -> Tensor:
    width = _COLUMNS if x_VC.device.type == "cpu" else x_VC.shape[1]
    return torch.cat([product(block.contiguous()) for block in x_VC.split(width, dim=1)], dim=1)


def largest_entries(
    diffuse: Callable[[Tensor], Tensor],
    num_nodes: int,
    k: int,
    progress: Callable[[int], None] | None = None,
) -> sparse.csr_array:
    """The k largest entries of each row of a symmetric diffusion matrix, which is never held.

    Args:
        diffuse: Function that multiplies by S, such as :func:`apply_ppr` with a T of float64.
        num_nodes: Number of nodes V.
        k: Number of entries to keep in a row; V for all of them.
        progress: Function that is called with the number of rows that are done.

    Returns:
        (V, V), float64; what is not positive is left out.
    """
    k = min(k, num_nodes)
    rows, columns, values = [], [], []
    for nodes in _node_blocks(num_nodes):
        impulses = torch.zeros(num_nodes, len(nodes), dtype=torch.float64)
        impulses[nodes, torch.arange(len(nodes))] = 1
        best_kN, place_kN = diffuse(impulses).topk(k, dim=0)
        rows.append(nodes.repeat(k))
        columns.append(place_kN.flatten())
        values.append(best_kN.flatten())
        if progress is not None:
            progress(int(nodes[-1]) + 1)
    row, column, value = (torch.cat(parts).numpy() for parts in (rows, columns, values))
    positive = value > 0
    shape = (num_nodes, num_nodes)
    return sparse.csr_array((value[positive], (row[positive], column[positive])), shape=shape)


def _node_blocks(num_nodes: int) -> Iterator[Tensor]:
    return iter(torch.arange(num_nodes).split(max(_BLOCK_ELEMENTS // num_nodes, 1)))


def pushed_ppr(
    transition_VV: sparse.csr_array,
    k: int,
    alpha: float = 0.2,
    threshold: float = 1e-3,
    progress: Callable[[int], None] | None = None,
) -> sparse.csr_array:
    """PPR of large graphs: walks are followed until less than ``threshold`` of one is in a place.

    Time and memory grow with the number of nodes and 1 / threshold, not with V^2; what is dropped
    is missing in the result, whose entries are too small by as much, never too large.

    Args:
        transition_VV: Transition matrix T.
        k: Number of entries to keep in a row, the largest; V for all of them.
        alpha: Probability a of going back to the start.
        threshold: Smallest part of a walk that goes on; 1e-3 keeps about four fifths of Cora's.
        progress: Function that is called with the number of rows that are done.

    Returns:
        (V, V), float64.
    """
    num_nodes = transition_VV.shape[0]
    # So many rows that what is on its way, at most 1 / threshold entries a row, stays small.
    size = max(int(_BLOCK_ELEMENTS * threshold), 1)
    identity, blocks = sparse.eye_array(num_nodes, format="csr"), []
    for start in range(0, num_nodes, size):
        walking = identity[start : start + size]
        arrived = alpha * walking
        while walking.nnz:
            walking = (1 - alpha) * (walking @ transition_VV)
            walking.data[walking.data < threshold] = 0
            walking.eliminate_zeros()
            arrived = arrived + alpha * walking
        blocks.append(top_rows(arrived, k))
        if progress is not None:
            progress(min(start + size, num_nodes))
    return sparse.vstack(blocks, format="csr")


def top_rows(matrix_VV: sparse.csr_array, k: int) -> sparse.csr_array:
    """The k largest entries of each row of a sparse matrix; of equal ones those further left."""
    matrix = sparse.csr_array(matrix_VV)
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, row))
    rank = np.arange(matrix.nnz) - matrix.indptr[row]
    kept = order[rank < k]
    return sparse.csr_array((matrix.data[kept], (row[kept], matrix.indices[kept])), matrix.shape)


def above(matrix: sparse.sparray | NDArray[np.floating], threshold: float) -> sparse.csr_array:
    """The entries of a dense or sparse matrix that are at least ``threshold``."""
    kept = sparse.csr_array(matrix, copy=True)
    kept.data[kept.data < threshold] = 0
    kept.eliminate_zeros()
    return kept


def to_torch(matrix: sparse.sparray) -> Tensor:
    """A SciPy matrix as torch's sparse CSR, with the same type of numbers."""
    csr = sparse.csr_array(matrix)
    csr.sum_duplicates()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that sparse CSR is in beta state
        return torch.sparse_csr_tensor(
            torch.from_numpy(csr.indptr.astype(np.int64)),
            torch.from_numpy(csr.indices.astype(np.int64)),
            torch.from_numpy(np.ascontiguousarray(csr.data)),
            size=csr.shape,
        )


class Diffusion:
    """S of a graph as something to multiply features with; S itself is never held.

    Args:
        transition_VV: Symmetric T, sparse CSR.
        apply: Function that computes S X from T and X.
    """

    def __init__(self, transition_VV: Tensor, apply: Callable[[Tensor, Tensor], Tensor]):
        self.transition_VV, self.apply = transition_VV, apply

    def __matmul__(self, features_VC: Tensor) -> Tensor:
        return self.apply(self.transition_VV, features_VC)


def diffusion_of(kind: str = "ppr", **settings: float) -> Callable[[Tensor], Diffusion]:
    """A function that makes a :class:`Diffusion` of a graph's T.

    Args:
        kind: Kind of diffusion, ``'ppr'`` or ``'heat'``.
        **settings: Arguments of :func:`apply_ppr` or :func:`apply_heat`.

    Raises:
        ValueError: The kind is unknown, or a setting out of its range.
        TypeError: It has no such setting.
    """
    if kind not in KINDS:
        raise ValueError(f"Diffusion is of one of the kinds {', '.join(KINDS)}, got {kind!r}.")
    apply = functools.partial(KINDS[kind], **settings)
    apply(torch.eye(1), torch.eye(1))  # settings that are wrong are so here, not in a first step
    return lambda transition_VV: Diffusion(transition_VV, apply)
