"""Videos of one's own with a mask of one object a frame, by VFS' rule.

  python tools/test.py configs/benchmarks/davis2016/r18_folders.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2016/r18_folders.py CHECKPOINT 2

CHECKPOINT is of any layout that tools/export_weights.py reads, `torchvision://resnet18` the
supervised baseline, `random` that of random weights.
Cost: about 2 s a frame on one CPU core beside the network.
Expected: Ours: docs/results.md.
Data: data/vos/<video>/{JPEGImages,Annotations}; masks are 0 outside the object.
Other objects than one: --cfg-options test_dataloader.dataset.binary=False.
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
    dataset=dict(
        data_root="data/vos",
        ann_file="",
        frames="{}/JPEGImages",
        masks="{}/Annotations",
        binary=True,
    ),
)
