"""CrissCross, small networks on the mini-world's clips with sound: minutes on two CPU cores.

  python tools/train.py configs/crisscross/mini.py
  bash tools/dist_train.sh configs/crisscross/mini.py 2 --cfg-options train_dataloader.batch_size=8

Data: python tools/data/make_mini.py --out data/mini --layouts audiovisual
Cost and score: docs/results.md. The settings are ours, for short runs.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/train_loader.py",
    "../_base_/data/mini_audiovisual_knn.py",
]

norm = dict(type="SyncBN")
projector = dict(
    type="Projection", hidden_channels=256, out_channels=256, num_layers=3, norm_cfg=norm,
    bias_with_norm=True,
)  # fmt: skip
predictor = dict(type="Prediction", hidden_channels=64, norm_cfg=norm)
model = dict(
    type="CrissCross",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    video_backbone=dict(type="LightR2Plus1D", depth=10, base_channels=16, norm_cfg=norm),
    video_projector=projector,
    video_predictor=predictor,
    audio_backbone=dict(type="AudioResNet", base_channels=16, norm_cfg=norm),
    audio_projector=projector,
    audio_predictor=predictor,
    loss=dict(type="CrossModalLoss"),
)

# Hues and the place of the spectrum tell classes of this world apart, and stay as they are.
video = [
    dict(type="RandomResizedCrop", size=48, scale=(0.4, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.0, hue=0.0),
]
audio = [
    dict(type="VolumeJitter", volume=0.2),
    dict(type="LogMelSpectrogram"),
    dict(type="FrequencyMask", max_width=9, num_masks=1),
    dict(type="TimeMask", max_width=10, num_masks=1),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(
        type="Videos",
        data_root="data/mini/audiovisual/train",
        pipeline=[
            dict(
                type="LoadClip",
                sampler=dict(type="clip_pair", relaxation="overlapped"),
                video=dict(seconds=0.5, fps=8),
                audio=dict(seconds=1.0),
            ),
            dict(
                type="EachView",
                video=[dict(type="EachFrame", transforms=video, shared=True)],
                audio=audio,
            ),
            dict(type="PackViews"),
        ],
    ),
)

# The predictors learn faster and without a schedule, as in the paper (there at ten times the rate).
optim_wrapper = dict(
    type="OptimWrapper",
    constructor="ParameterGroups",
    optimizer=dict(type="Adam", lr=1e-3, weight_decay=1e-4),
    paramwise_cfg=dict(
        groups=dict(
            encoders=dict(
                parts=["video_backbone", "video_projector", "audio_backbone", "audio_projector"]
            ),
            predictors=dict(parts=["video_predictor", "audio_predictor"], lr_mult=5.0),
        )
    ),
)
param_scheduler = dict(
    type="WarmupCosineLR",
    warmup=2,
    end=20,
    by_epoch=True,
    convert_to_iter_based=True,
    final=0.1,
    constant_groups=["predictors"],
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20, val_interval=20)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(logger=dict(interval=10))
