r"""DenseCL, ResNet-18, Tiny ImageNet at 64 pixels: a run of minutes on a CPU, on real images.

  python tools/train.py configs/densecl/r18_tinyimagenet.py --amp bf16
  bash tools/dist_train.sh configs/densecl/r18_tinyimagenet.py 2 --amp bf16 \
    --cfg-options train_dataloader.batch_size=32

Data: data/tinyimagenet/{train,val}/<class>/*.JPEG, all classes or some of them.
Cost and score on 40 classes: see docs/results.md. The settings are ours, for short runs, and so is
the dense queue: it takes the keys of matched cells, where the paper's takes one key an image.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = [
    "../_base_/default_runtime.py",
    "../_base_/train_loader.py",
    "../_base_/data/tinyimagenet_knn.py",
]

model = dict(
    type="DenseCL",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(
        type="ResNet",
        depth=18,
        strides=(1, 2, 2, 1),  # a grid of 4x4 cells; the usual strides leave 2x2 at 64 pixels
        norm_cfg=dict(type="SplitBN", num_groups=2),
        # Blocks that start as identities allow a larger learning rate in so short a run.
        zero_init_residual=True,
    ),
    # The paper's heads have no norm. With one, embeddings are spread from the first step; without,
    # they are not by the end of a run of this length.
    neck=dict(
        type="DenseProjection",
        hidden_channels=512,
        out_channels=128,
        norm_cfg=dict(type="SplitBN", num_groups=2),
    ),
    loss=dict(type="InfoNCE", temperature=0.2),
    dense_loss=dict(type="InfoNCE", temperature=0.2),
    # A thousand steps instead of a million: keys become outdated quickly, and the momentum
    # encoder must follow within a few dozen steps.
    queue_size=512,
    momentum=0.95,
    dense_weight=0.5,
    # On so small a grid, zero padding reveals the position of a feature cell, and cells would be
    # matched by position instead of content.
    match="geometric",
    # Ours: the negatives of a cell are cells too. In so short a run, more cells are then found
    # again in another crop than with the paper's pooled keys (benchmarks/places.py).
    dense_keys="cells",
)

view = [
    dict(type="RandomResizedCrop", size=64, scale=(0.2, 1.0)),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.10, p=0.8),
    dict(type="Grayscale", p=0.2),
    dict(type="GaussianBlur", sigma=(0.1, 2.0), p=0.5),
    dict(type="HorizontalFlip", p=0.5),
]
train_dataloader = dict(
    batch_size=64,
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
    type="OptimWrapper", optimizer=dict(type="SGD", lr=0.06, momentum=0.9, weight_decay=1e-4)
)
param_scheduler = dict(type="CosineAnnealingLR", T_max=4, eta_min=0, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=4, val_interval=4)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=64)
