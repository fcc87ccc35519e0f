"""Statistics equal those of the whole data, on one and on several processes."""

import logging
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch import nn
from torch.utils.data import DataLoader

from mmcontrast.engine.hooks import PreciseBNHook
from mmcontrast.engine.hooks.precise_bn import Moments
from mmcontrast.models.modules import SplitBN, SyncBN

# Values far from zero, of channels and items that differ much: naive sums would lose digits.
DATA = 1000 + torch.randn(14, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * torch.arange(
    1.0, 15
).view(-1, 1, 1, 1)


class Net(BaseModel):
    """A norm on the data themselves, one behind it, and one that is frozen."""

    def __init__(self, norm):
        super().__init__()
        self.first = norm(3)
        self.second = nn.Sequential(nn.Conv2d(3, 5, 1), norm(5))
        self.frozen = norm(5)

    def train(self, mode=True):
        super().train(mode)
        self.frozen.eval()
        return self

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return dict(loss=self.frozen(self.second(self.first(inputs))).sum())


class Loop(IterBasedTrainLoop):
    """As much of a loop as the hook asks for."""

    def __init__(self, iteration=0, interval=2, end=5):
        self._iter, self.val_interval, self.val_begin, self._max_iters = iteration, interval, 1, end


def make_runner(norm, batch_size=4):
    torch.manual_seed(0)
    model = Net(norm).train()
    dataset = [dict(inputs=image, data_samples=i) for i, image in enumerate(DATA)]
    return SimpleNamespace(
        model=model,
        seed=0,
        iter=0,
        logger=logging.getLogger("fake"),
        val_loop=None,
        train_loop=Loop(),
        train_dataloader=DataLoader(dataset, batch_size),
        optim_wrapper=OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)),
    )


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, SyncBN, lambda c: SplitBN(c, num_groups=2)])
def test_the_first_layer_has_the_statistics_of_the_whole_data(norm):
    """14 images in batches of 4: the last one is smaller, and counts for less."""
    runner = make_runner(norm)
    before = {name: tensor.clone() for name, tensor in runner.model.state_dict().items()}
    PreciseBNHook(num_iters=10).measure(runner)
    var, mean = torch.var_mean(DATA.double(), (0, 2, 3), correction=1)
    torch.testing.assert_close(runner.model.first.running_mean, mean.float(), rtol=1e-6, atol=0)
    torch.testing.assert_close(runner.model.first.running_var, var.float(), rtol=1e-5, atol=0)
    # Only statistics moved, and not those of a layer in eval mode.
    for name, tensor in runner.model.state_dict().items():
        moved = name.startswith(("first.running", "second.1.running"))
        assert torch.equal(tensor, before[name]) is not moved, name
    assert not any(module._forward_pre_hooks for module in runner.model.modules())


def test_a_deeper_layer_sees_what_training_gives_it():
    """Its input is normalized with each batch's own statistics; one batch: by those of the data."""
    runner = make_runner(nn.BatchNorm2d, batch_size=14)
    PreciseBNHook(num_iters=1).measure(runner)
    with torch.no_grad():
        received = runner.model.second[0](runner.model.first(DATA))
    var, mean = torch.var_mean(received, (0, 2, 3), correction=1)
    torch.testing.assert_close(runner.model.second[1].running_mean, mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(runner.model.second[1].running_var, var, rtol=1e-4, atol=1e-5)


def test_no_more_batches_than_asked_for():
    runner = make_runner(nn.BatchNorm2d)
    seen = []
    runner.model.first.register_forward_hook(lambda *_: seen.append(1))
    PreciseBNHook(num_iters=2).measure(runner)
    assert len(seen) == 2
    with pytest.raises(ValueError, match="positive"):
        PreciseBNHook(num_iters=0)


def test_it_measures_before_validations_and_at_the_end(monkeypatch):
    runner = make_runner(nn.BatchNorm2d)
    hook, measured = PreciseBNHook(), []
    monkeypatch.setattr(hook, "measure", lambda runner: measured.append(runner.train_loop.iter + 1))
    for validates, expected in ((object(), [2, 4, 5]), (None, [5])):
        runner.val_loop, measured[:] = validates, []
        for iteration in range(5):
            runner.train_loop = Loop(iteration)
            hook.after_train_iter(runner)
            hook.after_train_epoch(runner)
        assert measured == expected


def test_it_measures_after_epochs_in_a_loop_that_counts_them(monkeypatch):
    runner, hook, measured = make_runner(nn.BatchNorm2d), PreciseBNHook(), []
    runner.val_loop = object()
    monkeypatch.setattr(hook, "measure", lambda runner: measured.append(runner.train_loop.epoch))
    for epoch in range(3):
        runner.train_loop = object.__new__(EpochBasedTrainLoop)
        vars(runner.train_loop).update(
            _epoch=epoch, _max_epochs=3, _iter=0, _max_iters=30, val_begin=1, val_interval=2
        )
        hook.after_train_iter(runner)
        hook.after_train_epoch(runner)
    assert measured == [1, 2]


def _worker(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    runner = make_runner(SyncBN, batch_size=2)
    PreciseBNHook(num_iters=10).measure(runner)
    torch.save(runner.model.state_dict(), folder / f"{rank}.pth")
    dist.destroy_process_group()


def test_two_processes_measure_the_whole_data(tmp_path):
    mp.spawn(_worker, args=(tmp_path,), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pth") for rank in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    var, mean = torch.var_mean(DATA.double(), (0, 2, 3), correction=1)
    torch.testing.assert_close(first["first.running_mean"], mean.float(), rtol=1e-6, atol=0)
    torch.testing.assert_close(first["first.running_var"], var.float(), rtol=1e-5, atol=0)


def test_an_empty_batch_changes_nothing():
    """A mask head receives one where no region is positive."""
    moments = Moments(3, torch.device("cpu"))
    for part in (DATA[:5], DATA[:0], DATA[5:]):
        moments.add(part)
    var, mean = torch.var_mean(DATA.double(), (0, 2, 3), correction=1)
    torch.testing.assert_close(moments.mean_C, mean, rtol=1e-6, atol=0)
    torch.testing.assert_close(moments.variance(), var, rtol=1e-5, atol=0)
