# Loader and metric of retrieval: the split `bank` is the gallery, `query` the queries. The config
# that inherits this adds both.
test_dataloader = dict(
    batch_size=8,
    num_workers=8,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(type="ConcatDataset"),
)
test_cfg = dict(type="TestLoop")
test_evaluator = dict(type="Retrieval")
