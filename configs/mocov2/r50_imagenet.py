r"""MoCo v2, ResNet-50, ImageNet-1k without labels, 200 epochs (Chen et al., 2020).

  python tools/train.py configs/mocov2/r50_imagenet.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/mocov2/r50_imagenet.py 8

Cost: 1,000,800 steps of 8 x 32 images; the authors report 53 hours on 8 V100.
Expected (the authors' README): ImageNet linear 67.7 (67.5 +- 0.1) and 71.1 after 800 epochs;
VOC07+12 detection AP 57.0, AP50 82.4, AP75 63.6. Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

model = dict(
    type="MoCoV2",
    data_preprocessor=dict(type="ViewPreprocessor"),
    # Batch statistics of 8 groups of 32, as on the authors' 8 devices, on any number of devices.
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="SplitBN", num_groups=8)),
    neck=dict(type="Projection", hidden_channels=2048, out_channels=128),
    loss=dict(type="InfoNCE", temperature=0.2),
    queue_size=65536,
    momentum=0.999,
)

view = [
    dict(type="RandomResizedCrop", size=224, scale=(0.2, 1.0)),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type="Grayscale", p=0.2),
    dict(type="GaussianBlur", sigma=(0.1, 2.0), p=0.5),
    dict(type="HorizontalFlip", p=0.5),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    pin_memory=True,
    dataset=dict(
        type="Images",
        data_root="data/imagenet/train",
        pipeline=[
            dict(type="LoadImage", min_side=580),  # photographs: no crop is enlarged
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.03, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = dict(type="CosineAnnealingLR", T_max=200, eta_min=0, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=200)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=256)
