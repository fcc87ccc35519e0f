"""Masks through the videos of the embedded mini-world, for networks that see LAB.

  python tools/test.py configs/benchmarks/davis2017/mini_contrastcorr.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/mini_contrastcorr.py CHECKPOINT 2

CHECKPOINT is of configs/contrastcorr/mini.py: the network sees LAB.
Cost: less than a minute on one CPU core.
Expected: docs/results.md. Settings and figures are ours, for small frames.
Data: python tools/data/make_mini.py --out data/mini --videos
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/davis2017.py"]

model = dict(
    type="LabelPropagation",
    # ImageNet's of channels in 0..1, for bytes in LAB over 256.
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[124.16, 116.736, 103.936], std=[58.624, 57.344, 57.6]
    ),
    # res5 at stride 8.
    backbone=dict(
        type="ResNet",
        depth=18,
        base_channels=32,
        out_indices=(3,),
        strides=(1, 2, 1, 1),
        zero_init_residual=True,  # for what `random` means
        norm_cfg=dict(type="BN"),
    ),
    propagator=dict(preset="contrastcorr"),
    # Filled in by the command line.
    pretrained="",
)
test_dataloader = dict(
    dataset=dict(
        data_root="data/mini/davis",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", size=192, multiple=64),
            dict(type="ToLAB"),
            dict(type="PackInputs"),
        ],
    )
)
