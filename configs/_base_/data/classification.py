# Loaders and metric of labeled images. The config that inherits this adds both data sets.
_base_ = "../train_loader.py"

val_dataloader = dict(
    batch_size=100,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
)
val_evaluator = dict(type="Accuracy", topk=(1, 5))
val_cfg = dict(type="ValLoop")
test_dataloader = val_dataloader
test_evaluator = val_evaluator
test_cfg = dict(type="TestLoop")
