"""Mini configs of all methods, shortened to six steps of tiny networks on small files."""

from pathlib import Path

from mmcontrast.mini import make_mini
from tests.datasets.video.files import scene, write_video
from tests.toy import ROOT

NUM_EPOCHS, EPOCH_STEPS = 3, 2

_COMMON = """
_base_ = {base!r}
val_dataloader = val_cfg = val_evaluator = None
test_dataloader = test_cfg = test_evaluator = None
train_cfg = dict(max_epochs={epochs}, val_interval={epochs})
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=1, max_keep_ckpts=2), curves=None)
visualizer = dict(vis_backends=[dict(type='LocalVisBackend')])
"""
_IMAGES = """
view = [
    dict(type='RandomResizedCrop', size=32, scale=(0.2, 1.0)),
    dict(type='ColorJitter', brightness=0.6, contrast=0.6, saturation=0.6, hue=0.5, p=0.8)]
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(
        data_root={data!r} + '/imagenet/train',
        pipeline=[
            dict(type='LoadImage'), dict(type='Views', views=[view, view]),
            dict(type='PackInputs')]))
"""
_HEAD = "hidden_channels=16, out_channels=8"
_VIDEOS = """
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False,
    dataset=dict(data_root={data!r} + '/clips'))
"""
_CHANGES = {
    "simclr/mini": _IMAGES + f"model = dict(backbone=dict(base_channels=4), neck=dict({_HEAD}))\n",
    "mocov2/mini": _IMAGES
    + f"model = dict(backbone=dict(base_channels=4), neck=dict({_HEAD}), queue_size=12)\n",
    "densecl/mini": _IMAGES
    + f"model = dict(backbone=dict(base_channels=4), neck=dict({_HEAD}), queue_size=12)\n",
    "vfs/mini": _VIDEOS + f"model = dict(backbone=dict(base_channels=4), projector=dict({_HEAD}),\n"
    "             predictor=dict(hidden_channels=4))\n",
    # The second stage, with other images and a restarted schedule, is the last epoch.
    "contrastcorr/mini": _VIDEOS
    + "model = dict(backbone=dict(base_channels=4), concentration_start=1)\n"
    "custom_hooks = [dict(type='StageHook', begins=[2], pipelines=[{{_base_.whole_target}}])]\n"
    "param_scheduler = dict(step_size=1, restarts=[2], end=3)\n",
    "mvgrl/mini_graph": """
train_dataloader = dict(batch_size=8, dataset=dict(data_root={data!r} + '/graphs/MINI'))
model = dict(
    encoder=dict(hidden_channels=8), node_projection=dict(in_channels=8, out_channels=8),
    graph_projection=dict(in_channels=16, out_channels=8))
""",
    "cegzsl/mini": """
source = dict(
    layout='xlsa17', features={data!r} + '/zeroshot/res101.mat',
    splits={data!r} + '/zeroshot/att_splits.mat')
train_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(source=source, num_rows=8))
model = dict(
    generator=dict(hidden_channels=16), critic=dict(hidden_channels=16),
    embedding=dict(out_channels=16), projection=dict(in_channels=16, out_channels=8),
    comparator=dict(in_channels=16, hidden_channels=16))
""",
}
METHODS = tuple(_CHANGES)
"""Names of the mini configs, below ``configs/``."""


def write_data(folder: Path) -> None:
    """Write what the mini configs read."""
    sizes = {"imagenet": (8, 1), "graphs": (20, 0), "zeroshot": (48, 32)}
    make_mini(folder, layouts=list(sizes), num_images=sizes)
    (folder / "clips").mkdir()
    for number in range(4):
        write_video(folder / f"clips/{number}.mp4", "mpeg4", 12, image=scene)


def write_config(folder: Path, method: str, data: Path) -> str:
    """Write a short form of a mini config, and return its path."""
    path = folder / f"{method.replace('/', '_')}.py"
    base = str(ROOT / f"configs/{method}.py")
    text = (_COMMON + _CHANGES[method].replace("{{", "{{{{").replace("}}", "}}}}")).format(
        base=base, data=str(data), epochs=NUM_EPOCHS
    )
    path.write_text(text)
    return str(path)
