"""ContrastCorr, half a ResNet-18, on the mini-world's videos: minutes on two CPU cores.

  python tools/train.py configs/contrastcorr/mini.py
  bash tools/dist_train.sh configs/contrastcorr/mini.py 2 \
    --cfg-options train_dataloader.batch_size=4

Data: python tools/data/make_mini.py --out data/mini --videos
Cost and score: docs/results.md. The settings are ours, for short runs.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end; for the second stage
param_scheduler.restarts and custom_hooks.0.begins): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

model = dict(
    type="ContrastCorr",
    # Bytes in LAB become -1..1.
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[128, 128, 128], std=[128, 128, 128], channels_last=True
    ),
    backbone=dict(
        type="ResNet",
        depth=18,
        base_channels=32,
        strides=(1, 2, 1, 1),
        # Features of random blocks have so large a norm that the softmax selects a single cell.
        zero_init_residual=True,
        norm_cfg=dict(type="BN"),
    ),
    # Needs no training, unlike the paper's auto-encoder.
    codec=dict(type="PatchCodec", patch_size=8),
    # Distances are about 2.4 here at first; the paper's 2.5 would leave out half of the pairs.
    loss=dict(type="LabColorLoss", threshold=5.0),
    window=4,  # of 8 cells
    concentration_weight=0.3,
    concentration_start=2,
    channel_dropout=0.3,  # with the paper's 0.7 too few steps use the colors
)

# Two frames of a video, not far apart.
load = dict(type="LoadFrames", sampler=dict(type="gap", max_gap=8))
crop = dict(type="RandomCrop", size=64)
whole = dict(type="ResizeAndPad", size=128)
to_lab = dict(type="ToLAB")
warm_up = [
    load,
    dict(type="EachFrame", shared=True, transforms=[dict(type="HorizontalFlip", p=0.5)]),
    dict(type="EachFrame", transforms=[crop, to_lab]),
    dict(type="PackFrames", names=["reference", "target"]),
]
# The target is a whole frame, the reference a crop of a whole frame.
whole_target = [
    load,
    dict(type="EachFrame", frames=[0], transforms=[whole, crop, to_lab]),
    dict(type="EachFrame", frames=[1], transforms=[whole, to_lab]),
    dict(type="PackFrames", names=["reference", "target"]),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(type="Videos", data_root="data/mini/videos", pipeline=warm_up),
)
custom_hooks = [dict(type="StageHook", begins=[10], pipelines=[whole_target])]

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3))
param_scheduler = dict(type="RestartedStepLR", step_size=4, gamma=0.5, restarts=[10], end=20)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(logger=dict(interval=10))
