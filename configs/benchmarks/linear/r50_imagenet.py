r"""Linear probe on ImageNet-1k, MoCo's recipe, which DenseCL follows (He et al., CVPR 2020).

  python tools/train.py configs/benchmarks/linear/r50_imagenet.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/benchmarks/linear/r50_imagenet.py 8 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 100 epochs of forward passes of a ResNet-50, 5,004 steps of 8 x 32 images each.
Expected: MoCo v2 67.5 (200 epochs; the authors' README), DenseCL 63.5, SimCLR at batch 256 62.7
(mmselfsup). DenseCL is meant for dense tasks and lies below MoCo v2 here. Ours: not run.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/imagenet_classification.py"]

model = dict(
    type="LinearProbe",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="BN")),
    head=dict(type="LinearHead", num_classes=1000),
    pretrained="",  # filled in by the command line
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
