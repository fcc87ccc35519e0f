"""DAVIS 2016: all objects of a video are one; the rest as for DAVIS 2017.

  python tools/test.py configs/benchmarks/davis2016/r18.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2016/r18.py CHECKPOINT 2

CHECKPOINT is of any layout that tools/export_weights.py reads, `torchvision://resnet18` the
supervised baseline, `random` that of random weights.
Cost: as DAVIS 2017; 20 videos.
Expected: Ours: not run.
Data: as for DAVIS 2017; ImageSets/2016/val.txt has one name of a sequence a line.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/davis2017.py"]

model = dict(
    type="LabelPropagation",
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
    ),
    # res4 at stride 8.
    backbone=dict(
        type="ResNet", depth=18, out_indices=(2,), strides=(1, 2, 1, 1), norm_cfg=dict(type="BN")
    ),
    propagator=dict(preset="vfs_r18"),
    # Filled in by the command line.
    pretrained="",
)
test_dataloader = dict(
    dataset=dict(ann_file="ImageSets/2016/val.txt", binary=True),
)
