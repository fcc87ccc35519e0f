# 20-nearest-neighbor accuracy of frozen features on CIFAR-10.
_base_ = "./knn.py"

eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="PackInputs"),
]
val_dataloader = dict(
    batch_size=512,
    num_workers=8,
    dataset=dict(
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
test_dataloader = val_dataloader
