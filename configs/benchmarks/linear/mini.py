r"""Linear probe on the embedded mini-world at 48 pixels: a regression test of the protocol.

  python tools/train.py configs/benchmarks/linear/mini.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/linear/mini.py 2 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT is of any layout that tools/export_weights.py reads; model.pretrained=random is the
baseline of random weights. Other networks: model.backbone.depth and model.head.in_channels.
Cost: 10 epochs, less than a minute on two CPU cores.
Expected: see docs/evaluation.md. The settings are ours, for short runs.
Data: python tools/data/make_mini.py --out data/mini
Other lengths: change train_cfg.max_epochs and param_scheduler.milestones in proportion.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/mini_classification.py"]

model = dict(
    type="LinearProbe",
    data_preprocessor=dict(
        type="ViewPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        channels_last=True,
    ),
    backbone=dict(type="ResNet", depth=18, base_channels=32, norm_cfg=dict(type="BN")),
    head=dict(type="LinearHead", in_channels=256, num_classes=20),
    # The one blank.
    pretrained="",
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
