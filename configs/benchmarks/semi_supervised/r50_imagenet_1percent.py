r"""Fine-tuning on 1% of ImageNet's labels, OpenSelfSup's recipe: a grid of nine trainings.

  python tools/train.py configs/benchmarks/semi_supervised/r50_imagenet_1percent.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/benchmarks/semi_supervised/r50_imagenet_1percent.py 4 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 20 epochs of 50 steps of 4 x 64 images a point; nine points.
Expected: after MoCo v2 39.07 top-1 and 68.31 top-5, after SimCLR at batch 256 36.09 and 64.50
(OpenSelfSup). Ours: not run.
All points of the grid, and the table:
  python tools/sweep.py configs/benchmarks/semi_supervised/r50_imagenet_1percent.py \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=256
Data: python tools/data/make_subset.py images data/imagenet/train 0.01 \
  --out data/imagenet/1percent.txt, or the list that SimCLR published under this name.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/imagenet_classification.py"]

model = dict(
    type="FineTuning",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="SyncBN")),
    head=dict(type="LinearHead", num_classes=1000),
    pretrained="",  # filled in by the command line
)

train_dataloader = dict(
    batch_size=64,
    dataset=dict(ann_file="../1percent.txt"),
)

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.9, weight_decay=5e-4),
    # The factor of the head's learning rate.
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=100))),
)
param_scheduler = dict(type="MultiStepLR", milestones=[12, 16], gamma=0.2, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20, val_interval=20)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=256)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=1))
# tools/train.py trains one point, the one that is best for MoCo v2 and SimCLR; tools/sweep.py all.
grid = {
    "optim_wrapper.optimizer.lr": [1e-3, 1e-2, 1e-1],
    "optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult": [1, 10, 100],
}
grid_metric = "accuracy/top1"
