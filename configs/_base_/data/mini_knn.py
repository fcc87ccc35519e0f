# 20-nearest-neighbor accuracy of frozen features on the mini-world.
_base_ = "./knn.py"

eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=48),
    dict(type="CenterCrop", size=48),
    dict(type="PackInputs"),
]
val_dataloader = dict(
    num_workers=2,
    dataset=dict(
        datasets=[
            dict(
                type="ImageFolder",
                data_root="data/mini/imagenet/train",
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="ImageFolder",
                data_root="data/mini/imagenet/val",
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
test_dataloader = val_dataloader
