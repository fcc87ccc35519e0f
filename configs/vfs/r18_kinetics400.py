r"""VFS, ResNet-18, Kinetics-400, no color augmentation, for fine correspondence.

Xu and Wang, ICCV 2021, section 4.

  python tools/train.py configs/vfs/r18_kinetics400.py \
    --cfg-options train_dataloader.batch_size=64
  bash tools/dist_train.sh configs/vfs/r18_kinetics400.py 2

Data: videos with a short side of 256 pixels in data/kinetics400/videos_train, and their list
data/kinetics400/kinetics400_train_list_videos.txt, one "path label" a line. With 30,000 of the
240,000 videos the authors lost 6 points on DAVIS: look at the number in the log.
Cost: 750,000 steps of 2 x 32 videos with 8 frames each; the authors report 2 days on 2 RTX 3090.
They count 100 epochs of 2 passes over the data; an epoch here is one pass.
Expected: DAVIS-2017 val J&F 66.7 (the authors' README; 0.5 is their deviation from run to run).
Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

model = dict(
    type="VFS",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, zero_init_residual=True, norm_cfg=dict(type="SyncBN")),
    projector=dict(
        type="Projection",
        hidden_channels=512,
        out_channels=512,
        num_layers=3,
        norm_cfg=dict(type="SyncBN"),
        bias_with_norm=True,
    ),
    predictor=dict(type="Prediction", hidden_channels=128, norm_cfg=dict(type="SyncBN")),
    loss=dict(type="FramePairLoss"),
)

# Each frame has its own crop and flip.
frame = [
    dict(type="RandomResizedCrop", size=224, scale=(0.2, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=16,
    pin_memory=True,
    dataset=dict(
        type="VideoList",
        data_root="data/kinetics400/videos_train",
        ann_file="../kinetics400_train_list_videos.txt",
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
    type="CosineAnnealingLR", T_max=200, eta_min=0, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=200)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=64)
