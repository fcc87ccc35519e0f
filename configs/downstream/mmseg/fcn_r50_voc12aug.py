r"""FCN-R50 on VOC12 with the extra masks (train_aug), 20k iterations: DenseCL's segmentation table.

Wang et al. (DenseCL, CVPR 2021), table 4. What fails most often is the batch (16, not 8) and the
stem (a plain ResNet, not V1c).

  python tools/train.py configs/downstream/mmseg/fcn_r50_voc12aug.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmseg/fcn_r50_voc12aug.py 4 \
    --cfg-options load_from=CHECKPOINT
  python tools/sweep.py configs/downstream/mmseg/fcn_r50_voc12aug.py \
    --seeds 0 1 2 3 4 --processes 4 --cfg-options load_from=CHECKPOINT      (the papers' 5 trials)

Data: data/VOCdevkit/VOC2012 with SegmentationClassAug and ImageSets/Segmentation/aug.txt, as
mmseg's tools/dataset_converters/voc_aug.py writes them: 1,464 + 9,118 images.
Cost: 20,000 steps of 4 x 4 images, 5 times; time not measured here.
Expected mIoU on VOC12 val (mean of 5; the paper, confirmed by the authors' README where *):
random 40.7, supervised ImageNet 67.7, SimCLR ImageNet 64.3, MoCo v2 COCO 64.5*, DenseCL COCO 67.5*,
MoCo v2 ImageNet 67.5*, DenseCL ImageNet 69.4*. Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = [
    "./_base_/fcn_r50.py",
    "mmseg::_base_/datasets/pascal_voc12_aug.py",
    "./_base_/schedule_20k.py",
]

crop_size = (512, 512)
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(num_classes=21),
    auxiliary_head=dict(num_classes=21),
)
