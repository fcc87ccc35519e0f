"""DAVIS 2017 by VFS' protocol, ResNet-18 (Xu and Wang, ICCV 2021, section 4).

  python tools/test.py configs/benchmarks/davis2017/r18.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/r18.py CHECKPOINT 2

CHECKPOINT, devices and other networks: docs/configs.md.
Cost: 1,969 frames to propagate, about 2 s each on one CPU core beside the network.
Expected: VFS 66.7 J&F (64.0 J, 69.5 F; its README).
Ours: not run on all 30 videos; docs/results.md has what ran.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/davis2017.py"]

model = dict(
    type="LabelPropagation",
    data_preprocessor=dict(type="ViewPreprocessor"),
    # res4 at stride 8.
    backbone=dict(
        type="ResNet", depth=18, out_indices=(2,), strides=(1, 2, 1, 1), norm_cfg=dict(type="BN")
    ),
    protocol="vfs_r18",
    pretrained="",  # filled in by the command line
)
eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=480),
    dict(type="PackInputs"),
]
test_dataloader = dict(dataset=dict(pipeline=eval_pipeline))
