"""Whole trainings in two processes equal those of one process on the same global batch.

Each is the method's short-run config with a tiny network, few images and its own norms (SyncBN or
SplitBN: with plain batch norm the result depends on the number of processes). The learning rate is
lower than the config's: with that one, rounding grows tenfold in a step or two. Both processes are
started once and train one method after another.
"""

import os

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from mmcontrast.apis.training.train import train
from mmcontrast.mini import make_mini
from tests.toy import ROOT, unique_run

BATCH = 8
SMALL = """
_base_ = {bases}
custom_imports = dict(imports=['tests.small'])
model = dict(
    backbone=dict(_delete_=True, type='TinyNet', norm_cfg=dict({norm})),
    {head}=dict(in_channels=24, hidden_channels=32, out_channels=16))
train_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(data_root={train!r}))
val_dataloader = dict(num_workers=0, batch_size=5)
val_evaluator = dict(k=5)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=2, val_interval=1)
param_scheduler = dict(T_max=2)
default_hooks = dict(logger=dict(interval=1), curves=None)
visualizer = dict(vis_backends=[dict(type='LocalVisBackend')])
"""
SPLIT = "type='SplitBN', num_groups=2"
NORMS = dict(simclr="type='SyncBN'", mocov2=SPLIT, densecl=SPLIT, vfs="type='SyncBN'")


def write_configs(root):
    """Write the mini-world and a config for each method."""
    make_mini(root / "data/mini", layouts=["imagenet", "videos"],
              num_images=dict(imagenet=(24, 20), videos=(16, 0)))  # fmt: skip
    for method in NORMS:
        bases = [str(ROOT / f"configs/{method}/mini.py")]
        if method == "vfs":
            bases.append(str(ROOT / "configs/_base_/data/mini_knn.py"))
        data = "data/mini/videos" if method == "vfs" else "data/mini/imagenet/train"
        head = "projector" if method == "vfs" else "neck"
        text = SMALL.format(bases=bases, norm=NORMS[method], head=head, train=data)
        (root / f"{method}.py").write_text(text)


def run(root, method, world_size):
    """Train in this process, alone or as one of two; return its model's state and the k-NN."""
    runner = train(
        str(root / f"{method}.py"),
        work_dir=str(root / method / str(world_size)),
        cfg_options=[unique_run(), f"train_dataloader.batch_size={BATCH // world_size}"],
        launcher="none" if world_size == 1 else "pytorch",
    )
    knn = runner.message_hub.get_scalar("val/knn/top1_k5").data[0]
    return runner.model.state_dict(), knn.tolist()


def work(rank, root):
    """Entry point of a process."""
    torch.set_num_threads(1)
    os.chdir(root)
    os.environ |= dict(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank))
    results = {}
    for method in NORMS:
        store = f"file://{root}/{method}.store"
        dist.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
        results[method] = run(root, method, 2)
    torch.save(results, root / f"{rank}.pth")


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    """The folder of all trainings, what one process has after them, and what each of two has."""
    root = tmp_path_factory.mktemp("trainings")
    write_configs(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        mp.spawn(work, args=(root,), nprocs=2)
        alone = {method: run(root, method, 1) for method in NORMS}
    return root, alone, [torch.load(root / f"{rank}.pth") for rank in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("method", NORMS)
def test_two_processes_train_what_one_does(method, trainings):
    root, alone, pair = trainings
    (expected, knn), (first, first_knn), (second, second_knn) = (
        results[method] for results in (alone, *pair)
    )
    assert first_knn == second_knn == pytest.approx(knn, abs=1e-5)
    assert len(knn) == 2
    saved, expected_saved = (
        torch.load(root / method / folder / "epoch_2.pth", weights_only=False) for folder in "21"
    )
    assert any(name.endswith("running_var") for name in expected)
    for name in expected:  # weights, statistics and queues
        assert torch.equal(first[name], second[name]), name
        assert torch.equal(first[name], saved["state_dict"][name]), name
        torch.testing.assert_close(first[name], expected[name], atol=1e-5, rtol=1e-5, msg=name)
    # Sums of gradients, some of them of a size of 10, to the rounding of their largest entries.
    for key, state in expected_saved["optimizer"]["state"].items():
        momentum = state["momentum_buffer"]
        torch.testing.assert_close(
            saved["optimizer"]["state"][key]["momentum_buffer"],
            momentum,
            atol=1e-5 + 5e-5 * momentum.abs().max().item(),
            rtol=0,
        )
    assert saved["param_schedulers"] == expected_saved["param_schedulers"]
    assert saved["meta"]["iter"] == expected_saved["meta"]["iter"] >= 4
