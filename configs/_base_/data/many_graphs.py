# Graphs in batches; their features are classified by an SVM. The config that inherits this adds
# both data sets.
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    drop_last=True,  # a last batch of one graph would have no negatives
    sampler=dict(type="ResumableSampler", shuffle=True),
    collate_fn=dict(type="collate_graphs"),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate_graphs"),
)
val_evaluator = dict(type="GraphSVM")
val_cfg = dict(type="ValLoop")
compare_untrained = True
