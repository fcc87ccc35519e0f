r"""Linear probes on the stem and four stages of a ResNet-50, ImageNet-1k (Goyal et al., ICCV 2019).

  python tools/train.py configs/benchmarks/linear/r50_imagenet_multistage.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/benchmarks/linear/r50_imagenet_multistage.py 8 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT is of any layout that tools/export_weights.py reads; model.pretrained=random is the
baseline of random weights. Other networks: model.backbone.depth and model.head.in_channels.
Cost: 90 epochs of forward passes of a ResNet-50, 5,004 steps of 8 x 32 images each.
Expected: DenseCL 15.86, 35.47, 49.46, 64.06, 62.95 from the stem to stage 4 (mmselfsup): stage 3 is
better than stage 4. Ours: not run.
Other lengths: change train_cfg.max_epochs and param_scheduler.milestones in proportion.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/imagenet_classification.py"]

model = dict(
    type="LinearProbe",
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
    ),
    backbone=dict(
        type="ResNet",
        depth=50,
        norm_cfg=dict(type="BN"),
        out_indices=(0, 1, 2, 3),
        out_stem=True,
    ),
    head=dict(type="MultiStageHead", in_channels=(64, 256, 512, 1024, 2048), num_classes=1000),
    # The one blank.
    pretrained="",
)

optim_wrapper = dict(
    type="OptimWrapper",
    # Nothing of the backbone is in the optimizer.
    constructor="TrainableParameters",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4),
)
param_scheduler = dict(type="MultiStepLR", milestones=[30, 60, 90], gamma=0.1, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=90, val_interval=10)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=256)
