"""VIP part maps, ResNet-18, with the settings of Spa-then-Temp (CVPR 2023).

  python tools/test.py configs/benchmarks/vip/r18.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/vip/r18.py CHECKPOINT 2

CHECKPOINT, devices and other networks: docs/configs.md.
Cost: 50 videos at 70 x 70 cells.
Expected: Spa-then-Temp itself 40.9 mIoU (its README). Ours: not run.
Data: data/VIP_Fine/{Images,Annotations/Category_ids,lists}.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/vip.py"]

model = dict(
    type="LabelPropagation",
    data_preprocessor=dict(type="ViewPreprocessor"),
    # res4 at stride 8.
    backbone=dict(
        type="ResNet", depth=18, out_indices=(2,), strides=(1, 2, 1, 1), norm_cfg=dict(type="BN")
    ),
    protocol="vfs_r18",
    propagator=dict(radius=16, window="square"),
    pretrained="",  # filled in by the command line
)
eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=(560, 560)),
    dict(type="PackInputs"),
]
test_dataloader = dict(dataset=dict(pipeline=eval_pipeline))
