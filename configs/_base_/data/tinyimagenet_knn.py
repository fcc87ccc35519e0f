# 20-nearest-neighbor accuracy of frozen features on Tiny ImageNet.
_base_ = "./knn.py"

eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=64),
    dict(type="CenterCrop", size=64),
    dict(type="PackInputs"),
]
val_dataloader = dict(
    num_workers=2,
    dataset=dict(
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
test_dataloader = val_dataloader
