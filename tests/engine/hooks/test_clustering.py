"""Clusters as labels: rounds, new heads, metrics, and runs that resume anywhere."""

import os
import signal
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmcontrast.apis.training.inspect import check_config
from mmcontrast.apis.training.train import train
from mmcontrast.datasets.sampling.uniform_labels import UniformLabelSampler
from mmcontrast.engine.clustering import ClusterSettings, FeatureFile, cluster_over_ranks
from mmcontrast.engine.hooks import ClusteringHook
from mmcontrast.engine.hooks.clustering import _mark_seen
from mmcontrast.ops.kmeans import kmeans
from mmcontrast.ops.partitions import normalized_mutual_information
from mmcontrast.registry import HOOKS
from mmcontrast.utils.errors import UserError
from tests.clips_with_sound import write_config
from tests.same_runs import assert_equal
from tests.toy import unique_run

SETTINGS = ClusterSettings(
    num_clusters=3, num_iters=20, start="k-means++", max_points=10**6, whiten=None,
    backend="torch", device=torch.device("cpu"),
)  # fmt: skip


class Crash(Exception):
    """Stands for a kill: nothing of ours catches it."""


@HOOKS.register_module(force=True)
class AfterClustering(Hook):
    """Note what a new round finds, break the run off behind it, or send a signal later on."""

    priority = "LOW"
    rounds: ClassVar[list] = []

    def __init__(self, crash_at=None, signal_at=None):
        self.crash_at, self.signal_at = crash_at, signal_at

    def before_train_epoch(self, runner):
        method, state = runner.model, runner.optim_wrapper.optimizer.state
        self.rounds.append(
            dict(
                epoch=runner.epoch,
                number=int(method.clustering_round),
                labels={name: part.labels_N.clone() for name, part in method.clusters.items()},
                heads=[head.weight.clone() for head in method.heads.values()],
                forgotten=not any(parameter in state for parameter in method.heads.parameters()),
                kept=all(p in state for p in method.video_backbone.parameters()),
            )
        )
        if runner.epoch == self.crash_at:
            raise Crash

    def after_train_iter(self, runner, **kwargs):
        if runner.iter + 1 == self.signal_at:
            os.kill(os.getpid(), signal.SIGTERM)


def run(config, work_dir, resume=None, **disturb):
    AfterClustering.rounds.clear()
    settings = "".join(f", {key}={value}" for key, value in disturb.items())
    extra = f"custom_hooks.append(dict(type='AfterClustering'{settings}))\n"
    path = write_config(config, extra)
    runner = train(path, work_dir=str(work_dir), resume=resume, cfg_options=[unique_run()])
    return runner, list(AfterClustering.rounds)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run: the runner, what each epoch began with, and the last checkpoint."""
    folder = tmp_path_factory.mktemp("whole")
    runner, rounds = run(folder, folder / "run")
    return runner, rounds, load(folder / "run")


def load(work_dir):
    return torch.load(work_dir / "epoch_4.pth", weights_only=False)


def assert_resumed(expected, work_dir):
    checkpoint = load(work_dir)
    for name in ("state_dict", "optimizer", "param_schedulers"):
        assert_equal(checkpoint[name], expected[name], name)
    histories = [
        c["message_hub"]["log_scalars"]["train/loss"].data[0] for c in (checkpoint, expected)
    ]
    assert (histories[0] == histories[1]).all()


def test_rounds(whole):
    _, rounds, checkpoint = whole
    assert [(r["epoch"], r["number"]) for r in rounds] == [(0, 0), (1, 0), (2, 1), (3, 1)]
    for first, second in ((0, 1), (2, 3)):
        for name, labels in rounds[first]["labels"].items():
            assert torch.equal(labels, rounds[second]["labels"][name])
            assert labels.shape == (12,) and set(labels.tolist()) <= {0, 1, 2}
    # A new round has new heads, and only the state of the old ones is forgotten.
    assert [r["forgotten"] for r in rounds] == [True, False, True, False]
    assert rounds[2]["kept"]
    for before, after in zip(rounds[1]["heads"], rounds[2]["heads"], strict=True):
        assert not torch.equal(before, after)
    assert checkpoint["state_dict"]["clustering_round"] == 1
    names = [name for name in checkpoint["state_dict"] if name.endswith("labels_N")]
    assert names == ["clusters.audio.labels_N", "clusters.video.labels_N"]


def test_labels_are_the_nearest_centroids_of_the_features(whole):
    runner = whole[0]
    hook = next(h for h in runner.hooks if isinstance(h, ClusteringHook))
    method = runner.model
    hook.cluster(runner, 2)
    loader = hook._loader(runner)
    assert not loader.dataset.augment
    for batch in loader:
        data = method.data_preprocessor(batch)
        features = method.extract(data["inputs"])
        indices = [sample["sample_idx"] for sample in data["data_samples"]]
        for name in ("video", "audio"):
            labels = method.clusters[name].look_up(indices)
            assert torch.equal(labels, method.clusters[name].assign(features[name]))
    assert os.listdir(runner.work_dir).count("clustering_") == 0
    assert not [name for name in os.listdir(runner.work_dir) if name.startswith("clustering_")]


def test_metrics_of_a_round(whole):
    _, rounds, checkpoint = whole
    scalars = checkpoint["message_hub"]["log_scalars"]
    last = {
        name.removeprefix("train/clusters/"): value.data[0]
        for name, value in scalars.items()
        if name.startswith("train/clusters/")
    }
    labels = rounds[2]["labels"]
    nmi = normalized_mutual_information(labels["video"], labels["audio"])
    assert last["nmi_between"][1] == pytest.approx(nmi)
    for name in ("video", "audio"):
        sizes = labels[name].bincount(minlength=3)
        assert last[f"{name}_empty"][1] == (sizes == 0).sum()
        assert last[f"{name}_largest"][1] == sizes.max()
        assert last[f"{name}_largest_share"][1] == pytest.approx(sizes.max().item() / 12)
        before = rounds[1]["labels"][name]
        expected = normalized_mutual_information(before, labels[name])
        assert last[f"{name}_nmi_last"].tolist() == pytest.approx([expected])


@pytest.mark.slow
def test_killed_between_clustering_and_the_next_epoch(whole, tmp_path):
    with pytest.raises(Crash):
        run(tmp_path, tmp_path / "run", crash_at=2)
    _, rounds = run(tmp_path, tmp_path / "run", resume="auto")
    assert [(r["epoch"], r["number"]) for r in rounds] == [(2, 1), (3, 1)]
    assert_resumed(whole[2], tmp_path / "run")


# In the first epoch of a round, in its last one, and at the end of a round.
@pytest.mark.slow
@pytest.mark.parametrize("at", [7, 4, 6])
def test_stopped_in_a_round(whole, tmp_path, at):
    with pytest.raises(SystemExit):
        run(tmp_path, tmp_path / "run", signal_at=at)
    _, rounds = run(tmp_path, tmp_path / "run", resume="auto")
    for mine, theirs in zip(rounds[::-1], whole[1][::-1], strict=False):
        assert mine["number"] == theirs["number"]
        assert_equal(mine["labels"], theirs["labels"], "labels")
    assert_resumed(whole[2], tmp_path / "run")


def features(num_samples=40, seed=0, channels=6):
    generator = torch.Generator().manual_seed(seed)
    centers = 4 * torch.randn(3, channels, generator=generator)
    noise = torch.randn(num_samples, channels, generator=generator)
    return centers[torch.arange(num_samples) % 3] + noise


def written(folder, x, order, batch=7):
    file = FeatureFile(folder / "features", len(x))
    for begin in range(0, len(order), batch):
        indices = order[begin : begin + batch]
        file.add(indices, x[indices])
    return file


def test_order_of_the_samples_does_not_matter(tmp_path):
    x = features()
    expected = kmeans(torch.nn.functional.normalize(x, dim=1), 3, start="k-means++", seed=5)
    for order in (list(range(40)), list(range(39, -1, -1))):
        result = cluster_over_ranks(written(tmp_path, x, order), 40, SETTINGS, 5)
        assert torch.equal(result.labels_N, expected.labels_N)
        torch.testing.assert_close(result.centroids_KC, expected.centroids_KC)


def test_a_subset_and_samples_without_features(tmp_path):
    x = features()
    order = [i for i in range(40) if i not in (3, 17)]
    settings = SETTINGS._replace(max_points=10)
    result = cluster_over_ranks(written(tmp_path, x, order), 40, settings, 1)
    assert result.labels_N[[3, 17]].tolist() == [-1, -1]
    assert (result.labels_N[order] >= 0).all()
    again = cluster_over_ranks(written(tmp_path, x, order), 40, settings, 1)
    assert torch.equal(result.labels_N, again.labels_N)


def test_whitened_features(tmp_path):
    x = features()
    x[:, 0] *= 100  # one direction that would rule alone
    file = written(tmp_path, x, list(range(40)))
    result = cluster_over_ranks(file, 40, SETTINGS._replace(whiten=256), 0)
    assert result.whitening.matrix_DC.shape == (6, 6)
    assert result.centroids_KC.shape == (3, 6)


def test_too_few_samples_and_features_that_are_not_finite(tmp_path):
    x = features(2)
    with pytest.raises(UserError, match=r"2 samples cannot form 3 clusters: set model\.num"):
        cluster_over_ranks(written(tmp_path, x, [0, 1]), 2, SETTINGS, 0)
    x = features()
    x[7, 2] = float("nan")
    with pytest.raises(UserError, match=r"not finite numbers\. Has the training diverged"):
        cluster_over_ranks(written(tmp_path, x, list(range(40))), 40, SETTINGS, 0)


def test_replaced_samples_and_repeated_ones(whole):
    runner = whole[0]
    hook = ClusteringHook(dict(augment=False, broken=(5,)))
    hook.cluster(runner, 3)
    labels = runner.model.clusters["video"].labels_N
    assert labels[5] == -1 and (labels[[*range(5), *range(6, 12)]] >= 0).all()


def test_data_sets_in_which_indices_repeat():
    seen = np.zeros(24, bool)
    _mark_seen([1, 2], seen)
    for indices in ([0, 1], [24], [5, 5]):  # seen before, too large, twice in a batch
        with pytest.raises(UserError, match="need indices 0 to 23 as their sample_idx, each once"):
            _mark_seen(indices, seen)
    assert seen.nonzero()[0].tolist() == [1, 2]


def test_labels_that_are_sampled_equally_often(whole):
    runner = whole[0]
    hook = ClusteringHook(dict(augment=False), uniform_labels="video")
    runner.model.clustering_round.fill_(runner.epoch)
    with pytest.raises(UserError, match=r"needs train_dataloader\.sampler=dict"):
        hook.before_train_epoch(runner)
    sampler = UniformLabelSampler(runner.train_dataloader.dataset, seed=0)
    loader = SimpleNamespace(sampler=sampler, batch_sampler=None)
    parts = dict(train_loop=runner.train_loop, epoch=runner.epoch, model=runner.model)
    hook.before_train_epoch(SimpleNamespace(train_dataloader=loader, **parts))
    assert torch.equal(sampler.labels_N, runner.model.clusters["video"].labels_N)


def test_settings_that_do_not_fit(tmp_path):
    path = write_config(tmp_path, "train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)\n")
    with pytest.raises(UserError, match="ClusteringHook counts epochs"):
        train(path, work_dir=str(tmp_path / "run"), cfg_options=[unique_run()])
    with pytest.raises(ValueError, match="interval must be at least 1"):
        ClusteringHook({}, interval=0)


def test_a_config_is_checked_without_clusters(tmp_path, capsys):
    check_config(write_config(tmp_path))
    assert "loss of one step 2." in capsys.readouterr().out
