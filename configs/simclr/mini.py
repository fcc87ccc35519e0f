"""SimCLR, half a ResNet-18 at 48 pixels, on the embedded mini-world: minutes on two CPU cores.

  python tools/train.py configs/simclr/mini.py
  bash tools/dist_train.sh configs/simclr/mini.py 2 --cfg-options train_dataloader.batch_size=32

Data: python tools/data/make_mini.py --out data/mini
Cost and score: docs/results.md. The settings are ours, for short runs.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/train_loader.py",
    "../_base_/data/mini_knn.py",
]

model = dict(
    type="SimCLR",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, base_channels=32, norm_cfg=dict(type="SyncBN")),
    neck=dict(
        type="Projection",
        hidden_channels=512,
        out_channels=128,
        norm_cfg=dict(type="SyncBN"),
        last_norm_bias=False,
    ),
    loss=dict(type="NTXent", temperature=0.2),
)

view = [
    dict(type="RandomResizedCrop", size=48, scale=(0.2, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    # Strong, since any class may have any color in the mini-world.
    dict(type="ColorJitter", brightness=0.6, contrast=0.6, saturation=0.6, hue=0.5, p=0.8),
    dict(type="Grayscale", p=0.4),
]
train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    dataset=dict(
        type="Images",
        data_root="data/mini/imagenet/train",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=2e-4)
)
param_scheduler = dict(type="CosineAnnealingLR", T_max=14, eta_min=0, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=14, val_interval=14)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=64)
default_hooks = dict(logger=dict(interval=10))
