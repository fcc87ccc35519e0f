# Training on features of seen classes, a test on all classes. The config that inherits this adds
# the source of both.
train_dataloader = dict(
    batch_size=1,  # a sample holds num_batches of num_rows
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="ResumableSampler", shuffle=False),
    collate_fn=dict(type="collate_one"),
    dataset=dict(type="SeenBatches", num_batches=5),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate_one"),
    dataset=dict(type="ZeroShotTask"),
)
val_evaluator = dict(type="ZeroShot", baselines=True)
val_cfg = dict(type="ValLoop")
