"""Diffusion against closed forms of small graphs, and its approximations against it."""

import math

import numpy as np
import pytest
import torch
from scipy import sparse

from mmcontrast.ops.diffusion import (
    _heat_weights,
    _ppr_products,
    above,
    apply_heat,
    apply_ppr,
    heat_matrix,
    largest_entries,
    ppr_matrix,
    pushed_ppr,
    to_torch,
    top_rows,
    transition,
)


def graph(num_nodes, *edges):
    """An undirected graph."""
    row, column = np.array(edges).T
    half = sparse.csr_array((np.ones(len(row)), (row, column)), shape=(num_nodes, num_nodes))
    return half + half.T


PATH = graph(3, (0, 1), (1, 2))
TAIL = graph(4, (0, 1), (0, 2), (1, 2), (2, 3))
CYCLE = graph(5, (0, 1), (1, 2), (2, 3), (3, 4), (4, 0))


def random_graph(num_nodes=60, degree=4, seed=0):
    edges = np.random.default_rng(seed).integers(0, num_nodes, (num_nodes * degree // 2, 2))
    edges = edges[edges[:, 0] != edges[:, 1]]
    return graph(num_nodes, *edges).sign()


def assert_close(found, expected, atol=1e-9):
    np.testing.assert_allclose(found, expected, atol=atol, rtol=0)


def test_transition_of_a_path():
    r = 1 / math.sqrt(6)
    assert_close(transition(PATH).toarray(), [[1 / 2, r, 0], [r, 1 / 3, r], [0, r, 1 / 2]])
    assert_close(np.linalg.eigvalsh(transition(PATH).toarray()), [-1 / 6, 1 / 2, 1])
    # The released node model's adjacency has its self-loops twice.
    r = 1 / math.sqrt(12)
    assert_close(
        transition(PATH, self_loops=2).toarray(), [[2 / 3, r, 0], [r, 1 / 2, r], [0, r, 2 / 3]]
    )


def test_ppr_in_closed_form():
    a, b, c, d = 25 / 51, 2 * math.sqrt(6) / 17, 8 / 51, 9 / 17
    assert_close(ppr_matrix(transition(PATH)), [[a, b, c], [b, d, b], [c, b, a]])
    a, b, c, d = 17 / 45, 2 * math.sqrt(2) / 9, 8 / 45, 5 / 9
    assert_close(ppr_matrix(transition(PATH, self_loops=0)), [[a, b, c], [b, d, b], [c, b, a]])
    tail = ppr_matrix(transition(TAIL))
    assert_close(tail[0], [0.4260869565, 0.2260869565, 0.2259196706, 0.1064995540])
    assert_close(tail[2], [0.2259196706, 0.2259196706, 0.4565217391, 0.2152064117])
    assert_close(tail[3, 3], 0.4347826087)
    cycle = ppr_matrix(transition(CYCLE))
    assert_close(cycle[0], np.array([61, 28, 16, 16, 28]) / 149)
    assert_close(cycle.sum(1), np.ones(5))


def test_heat_in_closed_form():
    path = heat_matrix(transition(PATH))
    assert_close(path[0], [0.3273842778, 0.3489024147, 0.2452992792])
    assert_close(path[1], [0.3489024147, 0.4302447427, 0.3489024147])
    bare = heat_matrix(transition(PATH, self_loops=0))
    assert_close(bare[0], [0.2533803235, 0.3535373393, 0.2466423765])
    assert_close(bare[1, 1], 0.5000227000)
    tail = heat_matrix(transition(TAIL))
    assert_close(tail[0], [0.2727536503, 0.2660157033, 0.2811592185, 0.1672706888])
    assert_close(tail[3], [0.1672706888, 0.1672706888, 0.2477745337, 0.2398660576])
    assert_close(heat_matrix(transition(CYCLE))[0, :3], [0.240934489, 0.2115737441, 0.1679590115])


def test_the_heat_kernel_is_no_exponential_of_each_entry():
    """The authors' code takes exp(t (A D^-1 - 1)) entry by entry."""
    looped = PATH.toarray() + np.eye(3)
    wrong = np.exp(5 * (looped / looped.sum(0) - 1))
    assert_close(wrong[0], [0.0820849986, 0.0356739933, 0.006737947])
    assert np.abs(heat_matrix(transition(PATH)) - wrong).min() > 0.2


def test_by_columns_it_is_the_same_up_to_the_degrees():
    """AD^-1 = D^1/2 T D^-1/2, so its diffusion follows from the symmetric one."""
    root = np.sqrt([2, 3, 2])
    ppr, heat = (root[:, None] * f(transition(PATH)) / root for f in (ppr_matrix, heat_matrix))
    assert_close(ppr[0], [0.4901960784, 0.2352941176, 0.1568627451])
    assert_close(ppr[1], [0.3529411765, 0.5294117647, 0.3529411765])
    assert_close((heat[0, 1], heat[1, 0]), (0.2848776287, 0.4273164430))
    assert_close(np.stack([ppr.sum(0), heat.sum(0)]), np.ones((2, 3)))


def test_isolated_nodes():
    lonely = sparse.block_diag([PATH, sparse.csr_array((1, 1))], format="csr")
    looped, bare = transition(lonely), transition(lonely, self_loops=0)
    assert_close((ppr_matrix(looped)[3, 3], heat_matrix(looped)[3, 3]), (1, 1))
    assert_close((ppr_matrix(bare)[3, 3], heat_matrix(bare)[3, 3]), (0.2, math.exp(-5)))
    for t in (looped, bare):
        assert_close(ppr_matrix(t)[3, :3], 0)
        assert_close(
            apply_ppr(to_torch(t), torch.eye(4, dtype=torch.float64), tolerance=1e-12),
            ppr_matrix(t),
        )
        assert np.isfinite(pushed_ppr(t, k=4).toarray()).all()


@pytest.mark.parametrize("matrix", [ppr_matrix, heat_matrix])
def test_properties(matrix):
    adjacency = random_graph()
    found = matrix(transition(adjacency))
    assert_close(found, found.T)
    assert np.linalg.eigvalsh(found).min() > 0
    root = np.sqrt(adjacency.sum(1) + 1)
    assert_close(found @ root, root)


@pytest.mark.parametrize(
    ("apply", "matrix", "setting", "error"),
    [(apply_ppr, ppr_matrix, {}, 1e-6), (apply_heat, heat_matrix, {}, 1e-7),
     (apply_ppr, ppr_matrix, dict(tolerance=1e-3), 1e-3),
     (apply_heat, heat_matrix, dict(tolerance=1e-3), 1e-3),
     (apply_ppr, ppr_matrix, dict(alpha=0.05), 1e-6),
     (apply_ppr, ppr_matrix, dict(alpha=0.01), 1e-6),
     (apply_ppr, ppr_matrix, dict(alpha=1.0), 1e-6),
     (apply_heat, heat_matrix, dict(time=20.0), 1e-7),
     (apply_heat, heat_matrix, dict(time=0.1), 1e-7),
     (apply_heat, heat_matrix, dict(time=200.0, tolerance=1e-12), 1e-12)],
)  # fmt: skip
def test_applied_without_the_matrix(apply, matrix, setting, error):
    """Within the tolerance for all settings: it decides on the number of products."""
    t = transition(random_graph())
    x = torch.randn(60, 300, dtype=torch.float64, requires_grad=True)  # more than one block
    exact = {name: value for name, value in setting.items() if name != "tolerance"}
    expected = torch.from_numpy(matrix(t, **exact)) @ x
    found = apply(to_torch(t), x, **setting)
    assert ((found - expected).norm() / x.norm()).item() < error
    # The worst case: the eigenvector of 1, which a diffusion leaves as it is.
    root = torch.from_numpy(t.diagonal() ** -0.5)[:, None]
    left = apply(to_torch(t), root, **setting)
    assert ((left - root).norm() / root.norm()).item() <= 1.01 * error
    (gradient,) = torch.autograd.grad(found.sin().sum(), x)
    (reference,) = torch.autograd.grad(expected.sin().sum(), x)
    assert ((gradient - reference).norm() / reference.norm()).item() < 5 * error


def test_chebyshev_needs_a_third_of_the_power_iterations_steps():
    t = transition(random_graph()).toarray()
    impulse, y = np.eye(60)[:1], 0.2 * np.eye(60)[:1]
    for _ in range(20):
        y = 0.8 * y @ t + 0.2 * impulse
    exact = ppr_matrix(sparse.csr_array(t))[:1]
    ours = apply_ppr(to_torch(sparse.csr_array(t)), torch.from_numpy(impulse.T)).numpy().T
    assert np.abs(ours - exact).max() < 1e-2 * np.abs(y - exact).max()
    assert _ppr_products(0.2, 1e-6) == 20


@pytest.mark.parametrize(("time", "count"), [(5, 14), (20, 25), (100, 54)])
def test_products_of_heat(time, count):
    assert len(_heat_weights(time, 1e-7)) == count + 1


@pytest.mark.parametrize("apply", [apply_ppr, apply_heat])
@pytest.mark.parametrize("setting", [-1.0, 0.0, math.inf, math.nan])
def test_settings_out_of_range(apply, setting):
    with pytest.raises(ValueError, match=r"got (alpha|time)=.* and tolerance=1e"):
        apply(torch.eye(2), torch.eye(2), setting)
    with pytest.raises(ValueError, match=r"got .* and tolerance=0"):
        apply(torch.eye(2), torch.eye(2), 0.5, tolerance=0.0)


def test_largest_entries_of_each_row(monkeypatch):
    t = transition(random_graph())
    exact = ppr_matrix(t)
    monkeypatch.setattr("mmcontrast.ops.diffusion._BLOCK_ELEMENTS", 60 * 7)  # nine blocks
    found = largest_entries(lambda x: apply_ppr(to_torch(t), x, tolerance=1e-12), 60, 5)
    reachable = (exact > 1e-12).sum(1)
    assert (np.diff(found.indptr) == np.minimum(reachable, 5)).all()
    assert reachable.min() == 1  # a node by itself
    for row, expected in zip(found.toarray(), exact, strict=True):
        assert_close(np.sort(row)[-5:], np.sort(expected)[-5:])
        assert_close(row[row > 0], expected[row > 0])
    everything = largest_entries(lambda x: apply_ppr(to_torch(t), x, tolerance=1e-12), 60, 99)
    assert_close(everything.toarray(), np.where(exact > 1e-12, exact, 0), atol=1e-9)


def test_pushed_walks(monkeypatch):
    t = transition(random_graph())
    exact = ppr_matrix(t)
    assert_close(pushed_ppr(t, k=60, threshold=1e-12).toarray(), exact, atol=1e-8)
    monkeypatch.setattr("mmcontrast.ops.diffusion._BLOCK_ELEMENTS", 7000)  # seven rows a block
    rough = pushed_ppr(t, k=60, threshold=1e-3).toarray()
    np.testing.assert_array_equal(
        pushed_ppr(t, k=5).toarray(), top_rows(sparse.csr_array(rough), 5).toarray()
    )
    assert (rough <= exact + 1e-12).all()
    assert rough.sum() > 0.8 * exact.sum()
    assert (rough > 0).sum() < (exact > 0).sum()


def test_sparser():
    matrix = sparse.csr_array(np.array([[0.5, 0.1, 0.4], [0.0, 0.2, 0.2], [0.0, 0.0, 0.0]]))
    assert_close(top_rows(matrix, 2).toarray(), [[0.5, 0, 0.4], [0, 0.2, 0.2], [0, 0, 0]])
    assert_close(top_rows(matrix, 1).toarray(), [[0.5, 0, 0], [0, 0.2, 0], [0, 0, 0]])
    assert_close(above(matrix, 0.2).toarray(), [[0.5, 0, 0.4], [0, 0.2, 0.2], [0, 0, 0]])
    assert_close(above(matrix.toarray(), 0.45).toarray()[0], [0.5, 0, 0])
    assert matrix.nnz == 5  # what came in is as it was


def test_a_scipy_matrix_in_torch():
    matrix = transition(random_graph()).astype(np.float32)
    x = torch.randn(60, 7)
    torch.testing.assert_close(to_torch(matrix) @ x, torch.from_numpy(matrix @ x.numpy()))
