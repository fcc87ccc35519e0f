r"""Fine-tuning on 1% of ImageNet's labels, SimCLR's recipe (Chen et al., ICML 2020, appendix B.5).

  python tools/train.py configs/benchmarks/semi_supervised/r50_imagenet_1percent_simclr.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=4096
  bash tools/dist_train.sh configs/benchmarks/semi_supervised/r50_imagenet_1percent_simclr.py 16 \
    --cfg-options model.pretrained=CHECKPOINT

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 60 epochs of 3 steps of 16 x 256 images.
Expected: after 1000 epochs of SimCLR 48.3 top-1 and 75.5 top-5 (the paper). Ours: not run.
Data: python tools/data/make_subset.py images data/imagenet/train 0.01 \
  --out data/imagenet/1percent.txt, or the list that SimCLR published under this name.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/imagenet_classification.py"]

model = dict(
    type="FineTuning",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="SyncBN")),
    head=dict(type="LinearHead", num_classes=1000, init_std=0.0),
    pretrained="",  # filled in by the command line
)

train_dataloader = dict(
    batch_size=256,
    dataset=dict(ann_file="../1percent.txt"),
)

optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.8, momentum=0.9, nesterov=True, weight_decay=0.0),
)
# One cosine to 0 without warm-up, step by step.
param_scheduler = dict(
    type="CosineAnnealingLR", T_max=60, eta_min=0, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=60, val_interval=60)
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=4096)
