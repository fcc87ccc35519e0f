# Nearest-neighbor accuracy during pre-training, cheap: 50,000 training images vote on 5,000
# validation images, always the same ones. Add this file to the _base_ of a pre-training config;
# train_cfg.val_interval says after how many epochs, and for validation within epochs
#   default_hooks = dict(validation=dict(type="ValidationHook", interval=5000))
# after how many iterations.
eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=256),
    dict(type="CenterCrop", size=224),
    dict(type="PackInputs"),
]
val_dataloader = dict(
    batch_size=100,
    num_workers=8,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="ConcatDataset",
        datasets=[
            dict(
                type="ImageFolder",
                data_root="data/imagenet/train",
                indices=dict(num=50_000, seed=0),
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="ImageFolder",
                data_root="data/imagenet/val",
                indices=dict(num=5_000, seed=0),
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
val_evaluator = dict(type="KNN", k=20)
val_cfg = dict(type="ValLoop")
test_dataloader, test_evaluator, test_cfg = val_dataloader, val_evaluator, dict(type="TestLoop")
