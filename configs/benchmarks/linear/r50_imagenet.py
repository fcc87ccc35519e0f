r"""Linear probe on ImageNet-1k, MoCo's recipe, which DenseCL follows (He et al., CVPR 2020).

  python tools/train.py configs/benchmarks/linear/r50_imagenet.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/benchmarks/linear/r50_imagenet.py 8 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT is of any layout that tools/export_weights.py reads; model.pretrained=random is the
baseline of random weights. Other networks: model.backbone.depth and model.head.in_channels.
Cost: 100 epochs of forward passes of a ResNet-50, 5,004 steps of 8 x 32 images each.
Expected: MoCo v2 67.5 (200 epochs; the authors' README), DenseCL 63.5, SimCLR at batch 256 62.7
(mmselfsup). DenseCL is meant for dense tasks and lies below MoCo v2 here. Ours: not run.
Other lengths: change train_cfg.max_epochs and param_scheduler.milestones in proportion.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/imagenet_classification.py"]

model = dict(
    type="LinearProbe",
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
    ),
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="BN")),
    head=dict(type="LinearHead", in_channels=2048, num_classes=1000),
    # The one blank.
    pretrained="",
)

optim_wrapper = dict(
    type="OptimWrapper",
    # Nothing of the backbone is in the optimizer.
    constructor="TrainableParameters",
    optimizer=dict(type="SGD", lr=30.0, momentum=0.9, weight_decay=0.0),
)
param_scheduler = dict(type="MultiStepLR", milestones=[60, 80], gamma=0.1, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=100, val_interval=10)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=256)
