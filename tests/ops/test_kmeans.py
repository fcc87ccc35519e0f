"""k-means: a trace computed elsewhere, a slow loop, scikit-learn, and degenerate data."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from mmcontrast.ops import kmeans_step as module
from mmcontrast.ops.kmeans import kmeans
from mmcontrast.ops.kmeans_step import assign_clusters, update_centroids

POINTS = torch.tensor([[0, 1], [0, 2], [0, 3], [10, 1], [10, 2], [10, 9]], dtype=torch.float64)
START = torch.tensor([[0, 2], [10, 4], [100, 100]], dtype=torch.float64)
BACKENDS = ["torch", "faiss"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "faiss":
        pytest.importorskip("faiss", reason="needs the extra 'clustering'")
    return request.param


def blobs(num_points=600, num_blobs=7, channels=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centers = 3 * torch.randn(num_blobs, channels, generator=generator)
    noise = torch.randn(num_points, channels, generator=generator)
    return centers[torch.arange(num_points) % num_blobs] + noise


def test_trace_with_an_empty_cluster(backend):
    expected = [
        ([0, 0, 0, 1, 1, 1], 40, [[0, 2.001953], [10, 4], [0, 1.998047]], 1),
        ([2, 0, 0, 1, 1, 1], 39.992199, [[0, 2.5], [10, 4], [0, 1]], 0),
        ([2, 0, 0, 1, 1, 1], 38.5, [[0, 2.5], [10, 4], [0, 1]], 0),
    ]
    centroids = START
    for labels, objective, means, num_splits in expected:
        nearest = assign_clusters(POINTS, centroids, backend)
        assert module.inertia(POINTS, nearest, centroids) == pytest.approx(objective, abs=1e-5)
        update = update_centroids(POINTS, nearest, centroids)
        centroids = update.centroids_KC
        assert nearest.tolist() == labels
        torch.testing.assert_close(centroids, torch.tensor(means).double(), atol=1e-6, rtol=0)
        assert update.num_splits == num_splits
    result = kmeans(POINTS, 3, start=START, backend=backend)
    assert result.labels_N.tolist() == [2, 0, 0, 1, 1, 1]
    assert result.sizes_K.tolist() == [2, 3, 1]
    assert result.inertia == pytest.approx(38.5)


def test_several_empty_clusters_take_from_the_largest_each_time():
    points = torch.arange(8.0)[:, None]
    labels = torch.tensor([0] * 5 + [1] * 3)
    update = update_centroids(points, labels, torch.zeros(5, 1))
    # 5 -> 3 + 2; then 3 and 3 are equally large, the first one gives 1; then the second.
    assert update.num_splits == 3
    up, down = 1 + 1 / 1024, 1 - 1 / 1024
    expected = [2 * down * down, 6 * down, 2 * up, 2 * down * up, 6 * up]
    torch.testing.assert_close(update.centroids_KC[:, 0], torch.tensor(expected))


@pytest.mark.parametrize("block", [2**21, 40])
def test_against_a_slow_loop(monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK_ELEMENTS", block)
    points = blobs(60)
    start = points[:4].clone()
    centroids = start.clone()
    for _ in range(5):
        labels = [
            min(range(4), key=lambda k: float((x - centroids[k]).square().sum())) for x in points
        ]
        for k in range(4):
            members = [x for x, label in zip(points, labels, strict=True) if label == k]
            centroids[k] = torch.stack(members).mean(dim=0)
    labels = [min(range(4), key=lambda k: float((x - centroids[k]).norm())) for x in points]
    result = kmeans(points, 4, num_iters=5, start=start)
    assert result.labels_N.tolist() == labels
    torch.testing.assert_close(result.centroids_KC, centroids)
    inertia = sum(
        float((x - centroids[k]).square().sum()) for x, k in zip(points, labels, strict=True)
    )
    assert result.inertia == pytest.approx(inertia, rel=1e-5)
    assert result.sizes_K.tolist() == [labels.count(k) for k in range(4)]


def test_inertia_of_scikit_learn(backend):
    points = blobs()
    start = kmeans(points, 7, num_iters=1, seed=3).centroids_KC
    theirs = KMeans(
        7, init=start.numpy(), n_init=1, max_iter=20, tol=0, algorithm="lloyd"
    ).fit(points.numpy())  # fmt: skip
    ours = kmeans(points, 7, start=start, backend=backend)
    assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-5)
    assert ours.labels_N.tolist() == theirs.labels_.tolist()


def test_result_is_a_function_of_the_seed():
    points = blobs(200)
    for start in ("random", "k-means++"):
        first, again = (kmeans(points, 7, start=start, num_iters=2, seed=4) for _ in range(2))
        other = kmeans(points, 7, start=start, num_iters=2, seed=5)
        assert torch.equal(first.labels_N, again.labels_N)
        assert torch.equal(first.centroids_KC, again.centroids_KC)
        assert not torch.equal(first.centroids_KC, other.centroids_KC)


def test_kmeans_plus_plus_finds_blobs_that_are_far_apart():
    points = 100 * torch.eye(7)[torch.arange(70) % 7] + 0.1 * torch.randn(70, 7)
    for seed in range(5):
        labels = kmeans(points, 7, start="k-means++", seed=seed, num_iters=1).labels_N
        assert len(set(labels[:7].tolist())) == 7
        assert torch.equal(labels, labels[:7].repeat(10))


def test_a_random_subset_of_many_points():
    points = blobs(2000)
    start = points[:7]  # one of each blob
    whole = kmeans(points, 7, start=start)
    part, again = (kmeans(points, 7, start=start, max_points=400) for _ in range(2))
    assert len(part.labels_N) == 2000 and part.sizes_K.sum() == 2000
    assert whole.inertia < part.inertia < 1.02 * whole.inertia
    assert torch.equal(part.labels_N, again.labels_N)
    alone = kmeans(points[:400], 7, start=start, max_points=400)
    assert torch.equal(alone.centroids_KC, kmeans(points[:400], 7, start=start).centroids_KC)


def test_points_in_a_mapped_file_and_of_half_precision(tmp_path):
    points = blobs(100).half()
    mapped = np.memmap(tmp_path / "points", np.float16, "w+", shape=tuple(points.shape))
    mapped[:] = points.numpy()
    result = kmeans(torch.from_numpy(mapped), 5)
    expected = kmeans(points.float(), 5)
    assert torch.equal(result.labels_N, expected.labels_N)
    assert result.centroids_KC.dtype == torch.float32


def test_one_cluster():
    result = kmeans(POINTS, 1)
    assert result.labels_N.tolist() == [0] * 6
    torch.testing.assert_close(result.centroids_KC[0], POINTS.mean(dim=0))


def test_as_many_clusters_as_points():
    result = kmeans(POINTS, 6, num_iters=30)
    assert sorted(result.labels_N.tolist()) == list(range(6))
    assert result.inertia == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("distinct", [1, 2])
def test_fewer_distinct_points_than_clusters(backend, distinct):
    points = torch.tensor([[1.0, 2.0], [5.0, 7.0]])[torch.arange(10) % distinct]
    with pytest.warns(UserWarning, match=rf"{distinct} of 3 clusters have points"):
        result = kmeans(points, 3, backend=backend)
    assert len(set(result.labels_N.tolist())) == distinct
    assert (result.sizes_K > 0).sum() == distinct


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(num_clusters=7), r"7 clusters need as many points .* got \(6, 2\)"),
        (dict(num_clusters=0), "num_clusters must be at least 1"),
        (dict(num_clusters=2, start="far"), "start must be 'random', 'k-means[+][+]'"),
        (dict(num_clusters=2, start=START), r"a start has shape \(2, 2\), got \(3, 2\)"),
        (dict(num_clusters=2, backend="sklearn"), "backend must be 'torch' or 'faiss'"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        kmeans(POINTS, **arguments)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_points_that_are_not_finite(value):
    points = POINTS.clone()
    points[2, 1] = value
    with pytest.raises(ValueError, match=r"not finite numbers\. Has the training diverged"):
        kmeans(points, 2)


def test_faiss_is_never_chosen_silently(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    kmeans(POINTS, 2)
    with pytest.raises(ImportError, match=r"pip install 'mmcontrast\[clustering\]'"):
        kmeans(POINTS, 2, backend="faiss")


@pytest.mark.gpu
def test_on_the_device():
    points = blobs(5000)
    expected = kmeans(points, 7, seed=1)
    results = [kmeans(points.cuda(), 7, seed=1), kmeans(points, 7, seed=1, device="cuda")]
    for result, kind in zip(results, ("cuda", "cpu"), strict=True):
        assert result.labels_N.device.type == result.centroids_KC.device.type == kind
        assert torch.equal(result.labels_N.cpu(), expected.labels_N)
    again = kmeans(points.cuda(), 7, seed=1)
    assert torch.equal(again.centroids_KC, results[0].centroids_KC)


@pytest.mark.parametrize("num_moved", [0, 3, 40, 100])
def test_sums_of_moved_points(num_moved):
    points, centroids = blobs(200), torch.zeros(7, 12)
    before = torch.arange(200) % 7
    labels = before.clone()
    labels[:num_moved] = (labels[:num_moved] + 3) % 7
    sums = module.sum_clusters(points, before, centroids)
    moved = module.move_sums(sums, points, before, labels, centroids)
    expected = module.sum_clusters(points, labels, centroids)
    torch.testing.assert_close(moved, expected, atol=1e-4, rtol=1e-5)
