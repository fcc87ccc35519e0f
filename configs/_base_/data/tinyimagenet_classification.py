# Labeled images: random crops and flips for training, one center crop for validation.
train_dataloader = dict(
    batch_size=256,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="ResumableSampler", shuffle=True),
    collate_fn=dict(type="collate"),
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
    batch_size=100,
    num_workers=2,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
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
val_evaluator = dict(type="Accuracy", topk=(1, 5))
val_cfg = dict(type="ValLoop")
test_dataloader, test_evaluator, test_cfg = val_dataloader, val_evaluator, dict(type="TestLoop")
