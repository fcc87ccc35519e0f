"""DAVIS 2017 by VFS' rule, ResNet-50 (Xu and Wang, ICCV 2021, section 4).

  python tools/test.py configs/benchmarks/davis2017/r50.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/r50.py CHECKPOINT 2

CHECKPOINT is of any layout that tools/export_weights.py reads, `torchvision://resnet50` the
supervised baseline, `random` that of random weights.
Cost: 1,969 frames to propagate, 14 times the operations of a ResNet-18: for a GPU.
Expected: VFS 69.5 J&F (67.0 J, 72.0 F; its README).
Ours: not run on all 30 videos; docs/results.md has what ran.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/davis2017.py"]

model = dict(
    type="LabelPropagation",
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
    ),
    # res4 at stride 8.
    backbone=dict(
        type="ResNet", depth=50, out_indices=(2,), strides=(1, 2, 1, 1), norm_cfg=dict(type="BN")
    ),
    propagator=dict(preset="vfs_r50"),
    # Filled in by the command line.
    pretrained="",
)
