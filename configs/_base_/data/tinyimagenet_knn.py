# 20-nearest-neighbor accuracy of frozen features: `bank` images vote on `query` images.
eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=64),
    dict(type="CenterCrop", size=64),
    dict(type="PackInputs"),
]
val_dataloader = dict(
    batch_size=100,
    num_workers=2,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="ConcatDataset",
        datasets=[
            dict(
                type="ImageFolder",
                data_root="data/tinyimagenet/train",
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="ImageFolder",
                data_root="data/tinyimagenet/val",
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
val_evaluator = dict(type="KNN", k=20)
val_cfg = dict(type="ValLoop")
test_dataloader, test_evaluator, test_cfg = val_dataloader, val_evaluator, dict(type="TestLoop")
