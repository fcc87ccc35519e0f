r"""Linear probe on the embedded mini-world at 48 pixels: a regression test of the protocol.

  python tools/train.py configs/benchmarks/linear/mini.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/linear/mini.py 2 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 10 epochs, less than a minute on two CPU cores.
Expected: see docs/evaluation.md. The settings are ours, for short runs.
Data: python tools/data/make_mini.py --out data/mini
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/mini_classification.py"]

model = dict(
    type="LinearProbe",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, base_channels=32, norm_cfg=dict(type="BN")),
    head=dict(type="LinearHead", num_classes=20),
    pretrained="",  # filled in by the command line
)

optim_wrapper = dict(
    type="OptimWrapper",
    # Nothing of the backbone is in the optimizer.
    constructor="TrainableParameters",
    optimizer=dict(type="SGD", lr=0.1, momentum=0.9, weight_decay=0.0),
)
param_scheduler = dict(type="MultiStepLR", milestones=[6, 8], gamma=0.1, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=10, val_interval=10)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=64)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(max_keep_ckpts=1))
