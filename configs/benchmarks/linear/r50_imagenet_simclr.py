r"""Linear probe on ImageNet-1k, SimCLR's recipe (Chen et al., ICML 2020, appendix B.6).

  python tools/train.py configs/benchmarks/linear/r50_imagenet_simclr.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=4096
  bash tools/dist_train.sh configs/benchmarks/linear/r50_imagenet_simclr.py 16 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT is of any layout that tools/export_weights.py reads; model.pretrained=random is the
baseline of random weights. Other networks: model.backbone.depth and model.head.in_channels.
Cost: 90 epochs of forward passes of a ResNet-50, 312 steps of 16 x 256 images each.
Expected: SimCLR at batch 4096 64.5 after 100 epochs (the authors' README), 69.3 after 1000 (the
paper). Ours: not run.
Other lengths: set train_cfg.max_epochs and param_scheduler.T_max to the same number.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/imagenet_classification.py"]

model = dict(
    type="LinearProbe",
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
    ),
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="BN")),
    head=dict(type="LinearHead", in_channels=2048, num_classes=1000, init_std=0.0),
    # The one blank.
    pretrained="",
)

train_dataloader = dict(batch_size=256)

optim_wrapper = dict(
    type="OptimWrapper",
    # Nothing of the backbone is in the optimizer.
    constructor="TrainableParameters",
    optimizer=dict(type="SGD", lr=1.6, momentum=0.9, nesterov=True, weight_decay=0.0),
)
# One cosine to 0 without warm-up, step by step.
param_scheduler = dict(
    type="CosineAnnealingLR", T_max=90, eta_min=0, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=90, val_interval=10)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=4096)
