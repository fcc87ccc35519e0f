# Loader and metric of nearest neighbors: images of the split `bank` vote on those of `query`. The
# config that inherits this adds both.
val_dataloader = dict(
    batch_size=100,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(type="ConcatDataset"),
)
val_evaluator = dict(type="KNN", k=20)
val_cfg = dict(type="ValLoop")
test_dataloader = val_dataloader
test_evaluator = val_evaluator
test_cfg = dict(type="TestLoop")
