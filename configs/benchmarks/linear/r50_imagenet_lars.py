r"""Linear probe on ImageNet-1k, the LARS recipe of mmselfsup for SimCLR and SimSiam.

  python tools/train.py configs/benchmarks/linear/r50_imagenet_lars.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=4096
  bash tools/dist_train.sh configs/benchmarks/linear/r50_imagenet_lars.py 8 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT is of any layout that tools/export_weights.py reads; model.pretrained=random is the
baseline of random weights. Other networks: model.backbone.depth and model.head.in_channels.
Cost: 90 epochs of forward passes of a ResNet-50, 312 steps of 8 x 512 images each.
Expected: SimCLR at batch 256 62.7, at batch 4096 66.9, both after 200 epochs (mmselfsup).
Ours: not run.
Other lengths: set train_cfg.max_epochs and param_scheduler.T_max to the same number.
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

train_dataloader = dict(batch_size=512)

optim_wrapper = dict(
    type="OptimWrapper",
    # Nothing of the backbone is in the optimizer.
    constructor="TrainableParameters",
    optimizer=dict(type="LARS", lr=1.6, momentum=0.9, weight_decay=0.0),
)
param_scheduler = dict(type="CosineAnnealingLR", T_max=90, eta_min=0, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=90, val_interval=10)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=4096)
