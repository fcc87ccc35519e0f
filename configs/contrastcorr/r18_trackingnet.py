r"""ContrastCorr, ResNet-18, TrackingNet, 200 epochs in two stages (Wang et al., AAAI 2021).

  python tools/train.py configs/contrastcorr/color_trackingnet.py
  python tools/train.py configs/contrastcorr/r18_trackingnet.py \
    --cfg-options train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/contrastcorr/r18_trackingnet.py 2

The first command trains the color auto-encoder, whose checkpoint model.codec names.
Data: data/trackingnet/TRAIN_*/{anno,frames}, the frames unpacked in frames/<video>/<number>.jpg
(or zips/<video>/); train_dataloader.dataset.set_ids names the sets, where not all 12 are there.
Images are resized by an antialiased bilinear kernel, where the authors have nearest, Lanczos and
cubic ones.
Cost: one pair of frames of each video an epoch, 2 x 8 pairs a step; the authors report no time.
Expected: DAVIS-2017 val J&F 63.0, J 60.5, F 65.5 (the authors' repository). Ours: not run.
The other videos of a process are the negatives, 7 as in the authors' code; on two devices
model.gather_negatives=True gives the paper's 15. The authors' code adds up the concentration losses
of its devices, so that model.concentration_weight=0.6 is what it has on two.
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
    backbone=dict(type="ResNet", depth=18, strides=(1, 2, 1, 1), norm_cfg=dict(type="BN")),
    codec=dict(
        type="ColorAutoEncoder",
        base_channels=64,
        checkpoint="work_dirs/contrastcorr/color_trackingnet/epoch_4.pth",
    ),
    loss=dict(type="LabColorLoss", threshold=2.5),
    window=8,  # of 32 cells
    concentration_weight=0.3,
    concentration_start=10,
    channel_dropout=0.7,
)

# Two frames at most 50 apart, with sides that are multiples of 64; everything after that is in LAB.
load = dict(type="LoadFrames", sampler=dict(type="gap", max_gap=50))
shrink = dict(type="ShrinkToMultiple", multiple=64)
rotate = dict(type="RandomRotation", degrees=10)
crop = dict(type="RandomCrop", size=256)
whole = dict(type="ResizeAndPad", size=640)
to_lab = dict(type="ToLAB")
warm_up = [
    load,
    # Both frames are rotated, scaled and flipped alike; each has its own crop.
    dict(
        type="EachFrame",
        shared=True,
        transforms=[
            shrink,
            to_lab,
            rotate,
            dict(type="RandomScale", factor=1.2),
            dict(type="HorizontalFlip", p=0.5),
        ],
    ),
    dict(type="EachFrame", transforms=[crop]),
    dict(type="PackFrames", names=["reference", "target"]),
]
# The target is a whole frame of 640 pixels, padded to a square; the reference is a crop of
# one.
whole_target = [
    load,
    dict(type="EachFrame", frames=[0], transforms=[shrink, to_lab, rotate, whole, crop]),
    dict(type="EachFrame", frames=[1], transforms=[shrink, to_lab, whole]),
    dict(type="PackFrames", names=["reference", "target"]),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    pin_memory=True,
    dataset=dict(type="TrackingNet", data_root="data/trackingnet", pipeline=warm_up),
)
custom_hooks = [dict(type="StageHook", begins=[100], pipelines=[whole_target])]

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-4))
param_scheduler = dict(type="RestartedStepLR", step_size=40, gamma=0.5, restarts=[100], end=200)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=200)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=16)
