# Labeled images: random crops and flips for training, one center crop for validation.
_base_ = "./classification.py"

train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    dataset=dict(
        type="ImageFolder",
        data_root="data/mini/imagenet/train",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="RandomResizedCrop", size=48, scale=(0.08, 1.0)),
            dict(type="HorizontalFlip", p=0.5),
            dict(type="PackInputs"),
        ],
    ),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(
        type="ImageFolder",
        data_root="data/mini/imagenet/val",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", size=48),
            dict(type="CenterCrop", size=48),
            dict(type="PackInputs"),
        ],
    ),
)
test_dataloader = val_dataloader
