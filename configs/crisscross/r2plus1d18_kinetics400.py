r"""CrissCross, R(2+1)D-18 and ResNet-18, Kinetics-400, with the degree of relaxation "overlapped".

Sarkar and Etemad, AAAI 2023; the authors' released configuration.

  python tools/train.py configs/crisscross/r2plus1d18_kinetics400.py --amp fp16 \
    --cfg-options train_dataloader.batch_size=64
  bash tools/dist_train.sh configs/crisscross/r2plus1d18_kinetics400.py 16 --amp fp16

Data: the videos of the csv data/kinetics400/train.csv in data/kinetics400/train, and their table:
  mmcontrast probe-videos data/kinetics400/train --out data/kinetics400/train/meta.jsonl
Cost: 58,500 steps of 2,048 videos, two clips of half a second and two of 2 s of sound each, on 16
GPUs at the authors' (two nodes of 8). Not measured.
They count 100 epochs of 5 passes over the data; an epoch here is one pass.
Expected: UCF101 91.5, HMDB51 64.7, ESC-50 86.8, DCASE 96.0 (authors' README). Ours: not run.
The blur is that of the released code, along the columns alone.
One modality alone (video_backbone=None, video_projector=None and video_predictor=None, or those of
the sound): the authors take learning rates of 1e-4 for clips and 1e-5 for sounds.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

norm = dict(type="SyncBN")
projector = dict(
    type="Projection", hidden_channels=2048, out_channels=2048, num_layers=3, norm_cfg=norm,
    bias_with_norm=True,
)  # fmt: skip
predictor = dict(type="Prediction", hidden_channels=512, norm_cfg=norm)
model = dict(
    type="CrissCross",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    video_backbone=dict(type="LightR2Plus1D", depth=18, norm_cfg=norm),
    video_projector=projector,
    video_predictor=predictor,
    audio_backbone=dict(type="AudioResNet", norm_cfg=norm),
    audio_projector=projector,
    audio_predictor=predictor,
    loss=dict(type="CrossModalLoss"),
)

frames = [
    dict(type="RandomResizedCrop", size=112, scale=(0.08, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.2),
    dict(type="Grayscale", p=0.2),
    dict(type="AnisotropicBlur", kernel_size=11, p=0.5),
]
train_dataloader = dict(
    batch_size=128,
    num_workers=16,
    pin_memory=True,
    dataset=dict(
        type="Kinetics400",
        data_root="data/kinetics400/train",
        ann_file="../train.csv",
        min_seconds=1.1,
        require_audio=True,
        on_error="skip",
        pipeline=[
            dict(
                type="LoadClip",
                sampler=dict(type="clip_pair", relaxation="overlapped"),
                video=dict(seconds=0.5, fps=16),
                audio=dict(seconds=2.0),
            ),
            dict(
                type="EachView",
                video=[
                    dict(type="EachFrame", transforms=frames, shared=True),
                    dict(type="Cutout", max_length=20),
                ],
                audio=[
                    dict(type="VolumeJitter", volume=0.2),
                    dict(type="LogMelSpectrogram"),
                    dict(type="FrequencyMask", max_width=9, num_masks=2),
                    dict(type="TimeMask", max_width=19, num_masks=2),
                    dict(type="RandomSpectrogramCrop"),
                ],
            ),
            dict(type="PackViews"),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper",
    constructor="ParameterGroups",
    optimizer=dict(type="LARC", base="Adam", lr=2e-4, weight_decay=1e-4),
    paramwise_cfg=dict(
        groups=dict(
            encoders=dict(
                parts=["video_backbone", "video_projector", "audio_backbone", "audio_projector"]
            ),
            predictors=dict(parts=["video_predictor", "audio_predictor"], lr_mult=10.0),
        )
    ),
)
param_scheduler = dict(
    type="WarmupCosineLR",
    warmup=10,
    end=500,
    by_epoch=True,
    convert_to_iter_based=True,
    final=0.5,
    warmup_ends_early=True,
    constant_groups=["predictors"],
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=500)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=2048)
