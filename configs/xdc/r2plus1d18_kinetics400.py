r"""XDC, R(2+1)D-18 and ResNet-18, Kinetics-400, 128 clusters.

Alwassel et al., NeurIPS 2020. Networks and inputs are the paper's; optimizer, schedule and length
of a round are not public and ours: learning rate, weight decay and the number of clips (35 epochs
of a million) are those of VMZ's training script of this network, and a round is such an epoch.

  python tools/train.py configs/xdc/r2plus1d18_kinetics400.py --amp fp16 \
    --cfg-options train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/xdc/r2plus1d18_kinetics400.py 8 --amp fp16

Data: the videos of the csv data/kinetics400/train.csv in data/kinetics400/train, and their table:
  mmcontrast probe-videos data/kinetics400/train --out data/kinetics400/train/meta.jsonl
Cost: 140 passes over 240,000 videos, a clip of 8 frames and 2 s of sound each, and 35 passes
without gradient for the clusters. Not measured.
Expected: UCF101 86.8, HMDB51 52.6 (pre-trained and fine-tuned at 32 frames; not checked against
the paper). Ours: not run.
SDC, MDC and CDC: --cfg-options model.mode=sdc, mdc or cdc.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

norm = dict(type="SyncBN")
model = dict(
    type="XDC",
    data_preprocessor=dict(
        type="ViewPreprocessor",
        mean=(110.2008, 100.63983, 95.99475),
        std=(58.14765, 56.4627, 55.332195),
        channels_last=True,
    ),
    video_backbone=dict(type="R2Plus1D", norm_cfg=dict(type="SyncBN", eps=1e-3)),
    audio_backbone=dict(type="AudioResNet", norm_cfg=norm),
    num_clusters=128,
)

# Eight frames at 30 a second.
video = dict(seconds=8 / 30, fps=30)
audio = dict(seconds=2.0)
log_mel = dict(type="LogMelSpectrogram", front_end="xdc")
train_dataloader = dict(
    batch_size=32,
    num_workers=16,
    pin_memory=True,
    dataset=dict(
        type="Kinetics400",
        data_root="data/kinetics400/train",
        ann_file="../train.csv",
        min_seconds=2.0,
        require_audio=True,
        on_error="skip",
        pipeline=[
            dict(type="LoadClip", sampler=dict(type="random_clips"), video=video, audio=audio),
            dict(
                type="EachView",
                video=[
                    dict(
                        type="EachFrame",
                        transforms=[
                            dict(type="Resize", size=256),
                            dict(type="RandomCrop", size=224),
                            dict(type="HorizontalFlip", p=0.5),
                        ],
                        shared=True,
                    )
                ],
                audio=[log_mel],
            ),
            dict(type="PackViews"),
        ],
    ),
)
cluster_pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=1),
        video=video,
        audio=audio,
    ),
    dict(
        type="EachView",
        video=[
            dict(
                type="EachFrame",
                transforms=[dict(type="Resize", size=256), dict(type="CenterCrop", size=224)],
            )
        ],
        audio=[log_mel],
    ),
    dict(type="PackViews"),
]
custom_hooks = [
    dict(type="ClusteringHook", dataset=dict(pipeline=cluster_pipeline), interval=4),
]

optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="SGD", lr=0.08, momentum=0.9, weight_decay=1e-4)
)
param_scheduler = dict(
    type="WarmupCosineLR", warmup=4, end=140, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=140)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=256)
