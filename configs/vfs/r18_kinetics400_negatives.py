r"""VFS with negatives, ResNet-18, Kinetics-400: the variant that the paper finds worse.

Xu and Wang, ICCV 2021; they published no code of it, and all that is not VFS's is MoCo v2's.

  python tools/train.py configs/vfs/r18_kinetics400_negatives.py \
    --cfg-options train_dataloader.batch_size=64
  bash tools/dist_train.sh configs/vfs/r18_kinetics400_negatives.py 2

Data: those of r18_kinetics400.py. Its model has parts that this one lacks, so all is stated here.
Cost: less than that of r18_kinetics400.py, since keys have no gradient.
Expected: nothing is published for this form. Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

model = dict(
    type="VFSNegatives",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    # Batch statistics of 8 groups of 32 frames, on any number of devices.
    backbone=dict(type="ResNet", depth=18, norm_cfg=dict(type="SplitBN", num_groups=8)),
    neck=dict(type="Projection", hidden_channels=512, out_channels=128),
    loss=dict(type="InfoNCE", temperature=0.2),
    queue_size=65536,
    momentum=0.999,
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
