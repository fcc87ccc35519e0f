r"""DenseCL, ResNet-50, COCO train2017 without labels, 800 epochs (Wang et al., CVPR 2021).

  python tools/train.py configs/densecl/r50_coco.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/densecl/r50_coco.py 8

Cost: 369,600 steps of 8 x 32 images; the authors report 1.0 day on 8 V100.
Expected (the authors' README): VOC07+12 detection AP 56.7, VOC segmentation mIoU 67.5, and AP 57.2
and mIoU 68.0 after 1600 epochs; the paper: COCO detection box AP 39.6, mask AP 35.7. Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

model = dict(
    type="DenseCL",
    data_preprocessor=dict(type="ViewPreprocessor"),
    # Batch statistics of 8 groups of 32, as on the authors' 8 devices, on any number of devices.
    backbone=dict(
        type="ResNet",
        depth=50,
        norm_cfg=dict(type="SplitBN", num_groups=8),
        init_cfg=dict(type="Kaiming", layer="Conv2d", mode="fan_in"),
    ),
    # The dense head works on the backbone's own grid, 7x7 at 224 pixels. Its convolutions keep
    # PyTorch's initialization, as in the authors' code.
    neck=dict(
        type="DenseProjection",
        hidden_channels=2048,
        out_channels=128,
        init_cfg=dict(type="Kaiming", layer="Linear", mode="fan_in"),
    ),
    loss=dict(type="InfoNCE", temperature=0.2),
    dense_loss=dict(type="InfoNCE", temperature=0.2),
    queue_size=65536,
    momentum=0.999,
    dense_weight=0.5,
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
        data_root="data/coco/train2017",
        pipeline=[
            dict(type="LoadImage", min_side=580),  # photographs: no crop is enlarged
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.3, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = dict(type="CosineAnnealingLR", T_max=800, eta_min=0, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=800)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=256)
