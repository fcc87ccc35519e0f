r"""Fine-tuning on the mini-world's clips: a regression test of UCF101's protocol.

  python tools/train.py configs/benchmarks/ucf101/mini.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/ucf101/mini.py 2 \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=8

CHECKPOINT (of configs/crisscross/mini.py), devices, memory, other lengths: docs/configs.md.
Cost: 10 epochs, minutes on two CPU cores.
Expected: not run; the settings are ours, for short runs.
Data: python tools/data/make_mini.py --out data/mini --layouts audiovisual
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/classification.py"]

model = dict(
    type="FineTuning",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="LightR2Plus1D", depth=10, base_channels=16, norm_cfg=dict(type="SyncBN")),
    head=dict(type="LinearHead", num_classes=8, init_std=None),
    view="video",
    pool=dict(type="MaxPool"),
    pretrained="",  # filled in by the command line
)

frames = [
    dict(type="RandomResizedCrop", size=48, scale=(0.3, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(
        type="VideoFolder",
        data_root="data/mini/audiovisual/train",
        pipeline=[
            dict(
                type="LoadClip",
                sampler=dict(type="random_clips"),
                video=dict(seconds=1.0, fps=8),
                min_valid=0.0,
            ),
            dict(
                type="EachView",
                video=[dict(type="EachFrame", transforms=frames, shared=True)],
            ),
            dict(type="PackViews"),
        ],
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(
        type="VideoFolder",
        data_root="data/mini/audiovisual/val",
        pipeline=[
            dict(
                type="LoadClip",
                sampler=dict(type="uniform_clips", num_clips=3),
                video=dict(seconds=1.0, fps=8),
                min_valid=0.0,
            ),
            dict(
                type="EachView",
                video=[dict(type="EachFrame", transforms=[dict(type="Resize", size=48)])],
            ),
            dict(type="PackViews"),
        ],
    ),
)
test_dataloader = val_dataloader

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.9, weight_decay=0.0),
)
param_scheduler = dict(type="MultiStepLR", milestones=[6, 8], gamma=0.3, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=10, val_interval=10)
# The learning rate above is for this many clips a step, over all devices.
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(max_keep_ckpts=1))
