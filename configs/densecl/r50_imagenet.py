r"""DenseCL, ResNet-50, ImageNet-1k without labels, 200 epochs (Wang et al., CVPR 2021).

  python tools/train.py configs/densecl/r50_imagenet.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/densecl/r50_imagenet.py 8

Differs from r50_coco.py in the images, a tenth of the learning rate, and the epochs.
Cost: 1,000,800 steps of 8 x 32 images; the authors report 2.3 days on 8 V100.
Expected (the authors' README): VOC07+12 detection AP 58.7, VOC segmentation mIoU 69.4; the paper:
COCO detection box AP 40.3, mask AP 36.4. ImageNet linear 63.5 (mmselfsup). Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = "./r50_coco.py"

train_dataloader = dict(dataset=dict(data_root="data/imagenet/train"))
optim_wrapper = dict(optimizer=dict(lr=0.03))
param_scheduler = dict(T_max=200)
train_cfg = dict(max_epochs=200)
