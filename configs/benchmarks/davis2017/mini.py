"""Masks through the videos of the embedded mini-world.

  python tools/test.py configs/benchmarks/davis2017/mini.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/mini.py CHECKPOINT 2

CHECKPOINT, devices and other networks: docs/configs.md.
Baselines without weights: color.py and copy_first.py with --cfg-options
test_dataloader.dataset.data_root=data/mini/davis test_dataloader.dataset.pipeline.1.size=192
model.propagator.radius=6.
Cost: less than a minute on one CPU core.
Expected: docs/results.md. Settings and metrics are ours, for small frames.
Data: python tools/data/make_mini.py --out data/mini --videos
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/davis2017.py"]

model = dict(
    type="LabelPropagation",
    data_preprocessor=dict(type="ViewPreprocessor"),
    # res4 at stride 8.
    backbone=dict(
        type="ResNet",
        depth=18,
        base_channels=32,
        out_indices=(2,),
        strides=(1, 2, 1, 1),
        norm_cfg=dict(type="BN"),
    ),
    protocol="vfs_r18",
    propagator=dict(radius=6),
    pretrained="",  # filled in by the command line
)
test_dataloader = dict(
    dataset=dict(
        data_root="data/mini/davis",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", size=192),
            dict(type="PackInputs"),
        ],
    ),
)
