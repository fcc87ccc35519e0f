# What the training loader of every pre-training has: shuffled images or videos, each one once an
# epoch, in whole batches, and a place in the epoch that a resumed run continues from.
train_dataloader = dict(
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="ResumableSampler", shuffle=True),
    collate_fn=dict(type="collate"),
)
