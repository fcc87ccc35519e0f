"""A training that takes a second: real config, real images on the disk, a tiny network."""

import itertools
from pathlib import Path

import numpy as np
import yapf.yapflib.yapf_api
from PIL import Image

# MMEngine formats the config some eight times a run, which takes longer than the training here.
yapf.yapflib.yapf_api.FormatCode = lambda code, **_: (code, True)

ROOT = Path(__file__).parents[1]

_CONFIG = """
_base_ = {base!r}
custom_imports = dict(imports=['tests.small'])
model = dict(
    type='DenseCL',
    backbone=dict(type='TinyNet', norm_cfg=dict(type='SplitBN', num_groups=2)),
    neck=dict(type='DenseProjection', in_channels=24, hidden_channels=32, out_channels=16),
    loss=dict(type='InfoNCE', temperature=0.2),
    dense_loss=dict(type='InfoNCE', temperature=0.2),
    queue_size=10,
    momentum=0.9)
view = [
    dict(type='RandomResizedCrop', size=32, scale=(0.2, 1.0)),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type='HorizontalFlip', p=0.5)]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    collate_fn=dict(type='collate'),
    dataset=dict(
        type='Images',
        data_root={images!r},
        pipeline=[
            dict(type='LoadImage'),
            dict(type='Views', views=[view, view]),
            dict(type='PackInputs')]))
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4))
param_scheduler = dict(type='CosineAnnealingLR', T_max=3, eta_min=0, by_epoch=True)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3)
auto_scale_lr = dict(base_batch_size=4)
# Curves and TensorBoard take longer than the training.
default_hooks = dict(logger=dict(interval=1), curves=None)
visualizer = dict(vis_backends=[dict(type='LocalVisBackend')])

_single = [
    dict(type='LoadImage'), dict(type='Resize', size=32), dict(type='CenterCrop', size=32),
    dict(type='PackInputs')]
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='collate'),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='ImageFolder', data_root={images!r}, pipeline=_single,
                meta=dict(split=split)) for split in ('bank', 'query')]))
test_cfg = dict(type='TestLoop')
test_evaluator = dict(type='KNN', k=3)
"""
_PROBE = """
_base_ = {base!r}
custom_imports = dict(imports=['tests.small'])
model = dict(
    type={method!r},
    backbone=dict(type='TinyNet', norm_cfg=dict(type='BN')),
    head=dict(type='LinearHead', in_channels=24, num_classes=2),
    pretrained='')
_single = [
    dict(type='LoadImage'), dict(type='Resize', size=32), dict(type='CenterCrop', size=32),
    dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    collate_fn=dict(type='collate'),
    dataset=dict(type='ImageFolder', data_root={images!r}, pipeline=_single))
val_dataloader = dict(
    batch_size=5,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='collate'),
    dataset=dict(type='ImageFolder', data_root={images!r}, pipeline=_single))
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='Accuracy', topk=(1, 2))
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParameters',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0))
param_scheduler = dict(type='MultiStepLR', milestones=[2], gamma=0.1, by_epoch=True)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=3)
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(logger=dict(interval=1), curves=None)
visualizer = dict(vis_backends=[dict(type='LocalVisBackend')])
"""
_runs = itertools.count()


def write_images(folder: Path, count: int = 24) -> Path:
    """Write PNGs of two classes, light and dark noise."""
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / ("dark", "light")[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 128, (40, 40, 3), dtype=np.uint8) + 127 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return folder


def write_config(folder: Path, images: Path | None = None, extra: str = "") -> Path:
    """Write a config of 3 epochs of 6 iterations; make the images if none are given."""
    if images is None:
        images = write_images(folder / "images")
    path = folder / "toy.py"
    base = str(ROOT / "configs/_base_/default_runtime.py")
    path.write_text(_CONFIG.format(base=base, images=str(images)) + extra)
    return path


def write_probe(folder: Path, images: Path, method: str = "LinearProbe", extra: str = "") -> Path:
    """Write a config of 3 epochs of a classifier on the backbone of the other config."""
    path = folder / f"{method}.py"
    base = str(ROOT / "configs/_base_/default_runtime.py")
    path.write_text(_PROBE.format(base=base, images=str(images), method=method) + extra)
    return path


def unique_run() -> str:
    """Return an option that keeps runs of the same second apart in MMEngine's globals."""
    return f"experiment_name=toy{next(_runs)}"
