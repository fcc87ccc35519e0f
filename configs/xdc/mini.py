"""XDC, small networks on the mini-world's clips with sound: minutes on two CPU cores.

  python tools/train.py configs/xdc/mini.py
  bash tools/dist_train.sh configs/xdc/mini.py 2 --cfg-options train_dataloader.batch_size=8

Data: python tools/data/make_mini.py --out data/mini --layouts audiovisual
Cost and score: ours: not run to its end. The settings are ours, for short runs, and not tuned; the
spectrograms are CrissCross', as in the evaluation data.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/train_loader.py",
    "../_base_/data/mini_audiovisual_knn.py",
]

norm = dict(type="SyncBN")
model = dict(
    type="XDC",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    video_backbone=dict(type="LightR2Plus1D", depth=10, base_channels=16, norm_cfg=norm),
    audio_backbone=dict(type="AudioResNet", base_channels=16, norm_cfg=norm),
    num_clusters=16,
)

video = [
    dict(type="RandomResizedCrop", size=48, scale=(0.3, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
]
train_dataloader = dict(
    dataset=dict(
        data_root="data/mini/audiovisual/train",
        type="Videos",
        pipeline=[
            dict(
                type="LoadClip",
                sampler=dict(type="random_clips"),
                video=dict(seconds=1.0, fps=8),
                audio=dict(seconds=2.0),
            ),
            dict(
                type="EachView",
                video=[dict(type="EachFrame", transforms=video, shared=True)],
                audio=[dict(type="LogMelSpectrogram")],
            ),
            dict(type="PackViews"),
        ],
    ),
    num_workers=2,
    batch_size=16,
)
# Ten rounds of three epochs; one clip of each video is clustered as it is evaluated.
custom_hooks = [
    dict(
        type="ClusteringHook",
        dataset=dict(pipeline={{_base_.eval_pipeline}}),
        interval=3,
        start="k-means++",
    )
]

# The learning rate is for 16 videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=16)
optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=1e-4)
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=30, val_interval=30)
param_scheduler = dict(
    type="WarmupCosineLR", warmup=2, end=30, by_epoch=True, convert_to_iter_based=True
)
default_hooks = dict(logger=dict(interval=10))
