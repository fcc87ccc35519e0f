r"""FCN-R50 on Cityscapes, crops of 769 pixels, 40k iterations: DenseCL's segmentation table.

Wang et al. (DenseCL, CVPR 2021), table 4.

  python tools/train.py configs/downstream/mmseg/fcn_r50_cityscapes.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=8
  bash tools/dist_train.sh configs/downstream/mmseg/fcn_r50_cityscapes.py 4 \
    --cfg-options load_from=CHECKPOINT

Data: data/cityscapes/{leftImg8bit,gtFine}, with the labelTrainIds of mmseg's
tools/dataset_converters/cityscapes.py; train (fine) 2,975 and val 500 images.
Cost: 40,000 steps of 4 x 2 images, as in the authors' config; time not measured here.
Expected mIoU (the paper): random 63.5, supervised ImageNet 73.7, SimCLR ImageNet 73.1,
MoCo v2 COCO 73.8, DenseCL COCO 75.6, MoCo v2 ImageNet 74.5, DenseCL ImageNet 75.7. Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = [
    "./_base_/fcn_r50.py",
    "mmseg::_base_/datasets/cityscapes_769x769.py",
    "./_base_/schedule_20k.py",
]

crop_size = (769, 769)
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(align_corners=True),
    auxiliary_head=dict(align_corners=True),
    test_cfg=dict(mode="slide", crop_size=crop_size, stride=(513, 513)),
)

train_cfg = dict(max_iters=40000, val_interval=4000)
param_scheduler = [dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=0, end=40000, by_epoch=False)]
# The learning rate of 0.01 is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(checkpoint=dict(interval=4000))
