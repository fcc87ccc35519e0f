"""Fresh views in every epoch, whatever sampler, wrapping data set and loop a config names."""

import os
import signal
import tarfile
from collections import defaultdict

import pytest
from mmengine.hooks import Hook
from torch.utils.data import Dataset, RandomSampler, Subset, WeightedRandomSampler

from mmcontrast.apis.training.train import train
from mmcontrast.registry import DATA_SAMPLERS, DATASETS, HOOKS
from mmcontrast.utils.errors import UserError
from tests.engine.test_resume import SHARDS, assert_same, load
from tests.toy import unique_run, write_config, write_images

ITERATIONS = "train_cfg = dict(type='IterBasedTrainLoop', max_iters=18)\n"
WRAP = "_images = train_dataloader.pop('dataset')\ntrain_dataloader['dataset'] = dict({})\n"
VIEWS = []  # (path, digest of the first view), in the order of training


def sampler(name):
    return f"train_dataloader['sampler'] = dict(type='{name}')\n"


def wrap(wrapper):
    return WRAP.format(f"type='{wrapper}")


@HOOKS.register_module(force=True)
class Record(Hook):
    """Remember the views, and end the run by a signal where asked to."""

    priority = "HIGHEST"

    def __init__(self, kill_at=0):
        self.kill_at = kill_at

    def before_train_iter(self, runner, data_batch=None, **kwargs):
        views, samples = data_batch["inputs"]["view0"], data_batch["data_samples"]
        for view, sample in zip(views, samples, strict=True):
            VIEWS.append((sample["path"], view.numpy().tobytes()))

    def after_train_iter(self, runner, **kwargs):
        if runner.iter + 1 == self.kill_at:
            os.kill(os.getpid(), signal.SIGTERM)


@DATASETS.register_module(force=True)
class Hidden(Dataset):
    """A wrapper of one's own, whose attribute is called as nobody expects."""

    def __init__(self, images):
        self.pictures = [DATASETS.build(images)]

    def __len__(self):
        return len(self.pictures[0])

    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError(index)
        return self.pictures[0][len(self) - 1 - index]


@DATASETS.register_module(force=True)
def torch_subset(images):
    images = DATASETS.build(images)
    return Subset(images, range(0, len(images), 2))


@DATA_SAMPLERS.register_module(force=True)
def torch_random(dataset, seed):
    return RandomSampler(dataset)


@DATA_SAMPLERS.register_module(force=True)
def torch_weighted(dataset, seed):
    return WeightedRandomSampler([1.0 + i for i in range(len(dataset))], 24)


def run(folder, extra="", *options, work_dir="run", kill_at=0, resume=None):
    """Train the toy config, and return the runner and the views that were trained on."""
    VIEWS.clear()
    hook = f"custom_hooks = [dict(type='Record', kill_at={kill_at})]\n"
    config = write_config(folder, folder / "images", extra=extra + hook)
    runner = None
    try:
        runner = train(
            str(config),
            work_dir=str(folder / work_dir),
            resume=resume,
            cfg_options=[unique_run(), *options],
        )
    except SystemExit:
        assert kill_at
    return runner, list(VIEWS)


def by_path(views):
    seen = defaultdict(list)
    for path, view in views:
        seen[path].append(view)
    return seen


@pytest.fixture(autouse=True)
def images(tmp_path):
    return write_images(tmp_path / "images")


CASES = {
    "DefaultSampler": sampler("DefaultSampler"),
    "mmengine.DefaultSampler": sampler("mmengine.DefaultSampler"),
    "in order": "train_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=False)\n",
    "torch": sampler("torch_random"),
    "with replacement": sampler("torch_weighted"),
    "iterations": ITERATIONS,
    "iterations, DefaultSampler": ITERATIONS + sampler("DefaultSampler"),
    "iterations, InfiniteSampler": ITERATIONS + sampler("InfiniteSampler"),
    "MMEngine's hook": "default_hooks['sampler_seed'] = dict(type='DistSamplerSeedHook')\n"
    + sampler("DefaultSampler"),
    "MMEngine's own hook": sampler("DefaultSampler")
    + "default_hooks['sampler_seed'] = dict(type='mmengine.DistSamplerSeedHook')\n",
    "RepeatDataset": wrap("RepeatDataset', times=2, dataset=_images"),
    "RepeatDataset, DefaultSampler": sampler("DefaultSampler")
    + wrap("mmengine.RepeatDataset', times=2, dataset=_images"),
    "ClassBalancedDataset": wrap(
        "ClassBalancedDataset', oversample_thr=0.9, dataset=dict(_images, type='ImageFolder')"
    ),
    "ConcatDataset": wrap("ConcatDataset', datasets=[_images, _images]"),
    "mmengine.ConcatDataset": wrap("mmengine.ConcatDataset', datasets=[_images, _images]"),
    "mmengine.ConcatDataset, DefaultSampler": sampler("DefaultSampler")
    + wrap("mmengine.ConcatDataset', datasets=[_images]"),
    "nested": wrap(
        "ConcatDataset', datasets=[dict(type='RepeatDataset', times=2, dataset=_images)]"
    ),
    "Subset": wrap("torch_subset', images=_images"),
    "Subset, DefaultSampler": sampler("DefaultSampler") + wrap("torch_subset', images=_images"),
    "one's own": wrap("Hidden', images=_images"),
    "one's own, DefaultSampler": sampler("DefaultSampler") + wrap("Hidden', images=_images"),
    "batches an epoch": "train_dataloader['num_batch_per_epoch'] = 3\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_no_view_comes_twice_and_a_resumed_run_has_the_same(tmp_path, name):
    runner, views = run(tmp_path, CASES[name])
    assert len(views) == 4 * runner.iter
    repeated = [path for path, own in by_path(views).items() if len(set(own)) < len(own)]
    # Two lists of the same files under one ConcatDataset of ours have the same keys.
    assert not repeated or name == "ConcatDataset"
    assert max(len(own) for own in by_path(views).values()) >= 3
    _, first = run(tmp_path, CASES[name], work_dir="cut", kill_at=8)
    _, rest = run(tmp_path, CASES[name], work_dir="cut", resume="auto")
    assert len(first) == 32 and first + rest == views
    last = sorted((tmp_path / "run").glob("[ei]*_*.pth"))[-1]
    assert_same(load(last), load(tmp_path / "cut" / last.name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iterations, InfiniteSampler", "DefaultSampler"])
def test_workers_have_the_views_of_one_process(tmp_path, name):
    _, alone = run(tmp_path, CASES[name])
    options = ("train_dataloader.num_workers=2", "train_dataloader.persistent_workers=True")
    _, views = run(tmp_path, CASES[name], *options, work_dir="workers")
    assert views == alone
    _, first = run(tmp_path, CASES[name], *options, work_dir="cut", kill_at=8)
    _, rest = run(tmp_path, CASES[name], *options, work_dir="cut", resume="auto")
    assert first + rest == views


def test_shards_in_a_loop_that_counts_iterations(tmp_path, images):
    pytest.importorskip("webdataset")
    for shard in range(2):
        with tarfile.open(tmp_path / f"{shard}.tar", "w") as tar:
            for path in sorted(images.rglob("*.png"))[shard::2]:
                tar.add(path, path.name)
    extra = ITERATIONS + SHARDS.format(shards=str(tmp_path / "{0..1}.tar"))
    _, views = run(tmp_path, extra)
    assert len(views) == 72
    assert all(len(set(own)) == len(own) == 3 for own in by_path(views).values())
    _, first = run(tmp_path, extra, work_dir="cut", kill_at=8)
    _, rest = run(tmp_path, extra, work_dir="cut", resume="auto")
    assert first + rest == views


@pytest.mark.slow
def test_no_log_advises_another_sampler(tmp_path):
    run(tmp_path, ITERATIONS + sampler("DefaultSampler"))
    (log,) = (tmp_path / "run").glob("*/*.log")
    assert "queue_age" in log.read_text() and "InfiniteSampler" not in log.read_text()


def test_an_epoch_without_an_end_is_refused(tmp_path):
    with pytest.raises(UserError, match="endless: use the sampler ResumableSampler"):
        run(tmp_path, sampler("InfiniteSampler"))
