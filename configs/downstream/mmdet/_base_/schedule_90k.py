# detectron2's "1x" of 90,000 iterations, which counts iterations, not epochs.
train_cfg = dict(type="IterBasedTrainLoop", max_iters=90000, val_interval=30000)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(
        type="MultiStepLR",
        by_epoch=False,
        begin=0,
        end=90000,
        milestones=[60000, 80000],
        gamma=0.1,
    ),
]
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=0.0001),
    paramwise_cfg=dict(norm_decay_mult=0),  # detectron2's WEIGHT_DECAY_NORM
)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=16, enable=False)
