"""Run folders as MMEngine writes them, and the table of the runs in them."""

import json

from mmcontrast.apis.reports.runs import find_runs
from mmcontrast.apis.reports.table import make_table

PRETRAINING = """
default_scope = 'mmcontrast'
model = dict(
    type='DenseCL', backbone=dict(type='ResNet', depth=18, base_channels=32))
train_dataloader = dict(
    batch_size=64,
    dataset=dict(type='Images', data_root='data/mini', pipeline=[
        dict(type='LoadImage'), dict(type='Views', views=[[], []])]))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
test_dataloader = dict(batch_size=100, dataset=dict(type='ConcatDataset', datasets=[
    dict(data_root='data/mini/train'), dict(data_root='data/mini/val')]))
randomness = dict(seed={seed})
load_from = {load_from!r}
"""
SEGMENTATION = """
default_scope = 'mmseg'
model = dict(
    type='EncoderDecoder',
    backbone=dict(type='mmseg.ResNet', depth=18, base_channels=32, init_cfg={init}))
train_dataloader = dict(batch_size=2, dataset=dict(data_root='data/voc'))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=300)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.05))
val_dataloader = dict(batch_size=1, dataset=dict(data_root='data/voc', ann_file='val.txt'))
randomness = dict(seed={seed})
"""
LOG = """2026/01/01 10:00:00 - mmengine - INFO -
System environment:
    Python: 3.11.7 (main) [GCC 12]
    PyTorch: 2.11.0
    seed: 0
2026/01/01 10:00:01 - mmengine - INFO - Command: tools/train.py toy.py --seed 0
2026/01/01 10:03:20 - mmengine - INFO - done
"""


def write_run(folder, config, records=(), tested=None, start="20260101_100000", tail=""):
    data = folder / start / "vis_data"
    data.mkdir(parents=True)
    (data / "config.py").write_text(config)
    (folder / "toy.py").write_text(config)
    (data.parent / f"{start}.log").write_text(LOG)
    if records:
        (data / "scalars.json").write_text("\n".join(map(json.dumps, records)) + tail)
    if tested is not None:
        (data.parent / f"{start}.json").write_text(json.dumps(tested))
    return folder


def pretraining(folder, load_from=None, seed=0, **files):
    return write_run(folder, PRETRAINING.format(load_from=load_from, seed=seed), **files)


def segmentation(folder, miou, checkpoint=None, seed=0):
    init = f"dict(type='Pretrained', checkpoint={checkpoint!r})" if checkpoint else None
    records = [dict(lr=0.1, loss=2.0, step=150), dict(mIoU=miou, step=300, time=0.1)]
    return write_run(folder, SEGMENTATION.format(init=init, seed=seed), records)


def resume(folder, config, checkpoint, start, records=()):
    """What a start of tools/train.py leaves that goes on from the run's own checkpoint."""
    config += f"\nload_from = {checkpoint!r}\nresume = True\n"
    write_run(folder, config, records, start=start)


def table_of(*folders):
    runs, _ = find_runs(folders)
    return make_table(runs, {run.folder: run.folder.name for run in runs})
