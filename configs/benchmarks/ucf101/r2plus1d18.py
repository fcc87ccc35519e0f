r"""UCF101, full fine-tuning of CrissCross' network for clips at 32 frames, one of three splits.

  python tools/train.py configs/benchmarks/ucf101/r2plus1d18.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/ucf101/r2plus1d18.py 8 \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=4

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 200 passes over 9,537 videos, one clip of 2 s of each; about a day on 8 GPUs. Not measured.
Expected: mean of three splits of CrissCross pre-trained on Kinetics-Sound 88.3, Kinetics-400 91.5,
AudioSet 92.4 (authors' README, best epoch on the test). Ours: not run.
Other splits: --cfg-options train_dataloader.dataset.fold=2 val_dataloader.dataset.fold=2
The authors' epoch has ten clips a video: 20 of theirs are 200 here.
Data: data/ucf101, with UCF-101/<class>/*.avi and ucfTrainTestlist/*.txt.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/classification.py"]

model = dict(
    type="FineTuning",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="LightR2Plus1D", depth=18),
    head=dict(type="LinearHead", num_classes=101, init_std=None),
    view="video",
    pool=dict(type="MaxPool"),
    pretrained="",  # filled in by the command line
)

frames = [
    dict(type="RandomResizedCrop", size=224, scale=(0.08, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.2),
    dict(type="Grayscale", p=0.2),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    dataset=dict(
        type="UCF101",
        data_root="data/ucf101",
        split="train",
        pipeline=[
            # A shorter video is repeated.
            dict(
                type="LoadClip",
                sampler=dict(type="random_clips"),
                video=dict(seconds=2.0, fps=16),
                min_valid=0.0,
            ),
            dict(
                type="EachView",
                video=[
                    dict(type="EachFrame", transforms=frames, shared=True),
                    dict(type="Cutout", max_length=20),
                ],
            ),
            dict(type="PackViews"),
        ],
    ),
)
# Ten clips of each video, whose probabilities are averaged.
val_dataloader = dict(
    batch_size=4,
    num_workers=8,
    dataset=dict(
        type="UCF101",
        data_root="data/ucf101",
        split="test",
        pipeline=[
            dict(
                type="LoadClip",
                sampler=dict(type="uniform_clips", num_clips=10),
                video=dict(seconds=2.0, fps=16),
                min_valid=0.0,
            ),
            dict(
                type="EachView",
                video=[
                    dict(
                        type="EachFrame",
                        transforms=[
                            dict(type="Resize", size=256),
                            dict(type="CenterCrop", size=224),
                        ],
                    )
                ],
            ),
            dict(type="PackViews"),
        ],
    ),
)
test_dataloader = val_dataloader

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=7e-5, momentum=0.9, weight_decay=0.0),
)
param_scheduler = dict(type="MultiStepLR", milestones=[80, 120, 160], gamma=0.3, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=200, val_interval=20)
# The learning rate above is for this many clips a step, over all devices.
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(checkpoint=dict(interval=20))
