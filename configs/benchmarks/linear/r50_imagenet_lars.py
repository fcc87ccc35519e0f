r"""Linear probe on ImageNet-1k, the LARS recipe of mmselfsup for SimCLR and SimSiam.

  python tools/train.py configs/benchmarks/linear/r50_imagenet_lars.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=4096
  bash tools/dist_train.sh configs/benchmarks/linear/r50_imagenet_lars.py 8 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 90 epochs of forward passes of a ResNet-50, 312 steps of 8 x 512 images each.
Expected: SimCLR at batch 256 62.7, at batch 4096 66.9, both after 200 epochs (mmselfsup).
Ours: not run.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/imagenet_classification.py"]

model = dict(
    type="LinearProbe",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="BN")),
    head=dict(type="LinearHead", num_classes=1000),
    pretrained="",  # filled in by the command line
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
