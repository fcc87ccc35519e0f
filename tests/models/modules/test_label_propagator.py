"""Label propagation: closed forms, all pairs, and the settings of the published methods."""

import math

import pytest
import torch
import torch.nn.functional as F

from mmcontrast.models.modules.label_propagator import LabelPropagator
from mmcontrast.models.protocols.propagation_protocols import PROPAGATION_PROTOCOLS
from mmcontrast.ops import local_affinity
from tests.ops.test_local_affinity import pairs

NEAREST = 1 / (1 + math.exp(-(1 - math.cos(math.pi / 6)) / 0.1))  # .792448


def published(name, **changes):
    return LabelPropagator(**{**PROPAGATION_PROTOCOLS[name].rule, **changes})


def four_cells(copies=0, **settings):
    """Keys at 0, 30, 60 and 90 degrees, queries at 0, 0, 90, 90; the first cell is labeled."""
    angles = torch.tensor([0.0, 30.0, 60.0, 90.0]).deg2rad()
    keys = torch.stack([angles.cos(), angles.sin()])[:, None]
    queries = torch.tensor([[[1.0, 1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0, 1.0]]])
    propagator = LabelPropagator(
        **{**dict(context=copies, first_copies=copies, radius=None, temperature=0.1), **settings}
    )
    propagator.start(keys, torch.tensor([[[1.0, 0.0, 0.0, 0.0]]]))
    return propagator.step(queries).flatten().tolist()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (dict(topk=2), [NEAREST, NEAREST, 0, 0]),
        (dict(topk=1), [1, 1, 0, 0]),
        (dict(topk=4, temperature=0.5), [0.440886, 0.440886, 0.059667, 0.059667]),
        (dict(topk=2, radius=1.5), [NEAREST, NEAREST, 0, 0]),
        # Each cell sees only itself, and one of the two keys is missing.
        (dict(topk=2, radius=1), [1, 0, 0, 0]),
        # Two copies of a frame fill the two places.
        (dict(topk=2, copies=1), [1, 1, 0, 0]),
        (dict(topk=4, copies=1), [NEAREST, NEAREST, 0, 0]),
    ],
)
def test_four_cells(settings, expected):
    assert four_cells(**settings) == pytest.approx(expected, abs=1e-6)


def test_translation_is_followed_exactly():
    frame = torch.randn(16, 12, 20, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 12, 20)
    mask[:, 3:8, 8:13] = 1
    propagator = LabelPropagator(context=20, radius=3, topk=1, temperature=0.07, first_copies=1)
    propagator.start(frame, mask)
    for shift in range(1, 6):
        labels = propagator.step(frame.roll(shift, 2))
        assert torch.equal(labels, mask.roll(shift, 2))
        assert labels.sum() == 25


def reference(frames, labels, settings, copies):
    """All pairs of cells at once; the paper's list of frames written out."""
    settings = {"unit_length": True, "joint": True, "weights": "kept", "mutual": False, **settings}
    if settings["unit_length"]:
        frames = F.normalize(frames, dim=1)
    soft = [labels]
    for t in range(1, len(frames)):
        last = [*[0] * copies, *range(1, t)][-settings["context"] :]
        affinity = torch.stack([frames[t].flatten(1).t() @ frames[i].flatten(1)
                                for i in [0, *last]], 1)  # fmt: skip
        known = torch.stack([soft[i].flatten(1).t() for i in [0, *last]])
        if settings["mutual"]:
            affinity = affinity**3 / (affinity.amax(2, keepdim=True) + 1e-5)
            affinity = affinity / (torch.stack(
                [(frames[t].flatten(1).t() @ frames[i].flatten(1)).amax(0) for i in [0, *last]]
            ) + 1e-5)  # fmt: skip
        if settings["radius"]:
            window = local_affinity.Window(settings["radius"], settings.get("window", "disc"))
            outside = ~pairs(*labels.shape[1:], window)
            first = 0 if settings.get("first_frame_local", True) else 1
            affinity[:, first:] = affinity[:, first:].masked_fill(outside[:, None], -torch.inf)
        groups = (
            [slice(None)] if settings["joint"] else [slice(i, i + 1) for i in range(len(known))]
        )
        means = []
        for group in groups:
            logits = affinity[:, group].flatten(1) / settings["temperature"]
            weights = logits.softmax(1)
            kth = logits.topk(settings["topk"]).values[:, -1:]
            weights = weights.masked_fill(logits < kth, 0)
            if settings["weights"] == "kept":
                top = logits.topk(settings["topk"])
                weights = torch.zeros_like(logits).scatter(1, top.indices, top.values.softmax(1))
            if settings["weights"] == "kept_ties":
                weights = weights / weights.sum(1, keepdim=True)
            means.append(weights @ known[group].flatten(0, 1))
        soft.append(torch.stack(means).mean(0).t().view_as(labels))
    return torch.stack(soft)


@pytest.mark.parametrize("name", PROPAGATION_PROTOCOLS)
def test_published_rules_equal_all_pairs(monkeypatch, name):
    monkeypatch.setattr(local_affinity, "_TILE", 4)
    monkeypatch.setattr(local_affinity, "_BLOCK_ELEMENTS", 5000)
    settings = {**PROPAGATION_PROTOCOLS[name].rule, "context": 4, "topk": 3}
    if settings["radius"]:
        settings["radius"] = 3
    copies = min(settings.pop("first_copies", 0), 4)
    generator = torch.Generator().manual_seed(1)
    frames = torch.rand(8, 6, 9, 11, generator=generator, dtype=torch.float64)
    labels = torch.rand(2, 9, 11, generator=generator, dtype=torch.float64)
    propagator = LabelPropagator(**settings, first_copies=copies)
    propagator.start(frames[0], labels)
    found = torch.stack([propagator.step(frame) for frame in frames[1:]])
    torch.testing.assert_close(
        found, reference(frames, labels, settings, copies)[1:], rtol=0, atol=1e-12
    )


def test_crw_starts_with_copies_that_fill_all_places():
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 8, 6, 7, generator=generator)
    labels = torch.rand(1, 6, 7, generator=generator)
    crw, nearest = published("crw"), published("crw", topk=1)
    for propagator in (crw, nearest):
        propagator.start(first, labels)
    torch.testing.assert_close(crw.step(second), nearest.step(second))


def test_a_new_video_forgets_the_old_one():
    frames = torch.randn(4, 8, 6, 7, generator=torch.Generator().manual_seed(0))
    labels = torch.eye(6, 7)[None]
    used, fresh = published("vfs_r18"), published("vfs_r18")
    used.start(frames[2, :, :3], labels[:, :3] + 1)
    used.step(frames[3, :, :3])
    for propagator in (used, fresh):
        propagator.start(frames[0], labels)
    assert torch.equal(used.step(frames[1]), fresh.step(frames[1]))


def test_memory_does_not_grow_with_the_video():
    propagator = LabelPropagator(context=3, radius=2, topk=2, temperature=0.1)
    frame = torch.randn(4, 5, 5)
    propagator.start(frame, torch.rand(1, 5, 5))
    for _ in range(9):
        propagator.step(frame)
    assert propagator._features_THWC.shape[0] == 4


def test_half_precision_features_are_compared_in_float32():
    propagator = published("vfs_r18")
    frame = torch.randn(8, 6, 7)
    propagator.start(frame.bfloat16(), torch.rand(1, 6, 7))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert propagator.step(frame.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(topk=0), "topk at least 1"),
        (dict(first_copies=30), "first_copies"),
        (dict(window="circle"), "'disc' or 'square'"),
        (dict(mutual=True), "no mutual weights"),
        (dict(radius=None, mutual=True), "'kept_ties' or 'all'"),
        (dict(joint=False, first_frame_local=False), "first_frame_local=False goes with"),
    ],
)
def test_settings_that_mean_nothing(changes, message):
    with pytest.raises(ValueError, match=message):
        published("vfs_r18", **changes)


def test_misuse():
    propagator = published("vfs_r18")
    with pytest.raises(ValueError, match="comes before step"):
        propagator.step(torch.rand(3, 4, 5))
    with pytest.raises(ValueError, match="lie on one grid"):
        propagator.start(torch.rand(3, 4, 5), torch.rand(1, 4, 6))
    propagator.start(torch.rand(3, 4, 5), torch.rand(1, 4, 5))
    with pytest.raises(ValueError, match="All frames of a video have one size"):
        propagator.step(torch.rand(3, 4, 6))
