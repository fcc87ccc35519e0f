r"""Fine-tuning on 10% of the mini-world's labels: a regression test of the protocol and its grid.

  python tools/train.py configs/benchmarks/semi_supervised/mini.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/semi_supervised/mini.py 2 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 20 epochs of 4 steps a point, seconds each on two CPU cores.
Expected: see docs/evaluation.md. The settings are ours, for short runs.
All points of the grid, and the table:
  python tools/sweep.py configs/benchmarks/semi_supervised/mini.py \
    --cfg-options model.pretrained=CHECKPOINT
Data: python tools/data/make_mini.py --out data/mini, and
  python tools/data/make_subset.py images data/mini/imagenet/train 0.1 \
    --out data/mini/imagenet/10percent.txt
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/mini_classification.py"]

model = dict(
    type="FineTuning",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, base_channels=32, norm_cfg=dict(type="SyncBN")),
    head=dict(type="LinearHead", num_classes=20),
    pretrained="",  # filled in by the command line
)

train_dataloader = dict(
    batch_size=32,
    dataset=dict(ann_file="../10percent.txt"),
)

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.9, weight_decay=1e-4),
    # The factor of the head's learning rate.
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))),
)
param_scheduler = dict(type="MultiStepLR", milestones=[12, 16], gamma=0.2, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20, val_interval=20)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(logger=dict(interval=4), checkpoint=dict(max_keep_ckpts=1))
# tools/train.py trains one point; tools/sweep.py all.
grid = {
    "optim_wrapper.optimizer.lr": [1e-3, 1e-2, 1e-1],
    "optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult": [1, 10, 100],
}
grid_metric = "accuracy/top1"
