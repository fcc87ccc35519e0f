# Labeled images: random crops and flips for training, one center crop for validation.
_base_ = "./classification.py"

train_dataloader = dict(
    batch_size=256,
    num_workers=2,
    dataset=dict(
        type="ImageFolder",
        data_root="data/tinyimagenet/train",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="RandomResizedCrop", size=64, scale=(0.08, 1.0)),
            dict(type="HorizontalFlip", p=0.5),
            dict(type="PackInputs"),
        ],
    ),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(
        type="ImageFolder",
        data_root="data/tinyimagenet/val",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", size=64),
            dict(type="CenterCrop", size=64),
            dict(type="PackInputs"),
        ],
    ),
)
test_dataloader = val_dataloader
