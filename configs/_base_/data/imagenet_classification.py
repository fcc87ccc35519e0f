# Labeled images: random crops and flips for training, one center crop for validation.
_base_ = "./classification.py"

train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    pin_memory=True,
    dataset=dict(
        type="ImageFolder",
        data_root="data/imagenet/train",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="RandomResizedCrop", size=224, scale=(0.08, 1.0)),
            dict(type="HorizontalFlip", p=0.5),
            dict(type="PackInputs"),
        ],
    ),
)
val_dataloader = dict(
    num_workers=8,
    dataset=dict(
        type="ImageFolder",
        data_root="data/imagenet/val",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", size=256),
            dict(type="CenterCrop", size=224),
            dict(type="PackInputs"),
        ],
    ),
)
test_dataloader = val_dataloader
