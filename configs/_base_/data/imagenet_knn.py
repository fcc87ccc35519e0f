# Nearest-neighbor accuracy of frozen features: all of ImageNet's training images vote on all
# validation images. Their features take about 10 GB of memory, 20 while they are put together.
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
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="ImageFolder",
                data_root="data/imagenet/val",
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
val_evaluator = dict(type="KNN", k=[10, 20, 100, 200])
val_cfg = dict(type="ValLoop")
test_dataloader, test_evaluator, test_cfg = val_dataloader, val_evaluator, dict(type="TestLoop")
