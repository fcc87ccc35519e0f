# The nodes of one graph; each training step has the whole graph. The config that inherits this adds
# both data sets.
train_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="ResumableSampler", shuffle=False, share=False),
    collate_fn=dict(type="collate_graphs"),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate_graphs"),
)
val_evaluator = [
    dict(type="NodeProbe", protocol="adam"),
    dict(type="NodeProbe", protocol="logistic"),
    dict(type="NodeClustering"),
]
val_cfg = dict(type="ValLoop")
compare_untrained = True
