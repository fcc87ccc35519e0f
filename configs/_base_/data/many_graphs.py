# Graphs in batches, described one by one and classified by an SVM. The config adds both datasets.
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    drop_last=True,  # what is left could be one graph, which has no other to be told from
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
