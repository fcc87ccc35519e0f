r"""DenseCL, ResNet-101, ImageNet-1k without labels, 200 epochs (the authors' release).

  python tools/train.py configs/densecl/r101_imagenet.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/densecl/r101_imagenet.py 8

Differs from r50_imagenet.py in the depth of the backbone.
Cost: 1,000,800 steps of 8 x 32 images; time not reported by the authors.
Expected (the authors' README): VOC07+12 detection AP 61.3, VOC segmentation mIoU 74.1.
Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = "./r50_imagenet.py"

model = dict(backbone=dict(depth=101))
