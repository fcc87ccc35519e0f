r"""SimCLR, ResNet-50, ImageNet-1k without labels, batch 256, 200 epochs (Chen et al., ICML 2020).

  python tools/train.py configs/simclr/r50_imagenet_bs256.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/simclr/r50_imagenet_bs256.py 8

Cost: 1,000,800 steps of 8 x 32 images; time not reported by the authors.
Expected: ImageNet linear 62.7 (mmselfsup, the same setting). Ours: not run.
The linear rule 0.3 * batch / 256 gives the learning rate 0.3; at small batches the square-root rule
0.075 * sqrt(batch) = 1.2 trains better (lightly: 63.2 after 100 epochs):
--cfg-options optim_wrapper.optimizer.lr=1.2
Other lengths: set train_cfg.max_epochs and param_scheduler.end to the same number.
"""

_base_ = "../_base_/default_runtime.py"

model = dict(
    type="SimCLR",
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
    ),
    backbone=dict(
        type="ResNet",
        depth=50,
        norm_cfg=dict(type="SyncBN"),
        zero_init_residual=True,
    ),
    neck=dict(
        type="Projection",
        in_channels=2048,
        hidden_channels=2048,
        out_channels=128,
        num_layers=2,
        norm_cfg=dict(type="SyncBN"),
        last_norm_bias=False,
    ),
    loss=dict(type="NTXent", temperature=0.1),
)

view = [
    dict(type="RandomResizedCrop", size=224, scale=(0.08, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2, p=0.8),
    dict(type="Grayscale", p=0.2),
    dict(type="GaussianBlur", sigma=(0.1, 2.0), p=0.5),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type="ResumableSampler", shuffle=True),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="Images",
        data_root="data/imagenet/train",
        pipeline=[
            dict(type="LoadImage", min_side=915),  # photographs: few crops are enlarged
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper",
    # Biases and norms get neither decay nor layer-wise adaptation.
    optimizer=dict(type="LARS", lr=0.3, momentum=0.9, weight_decay=1e-6, eta=1e-3),
)
# Linear from 0 over 10 epochs, then one cosine to 0, step by step.
param_scheduler = dict(
    type="WarmupCosineLR", warmup=10, end=200, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=200)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=256)
