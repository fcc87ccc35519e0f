# Nearest-neighbor accuracy of frozen features: all of ImageNet's training images vote on all
# validation images. Their features take about 10 GB of memory, 20 while they are put together.
_base_ = "./knn.py"

eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=256),
    dict(type="CenterCrop", size=224),
    dict(type="PackInputs"),
]
val_dataloader = dict(
    num_workers=8,
    dataset=dict(
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
val_evaluator = dict(k=[10, 20, 100, 200])
test_evaluator = val_evaluator
test_dataloader = val_dataloader
