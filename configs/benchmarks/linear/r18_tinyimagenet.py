r"""Linear probe on Tiny ImageNet at 64 pixels, ResNet-18: MoCo's recipe, a third as long.

  python tools/train.py configs/benchmarks/linear/r18_tinyimagenet.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/linear/r18_tinyimagenet.py 2 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 30 epochs of forward passes; about a minute each for 12,000 images on one CPU core.
Expected: nothing is published for these settings, which are ours, for short runs. Ours: not run.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/tinyimagenet_classification.py"]

model = dict(
    type="LinearProbe",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, norm_cfg=dict(type="BN")),
    head=dict(type="LinearHead", num_classes=200),
    pretrained="",  # filled in by the command line
)

optim_wrapper = dict(
    type="OptimWrapper",
    # Nothing of the backbone is in the optimizer.
    constructor="TrainableParameters",
    optimizer=dict(type="SGD", lr=10.0, momentum=0.9, weight_decay=0.0),
)
param_scheduler = dict(type="MultiStepLR", milestones=[18, 24], gamma=0.1, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=30, val_interval=10)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=256)
