r"""VFS, ResNet-18, Kinetics-400, with color augmentation, for objects.

Xu and Wang, ICCV 2021, section 4.

  python tools/train.py configs/vfs/r18_kinetics400_color.py \
    --cfg-options train_dataloader.batch_size=64
  bash tools/dist_train.sh configs/vfs/r18_kinetics400_color.py 2

Data: videos with a short side of 256 pixels in data/kinetics400/videos_train, and their list
data/kinetics400/kinetics400_train_list_videos.txt, one "path label" a line.
Cost: 750,000 steps of 2 x 32 videos with 8 frames each; the authors report 2 days on 2 RTX 3090.
Expected: OTB-100 success 52.3, precision 70.0 (the authors' README).
Ours: not run.
The authors count 100 epochs of 2 passes over the data; an epoch here is one pass.
With 30,000 of the 240,000 videos they lost 6 points on DAVIS: look at the number in the log.
Other lengths: set train_cfg.max_epochs and param_scheduler.T_max to the same number.
With less memory: lower train_dataloader.batch_size and pass --auto-scale-lr.
"""

_base_ = "../_base_/default_runtime.py"

model = dict(
    type="VFS",
    data_preprocessor=dict(
        type="ViewPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        channels_last=True,
    ),
    backbone=dict(type="ResNet", depth=18, zero_init_residual=True, norm_cfg=dict(type="SyncBN")),
    projector=dict(
        type="Projection",
        in_channels=512,
        hidden_channels=512,
        out_channels=512,
        num_layers=3,
        norm_cfg=dict(type="SyncBN"),
        bias_with_norm=True,
    ),
    predictor=dict(
        type="Prediction",
        in_channels=512,
        hidden_channels=128,
        norm_cfg=dict(type="SyncBN"),
    ),
    loss=dict(type="FramePairLoss"),
)

# Each frame has its own crop, flip and colors.
frame = [
    dict(type="RandomResizedCrop", size=224, scale=(0.2, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type="Grayscale", p=0.2),
    # So weak in the authors' code that it hardly blurs; SimSiam has sigma=(0.1, 2.0).
    dict(type="GaussianBlur", sigma=(0.1, 0.2), p=0.5),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=16,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type="ResumableSampler", shuffle=True),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="VideoList",
        data_root="data/kinetics400/videos_train",
        ann_file="data/kinetics400/kinetics400_train_list_videos.txt",
        on_error="skip",
        pipeline=[
            # One frame of each of 8 equal parts; the first half of them is view 0.
            dict(type="LoadFrames", sampler=dict(type="segments", num_segments=8)),
            dict(type="EachFrame", transforms=frame),
            dict(type="PackClips", num_views=2),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="SGD", lr=0.05, momentum=0.9, weight_decay=1e-4)
)
param_scheduler = dict(
    type="CosineAnnealingLR",
    T_max=200,
    eta_min=0,
    by_epoch=True,
    convert_to_iter_based=True,
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=200)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=64)
