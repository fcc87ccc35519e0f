"""Two processes with half a batch each against one process with the whole batch.

The two processes are started once for the whole module and leave their results in files.
"""

import copy
import logging
import tempfile
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.model.wrappers import MMSeparateDistributedDataParallel
from mmengine.runner import Runner
from mmengine.runner.checkpoint import get_state_dict
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmcontrast.engine.clustering import ClusterSettings, FeatureFile, cluster_over_ranks
from mmcontrast.engine.hooks import ClusteringHook
from mmcontrast.engine.optimizers import OptimWrapperPerPart
from mmcontrast.models.heads import MultiStageHead
from mmcontrast.models.losses import NTXent
from mmcontrast.models.modules import SplitBN, SyncBN, gather, shuffle_batch, unshuffle
from mmcontrast.ops.distributed import gather_with_grad
from tests import clips_with_sound  # noqa: F401  registers the data set
from tests.small import (
    CONFIGS,
    UNTRAINED,
    build_method,
    make_pair,
    make_seen_batches,
    total,
    training_batch,
)

# A batch of graphs or of features is not shared out by samples; some protocols train nothing.
METHODS = [name for name in sorted(CONFIGS) if name not in ("CEGZSL", "MVGRL", *UNTRAINED)]
CASES = {
    **{name: (name, {}) for name in METHODS},
    "DenseCL geometric": ("DenseCL", dict(match="geometric")),
    "DenseCL cells": ("DenseCL", dict(dense_keys="cells")),
    "DenseCL geometric cells": ("DenseCL", dict(match="geometric", dense_keys="cells")),
    "ContrastCorr gathered": ("ContrastCorr", dict(gather_negatives=True)),
}

UNUSUAL = (
    dict(affine=False),
    dict(momentum=None),
    dict(track_running_stats=False),
    dict(affine=False, track_running_stats=False),
)
SHARES = (4, 1, 0)  # of rank 0 in a batch of 8

# Groups that two ranks share out, that divide the batch or not, that ranks share, fewer than ranks.
NORMS = {
    f"{kind.__name__} {shape} {settings}": (kind, dict(shape=shape, settings=settings))
    for kind, shape, settings in [
        *((SplitBN, (16, 5, 3, 3), dict(num_groups=groups)) for groups in (4, 6, 3, 1)),
        *((SplitBN, (14, 5), dict(num_groups=groups)) for groups in (4, 5)),
        *((SplitBN, (16, 5), dict(num_groups=4, **options)) for options in UNUSUAL),
        *((SplitBN, (16, 5), dict(num_groups=3, **options)) for options in UNUSUAL),
        *((SyncBN, (16, 5), options) for options in UNUSUAL),
    ]
}


def case_batch(case):
    """A batch of 16; for the geometric case some cells have no match, unequally over ranks."""
    batch = training_batch(CASES[case][0], 16)
    if "gathered" in case:
        batch = make_pair(16, target_side=64)
    if "geometric" in case:
        for i, sample in enumerate(batch["data_samples"]):
            sample["view1"]["box"] = (2.0 * i, 0.0, 32.0 + 2 * i, 32.0)
    return batch


def share(batch, rank, world_size):
    """The samples that MMEngine's sampler would deal to a rank."""
    return dict(
        inputs={name: view[rank::world_size] for name, view in batch["inputs"].items()},
        data_samples=batch["data_samples"][rank::world_size],
    )


def train_step(case, rank=0, world_size=1):
    """Gradients, figures and queues after two steps."""
    name, changes = CASES[case]
    method = build_method(name, **copy.deepcopy(changes))
    if "gathered" in case:
        method.set_stage(1, 0)
    model = method
    if world_size > 1:
        model = DistributedDataParallel(method, broadcast_buffers=False)
    for step in range(2):
        method.zero_grad()
        torch.manual_seed(step + 100 * rank)
        batch = method.data_preprocessor(share(case_batch(case), rank, world_size), True)
        outputs = model(**batch, mode="loss")
        total(outputs).backward()
    return dict(
        gradients={n: p.grad for n, p in method.named_parameters() if p.grad is not None},
        state=method.state_dict(),
        loss=total(outputs).detach(),
    )


def simclr_by_hand(rank=0, world_size=1):
    """A linear map, NT-Xent and the mean that DistributedDataParallel takes."""
    torch.manual_seed(0)
    weight = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    x1 = torch.randn(4, 4, dtype=torch.float64)
    x2 = torch.randn(4, 4, dtype=torch.float64)
    z1, z2 = (F.normalize(x[rank::world_size] @ weight.t(), dim=1) for x in (x1, x2))
    loss = NTXent(0.5)(z1, z2).loss.mean()
    loss.backward()
    values = torch.stack([loss.detach().double(), torch.zeros(())])
    gradient = weight.grad
    if world_size > 1:
        dist.all_reduce(gradient)
        dist.all_reduce(values)
    return dict(loss=values[0] / world_size, gradient=gradient / world_size)


def sync_bn(share=4, rank=0, world_size=1):
    """What :func:`normalize` returns, where rank 0 has ``share`` of 8 rows, rank 1 the others."""
    torch.manual_seed(0)
    x = torch.randn(8, 5, 3, 3) * torch.arange(1, 9).view(8, 1, 1, 1) + 100
    if world_size > 1:
        x = x[:share] if rank == 0 else x[share:]
    return normalize(SyncBN(5), x)


def norm_options(kind, options, rank=0, world_size=1):
    """What :func:`normalize` returns for a norm with other settings than the usual ones."""
    torch.manual_seed(0)
    x = torch.randn(*options["shape"]) * 3 + 1
    return normalize(kind(x.shape[1], **options["settings"]), x[rank::world_size], num_steps=3)


def normalize(norm, x, num_steps=1):
    """Output, gradients and statistics of a batch norm on rows of very different size."""
    if norm.affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    for step in range(num_steps):
        norm.zero_grad()
        rows = (x + step).requires_grad_()
        y = norm(rows)
        (y.cos() * torch.arange(5).view(5, *[1] * (x.dim() - 2))).sum().backward()
    grads = [parameter.grad for parameter in norm.parameters()]
    return dict(
        y=y.detach(),
        grad=rows.grad,
        parameter_grads=torch.stack(grads) if grads else torch.zeros(()),
        mean=norm.running_mean,
        var=norm.running_var,
    )


def sync_bn_without_items(rank=0, world_size=1):
    """Statistics of a batch norm that no rank has anything for, as a detector without a box."""
    norm = SyncBN(5)
    y = norm(torch.zeros(0, 5))
    return dict(shape=tuple(y.shape), mean=norm.running_mean, var=norm.running_var)


def multi_stage_head(rank=0, world_size=1):
    """Logits, gradients and statistics of the multi-stage probe's norms, which have no weights."""
    torch.manual_seed(0)
    head = MultiStageHead((3, 4), num_classes=2, max_features=12)
    maps = [torch.randn(8, c, 4, 4)[rank::world_size] for c in (3, 4)]
    logits = head(dict(stages=maps))
    sum(values.square().sum() for values in logits.values()).backward()
    return dict(
        logits=torch.cat(list(logits.values()), dim=1).detach(),
        grads=torch.cat([p.grad.flatten() for p in head.parameters()]),
        buffers=torch.cat([b.flatten() for b in head.buffers()]),
    )


def permutations(rank=0, world_size=1):
    """What shuffling and gathering do to numbered samples."""
    x = torch.arange(8)[rank::world_size]
    torch.manual_seed(3 + rank)
    shuffled, permutation = shuffle_batch(x)
    own = unshuffle(shuffled, permutation)
    with_grad = torch.arange(8.0)[rank::world_size].requires_grad_()
    (gather_with_grad(with_grad) * torch.arange(8)).sum().backward()
    # A transposed use gives a gradient with permuted strides.
    table = torch.zeros(8, 3)[rank::world_size].requires_grad_()
    (gather_with_grad(table).t() * torch.arange(24.0).view(3, 8)).sum().backward()
    return dict(
        shuffled=shuffled,
        permutation=permutation,
        own=own,
        everyone=gather(own),
        own_bytes=own.untyped_storage().nbytes(),
        gathered=gather(x),
        grad=with_grad.grad,
        table_grad=table.grad,
    )


def two_players(rank=0, world_size=1):
    """CE-GZSL after a step with two processes, or the same with the mean gradient by hand."""
    method = build_method("CEGZSL")
    if world_size == 1:
        two_players_by_hand(method)
        return method.state_dict()
    model = MMSeparateDistributedDataParallel(method, device_ids=None)
    sgd = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.1))
    wrappers = OptimWrapperPerPart(
        dict(
            critic=dict(parts=["critic", "embedding", "projection", "comparator"], **sgd),
            generator=dict(parts=["generator"], **sgd),
        )
    )(model)
    torch.manual_seed(rank)
    model.train_step(make_seen_batches(seed=rank), wrappers)
    return dict(get_state_dict(model))  # as a checkpoint has it


def two_players_by_hand(method):
    batches = [make_seen_batches(seed=rank)["inputs"] for rank in range(2)]
    noise = [torch.Generator().manual_seed(rank).get_state() for rank in range(2)]
    own = list(method.generator.parameters())
    others = [p for name, p in method.named_parameters() if not name.startswith("generator")]

    def descend(parameters, losses, k):
        gradients = []
        for rank, inputs in enumerate(batches):
            torch.set_rng_state(noise[rank])
            values = losses(inputs["feature"][k], inputs["label"][k], inputs["attributes"])
            gradients.append(torch.autograd.grad(total(values), parameters))
            noise[rank] = torch.get_rng_state()
        for parameter, one, other in zip(parameters, *gradients, strict=True):
            parameter.data -= 0.1 * (one + other) / 2

    for k in range(3):
        descend(others, method.critic_losses, k)
    descend(own, method.generator_losses, 2)


def clustering(rank=0, world_size=1):
    """Clusters and heads of XDC after two rounds of 13 videos, of which one is unreadable."""
    method = build_method("XDC")
    dataset = dict(type="mmcontrast.ClipsWithSound", augment=False, num_videos=13, broken=(5,))
    loader = Runner.build_dataloader(
        dict(
            dataset=dataset,
            batch_size=4 // world_size,
            sampler=dict(type="DefaultSampler", shuffle=True),
            collate_fn=dict(type="mmcontrast.collate"),
        )
    )
    optimizer = torch.optim.SGD(method.parameters(), lr=0.1)
    with tempfile.TemporaryDirectory() as folder:
        runner = SimpleNamespace(
            model=method,
            train_dataloader=loader,
            cfg=dict(train_dataloader=dict(dataset=dataset)),
            work_dir=folder,
            seed=3,
            message_hub=MessageHub.get_instance("clustering"),
            logger=logging.getLogger("clustering"),
            optim_wrapper=SimpleNamespace(optimizer=optimizer),
        )
        for number, settings in enumerate((dict(), dict(max_points=8))):
            ClusteringHook({}, **settings).cluster(runner, number)
        x = torch.randn(13, 6, generator=torch.Generator().manual_seed(0))
        file = FeatureFile(f"{folder}/features_{rank}", 13)
        own = [i for i in range(rank, 13, world_size) if i != 5]
        file.add(own, x[own] * torch.arange(1, 7))
        settings = ClusterSettings(3, 20, "k-means++", 10, 4, "torch", torch.device("cpu"))
        whitened = cluster_over_ranks(file, 13, settings, seed=1)
    state = {n: t for n, t in method.state_dict().items() if n.startswith(("heads", "clusters"))}
    return dict(
        **state,
        labels=whitened.labels_N,
        centroids=whitened.centroids_KC,
        matrix=whitened.whitening.matrix_DC,
    )


def everything(rank=0, world_size=1):
    """All results of one process."""
    return dict(
        steps={case: train_step(case, rank, world_size) for case in CASES},
        simclr=simclr_by_hand(rank, world_size),
        sync_bn={share: sync_bn(share, rank, world_size) for share in SHARES},
        norms={name: norm_options(*case, rank, world_size) for name, case in NORMS.items()},
        sync_bn_without_items=sync_bn_without_items(rank, world_size),
        multi_stage_head=multi_stage_head(rank, world_size),
        permutations=permutations(rank, world_size),
        two_players=two_players(rank, world_size),
        clustering=clustering(rank, world_size),
    )


def worker(rank, folder):
    """Entry point of a process."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    torch.save(everything(rank, 2), folder / f"{rank}.pth")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of one process, and of each of two."""
    folder = tmp_path_factory.mktemp("gloo")
    mp.spawn(worker, args=(folder,), nprocs=2)
    return everything(), [torch.load(folder / f"{rank}.pth") for rank in range(2)]


@pytest.mark.parametrize("case", CASES)
def test_gradients_equal_those_of_the_whole_batch(results, case):
    alone, together = results
    expected = alone["steps"][case]["gradients"]
    for rank in range(2):
        gradients = together[rank]["steps"][case]["gradients"]
        assert gradients.keys() == expected.keys()
        for name, gradient in gradients.items():
            scale = expected[name].abs().max()
            torch.testing.assert_close(
                gradient, expected[name], rtol=1e-4, atol=1e-5 + 1e-3 * scale.item(), msg=name
            )
    mean_loss = (together[0]["steps"][case]["loss"] + together[1]["steps"][case]["loss"]) / 2
    torch.testing.assert_close(mean_loss, alone["steps"][case]["loss"], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("case", [c for c in CASES if "queue_size" in CONFIGS[CASES[c][0]]])
def test_queues_equal_on_all_ranks_and_on_one_process(results, case):
    alone, together = results
    queues = [name for name in alone["steps"][case]["state"] if "queue" in name]
    assert queues
    for name in queues:
        first, second = (result["steps"][case]["state"][name] for result in together)
        assert torch.equal(first, second), name
        torch.testing.assert_close(first, alone["steps"][case]["state"][name], atol=1e-4, rtol=1e-3)


def test_known_loss_and_gradient_of_nt_xent(results):
    alone, together = results
    for result in (alone, *together):
        assert result["simclr"]["loss"].item() == pytest.approx(1.8950808813, abs=1e-6)
        assert result["simclr"]["gradient"].norm().item() == pytest.approx(0.9170452299, abs=1e-6)


@pytest.mark.parametrize("share", SHARES)
def test_batch_norm_over_processes(results, share):
    alone, together = results[0]["sync_bn"][share], [r["sync_bn"][share] for r in results[1]]
    for key in ("y", "grad"):
        found = torch.cat([mine[key] for mine in together])
        torch.testing.assert_close(found, alone[key], atol=1e-4, rtol=1e-3)
    found = sum(mine["parameter_grads"] for mine in together)
    torch.testing.assert_close(found, alone["parameter_grads"], atol=1e-4, rtol=1e-4)
    for mine in together:
        for key in ("mean", "var"):
            torch.testing.assert_close(mine[key], alone[key])


@pytest.mark.parametrize("name", NORMS)
def test_batch_norms_with_any_settings_over_processes(results, name):
    alone, together = results[0]["norms"][name], [r["norms"][name] for r in results[1]]
    for rank, mine in enumerate(together):
        torch.testing.assert_close(mine["y"], alone["y"][rank::2], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(mine["grad"], alone["grad"][rank::2], atol=1e-5, rtol=1e-4)
        for key in ("mean", "var"):
            torch.testing.assert_close(mine[key], alone[key], atol=1e-6, rtol=1e-6)
            torch.testing.assert_close(mine[key], together[0][key], atol=0, rtol=0)
    grads = sum(mine["parameter_grads"] for mine in together)
    torch.testing.assert_close(
        grads, alone["parameter_grads"] * (1 if grads.dim() else 2), atol=1e-5, rtol=1e-4
    )


@pytest.mark.parametrize("case", CASES)
def test_running_statistics_equal_those_of_one_process(results, case):
    """Key encoders, projections and predictors, after two steps."""
    alone, together = (part["steps"][case]["state"] for part in (results[0], results[1][0]))
    second = results[1][1]["steps"][case]["state"]
    names = [name for name in alone if name.endswith(("running_mean", "running_var"))]
    assert names or case == "ColorReconstruction"
    for name in names:
        torch.testing.assert_close(together[name], alone[name], atol=1e-5, rtol=1e-5, msg=name)
        assert torch.equal(together[name], second[name]), name


def test_batch_norm_of_nothing_at_all_changes_nothing(results):
    for result in (results[0], *results[1]):
        found = result["sync_bn_without_items"]
        assert found["shape"] == (0, 5)
        assert torch.equal(found["mean"], torch.zeros(5))
        assert torch.equal(found["var"], torch.ones(5))


def test_multi_stage_probe_over_processes(results):
    alone, together = results[0]["multi_stage_head"], [r["multi_stage_head"] for r in results[1]]
    for rank in range(2):
        torch.testing.assert_close(together[rank]["logits"], alone["logits"][rank::2])
        torch.testing.assert_close(together[rank]["buffers"], alone["buffers"])
    torch.testing.assert_close(sum(mine["grads"] for mine in together), alone["grads"])


def test_shuffling(results):
    alone, together = results
    # The permutation is rank 0's; a rank holds every second sample of the shuffled batch.
    permutation = alone["permutations"]["permutation"]
    assert sorted(permutation.tolist()) == list(range(8))
    for rank in range(2):
        mine = together[rank]["permutations"]
        assert torch.equal(mine["permutation"], permutation)
        assert torch.equal(mine["shuffled"], permutation[rank::2])
        assert mine["own"].tolist() == list(range(rank, 8, 2))
        assert mine["own_bytes"] == 4 * 8  # no view of the global batch, which it would keep
        assert mine["everyone"].tolist() == mine["gathered"].tolist() == list(range(8))
        # Both ranks' losses hold every row: the gradient is the sum of both.
        assert mine["grad"].tolist() == [2.0 * i for i in range(rank, 8, 2)]
        assert torch.equal(mine["table_grad"], 2 * torch.arange(24.0).view(3, 8).t()[rank::2])
    assert alone["permutations"]["own"].tolist() == list(range(8))
    assert alone["permutations"]["grad"].tolist() == list(range(8))


def test_clusters_equal_those_of_one_process(results):
    alone, together = results
    expected = alone["clustering"]
    for name in ("clusters.audio.labels_N", "clusters.video.labels_N", "labels"):
        assert len(expected[name]) == 13 and expected[name][5] == -1
        assert (expected[name] >= 0).sum() == 12
    for result in together:
        assert result["clustering"].keys() == expected.keys()
        for name, value in result["clustering"].items():
            torch.testing.assert_close(value, expected[name], atol=1e-4, rtol=1e-4, msg=name)
            assert torch.equal(value, together[0]["clustering"][name]), name


def test_two_optimizers_over_processes(results):
    alone, together = results
    for result in together:
        assert result["two_players"].keys() == alone["two_players"].keys()
        for name, value in result["two_players"].items():
            torch.testing.assert_close(value, alone["two_players"][name], msg=name)
