# Loader and metric of linear SVMs on sounds: the split `bank` trains them, `query` tests them.
# The config that inherits this adds both.
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(type="ConcatDataset"),
)
test_cfg = dict(type="TestLoop")
# The best cost on the test, which papers report, is `svm/oracle` alone.
test_evaluator = dict(type="LinearSVM", oracle=True)
