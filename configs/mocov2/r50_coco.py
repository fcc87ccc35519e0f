r"""MoCo v2, ResNet-50, COCO train2017 without labels, 800 epochs: the baseline of DenseCL's tables.

  python tools/train.py configs/mocov2/r50_coco.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/mocov2/r50_coco.py 8

Differs from r50_imagenet.py in the images, the learning rate, and the epochs. The learning rate of
this run was not published; it is DenseCL's, so that the two differ by the dense loss alone.
Cost: 369,600 steps of 8 x 32 images; about 1 day on 8 V100 (DenseCL's authors).
Expected (DenseCL's README): VOC07+12 detection AP 54.7, VOC segmentation mIoU 64.5; the paper: COCO
detection box AP 38.5, mask AP 34.8. Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = "./r50_imagenet.py"

train_dataloader = dict(dataset=dict(data_root="data/coco/train2017"))
optim_wrapper = dict(optimizer=dict(lr=0.3))
param_scheduler = dict(T_max=800)
train_cfg = dict(max_epochs=800)
