"""JHMDB keypoints, ResNet-18, with the settings of Spa-then-Temp (CVPR 2023).

  python tools/test.py configs/benchmarks/jhmdb/r18.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/jhmdb/r18.py CHECKPOINT 2

CHECKPOINT, devices and other networks: docs/configs.md.
Cost: 268 videos of up to 40 frames at 40 x 40 cells.
Expected: Spa-then-Temp itself 63.5 PCK@0.1, 83.1 @0.2 (its README). Ours: not run.
The first frame, whose joints are given, does not count; `..._with_first` counts it, as VFS did.
Data: data/JHMDB/{Rename_Images,joint_positions} and testlist_split1.txt, whose lines are
`<joint_positions.mat> <folder of frames>`.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/jhmdb.py"]

model = dict(
    type="LabelPropagation",
    data_preprocessor=dict(type="ViewPreprocessor"),
    # res4 at stride 8.
    backbone=dict(
        type="ResNet", depth=18, out_indices=(2,), strides=(1, 2, 1, 1), norm_cfg=dict(type="BN")
    ),
    protocol="vfs_r18",
    propagator=dict(radius=5, window="square"),
    pretrained="",  # filled in by the command line
)
eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=(320, 320)),
    dict(type="PackInputs"),
]
test_dataloader = dict(dataset=dict(pipeline=eval_pipeline))
