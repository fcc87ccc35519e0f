r"""Mask R-CNN R50-FPN on COCO, 90k iterations, in DenseCL's form: SyncBN in every part.

Wang et al. (DenseCL, CVPR 2021), table 2. The form is InfoMin's: it differs from MoCo's,
mask-rcnn_r50-fpn_moco-1x_coco.py, in a box head of four convolutions and one linear layer, and in
batch norm in box head and mask head. Results of the two do not belong in one table.

  python tools/train.py configs/downstream/mmdet/mask-rcnn_r50-fpn_1x_coco.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmdet/mask-rcnn_r50-fpn_1x_coco.py 8 \
    --cfg-options load_from=CHECKPOINT

Data: data/coco/{train2017,val2017,annotations}.
Cost: 90,000 steps of 8 x 2 images; time not measured here.
Expected box AP/AP50/AP75 | mask AP/AP50/AP75 (the DenseCL paper):
  random             32.8/50.9/35.3 | 29.9/47.9/32.0
  supervised         39.7/59.5/43.3 | 35.9/56.6/38.6
  SimCLR ImageNet    38.5/58.0/42.0 | 34.8/55.2/37.2
  MoCo v2 COCO       38.5/58.1/42.1 | 34.8/55.3/37.3
  DenseCL COCO       39.6/59.3/43.3 | 35.7/56.5/38.4
  MoCo v2 ImageNet   39.8/59.8/43.6 | 36.1/56.9/38.7
  DenseCL ImageNet   40.3/59.9/44.3 | 36.4/57.0/39.2
Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = "./mask-rcnn_r50-fpn_moco-1x_coco.py"

model = dict(
    roi_head=dict(
        bbox_head=dict(type="Shared4Conv1FCBBoxHead", norm_cfg=_base_.norm_cfg),
        mask_head=dict(norm_cfg=_base_.norm_cfg),
    ),
)
