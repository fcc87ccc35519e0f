r"""SimCLR, ResNet-18 with the stem for small images, CIFAR-10, 1000 epochs.

  python tools/train.py configs/simclr/r18_cifar10.py
  bash tools/dist_train.sh configs/simclr/r18_cifar10.py 4 \
    --cfg-options train_dataloader.batch_size=128

Data: tools/data/prepare_cifar10.py unpacks the binary archive into data/cifar10.
Cost: 97,000 steps of 512 images of 32 pixels; about half a day on one current GPU (estimate).
Expected: about 91 linear (the authors' README, whose command these settings are); k-NN 84.8 after
200 epochs of a similar recipe (lightly's documentation). Ours: not run.
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
        depth=18,
        stem="cifar",
        norm_cfg=dict(type="SyncBN"),
        zero_init_residual=True,
    ),
    neck=dict(
        type="Projection",
        in_channels=512,
        hidden_channels=512,
        out_channels=128,
        num_layers=2,
        norm_cfg=dict(type="SyncBN"),
        last_norm_bias=False,
    ),
    loss=dict(type="NTXent", temperature=0.5),
)

view = [
    dict(type="RandomResizedCrop", size=32, scale=(0.08, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type="Grayscale", p=0.2),
]
train_dataloader = dict(
    batch_size=512,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type="ResumableSampler", shuffle=True),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="Images",
        data_root="data/cifar10/train",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    ),
)

optim_wrapper = dict(
    type="OptimWrapper",
    # Biases and norms get neither decay nor layer-wise adaptation.
    optimizer=dict(type="LARS", lr=2.0, momentum=0.9, weight_decay=1e-4, eta=1e-3),
)
# Linear from 0 over 10 epochs, then one cosine to 0, step by step.
param_scheduler = dict(
    type="WarmupCosineLR", warmup=10, end=1000, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=1000, val_interval=50)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=512)

# 20-nearest-neighbor accuracy of frozen features: `bank` images vote on `query` images.
eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="PackInputs"),
]
val_dataloader = dict(
    batch_size=512,
    num_workers=8,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="ConcatDataset",
        datasets=[
            dict(
                type="ImageFolder",
                data_root="data/cifar10/train",
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="ImageFolder",
                data_root="data/cifar10/test",
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
val_evaluator = dict(type="KNN", k=20)
val_cfg = dict(type="ValLoop")
test_dataloader, test_evaluator, test_cfg = val_dataloader, val_evaluator, dict(type="TestLoop")
