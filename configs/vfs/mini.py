"""VFS, half a ResNet-18 at 64 pixels, on the mini-world's videos: minutes on two CPU cores.

  python tools/train.py configs/vfs/mini.py
  bash tools/dist_train.sh configs/vfs/mini.py 2 --cfg-options train_dataloader.batch_size=8

Data: python tools/data/make_mini.py --out data/mini --videos
Cost and score: docs/results.md. The settings are ours, for short runs.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

model = dict(
    type="VFS",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(
        type="ResNet",
        depth=18,
        base_channels=32,
        zero_init_residual=True,
        norm_cfg=dict(type="SyncBN"),
    ),
    projector=dict(
        type="Projection",
        hidden_channels=256,
        out_channels=256,
        num_layers=3,
        norm_cfg=dict(type="SyncBN"),
        bias_with_norm=True,
    ),
    predictor=dict(type="Prediction", hidden_channels=64, norm_cfg=dict(type="SyncBN")),
    loss=dict(type="FramePairLoss"),
)

# Each frame has its own crop and flip.
frame = [
    dict(type="RandomResizedCrop", size=64, scale=(0.2, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(
        type="Videos",
        data_root="data/mini/videos",
        pipeline=[
            # One frame of each of 4 equal parts; the first half of them is view 0.
            dict(type="LoadFrames", sampler=dict(type="segments", num_segments=4)),
            dict(type="EachFrame", transforms=frame),
            dict(type="PackClips", num_views=2),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="SGD", lr=0.05, momentum=0.9, weight_decay=1e-4)
)
param_scheduler = dict(
    type="CosineAnnealingLR", T_max=20, eta_min=0, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(logger=dict(interval=10))
