r"""SimCLR, ResNet-50, ImageNet-1k without labels, batch 4096, 100 epochs (Chen et al., ICML 2020).

  python tools/train.py configs/simclr/r50_imagenet_bs4096.py \
    --cfg-options train_dataloader.batch_size=4096
  bash tools/dist_train.sh configs/simclr/r50_imagenet_bs4096.py 16

Cost: 31,200 steps of 16 x 256 images; 32 devices with 16 GB, or fewer with more memory.
Expected: ImageNet linear 64.5 (the authors' README), 69.3 after 1000 epochs (the paper); mmselfsup:
66.9 after 200. Ours: not run.
Head and decay are the paper's, and those of the first release of the authors' code. The command in
their README today has SimCLR v2's: model.neck.num_layers=3, weight_decay=1e-4.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

model = dict(
    type="SimCLR",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(
        type="ResNet",
        depth=50,
        norm_cfg=dict(type="SyncBN"),
        zero_init_residual=True,
        init_cfg=dict(type="mmcontrast.VarianceScaling", layer="Conv2d"),
    ),
    neck=dict(
        type="Projection",
        hidden_channels=2048,
        out_channels=128,
        norm_cfg=dict(type="SyncBN"),
        last_norm_bias=False,
        init_cfg=dict(type="Normal", layer="Linear", std=0.01),
    ),
    loss=dict(type="NTXent", temperature=0.1),
)

view = [
    dict(type="RandomResizedCrop", size=224, scale=(0.10, 1.0), interpolation="bicubic"),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2, p=0.8),
    dict(type="Grayscale", p=0.2),
    dict(type="GaussianBlur", sigma=(0.1, 2.0), p=0.5),
]
train_dataloader = dict(
    batch_size=256,
    num_workers=8,
    pin_memory=True,
    dataset=dict(
        type="Images",
        data_root="data/imagenet/train",
        pipeline=[
            dict(type="LoadImage", min_side=818),  # photographs: few crops are enlarged
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper",
    # Biases and norms get neither decay nor layer-wise adaptation.
    optimizer=dict(type="LARS", lr=4.8, momentum=0.9, weight_decay=1e-6, eta=1e-3),
)
# Linear from 0 over 10 epochs, then one cosine to 0, step by step.
param_scheduler = dict(
    type="WarmupCosineLR", warmup=10, end=100, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=100)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=4096)
