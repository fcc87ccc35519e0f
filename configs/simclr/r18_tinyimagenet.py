r"""SimCLR, ResNet-18, Tiny ImageNet at 64 pixels: a run of minutes on a CPU, on real images.

  python tools/train.py configs/simclr/r18_tinyimagenet.py --amp bf16
  bash tools/dist_train.sh configs/simclr/r18_tinyimagenet.py 2 --amp bf16 \
    --cfg-options train_dataloader.batch_size=64

Data: data/tinyimagenet/{train,val}/<class>/*.JPEG, all classes or some of them.
Cost and score on 40 classes: see docs/results.md. The settings are ours, for short runs.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/train_loader.py",
    "../_base_/data/tinyimagenet_knn.py",
]

model = dict(
    type="SimCLR",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, norm_cfg=dict(type="SyncBN"), zero_init_residual=True),
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
    dict(type="RandomResizedCrop", size=64, scale=(0.2, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.10, p=0.8),
    dict(type="Grayscale", p=0.2),
]
train_dataloader = dict(
    batch_size=128,
    num_workers=2,
    dataset=dict(
        type="Images",
        data_root="data/tinyimagenet/train",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="SGD", lr=0.05, momentum=0.9, weight_decay=2e-4)
)
param_scheduler = dict(type="CosineAnnealingLR", T_max=10, eta_min=0, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=10, val_interval=5)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=128)
