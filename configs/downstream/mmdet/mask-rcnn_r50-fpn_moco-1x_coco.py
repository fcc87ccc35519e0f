r"""Mask R-CNN R50-FPN on COCO, 90k iterations, in MoCo's form: SyncBN in backbone and FPN alone.

He et al. (MoCo, CVPR 2020), table 5 (a). The box head is the usual one of two linear layers.

  python tools/train.py configs/downstream/mmdet/mask-rcnn_r50-fpn_moco-1x_coco.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmdet/mask-rcnn_r50-fpn_moco-1x_coco.py 8 \
    --cfg-options load_from=CHECKPOINT

Data: data/coco/{train2017,val2017,annotations}.
Cost: 90,000 steps of 8 x 2 images; time not measured here.
Expected: the DenseCL paper's table is of the other form (mask-rcnn_r50-fpn_1x_coco.py), do not mix
them. mmselfsup's README, which trained 12 epochs: box AP / mask AP 40.2/36.1 for MoCo v2
ImageNet, 38.7/34.9 for SimCLR (batch 256). Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = [
    "mmdet::_base_/models/mask-rcnn_r50_fpn.py",
    "./_base_/coco_instance.py",
    "./_base_/schedule_90k.py",
    "./_base_/runtime.py",
]

norm_cfg = dict(type="mmcontrast.SyncBN", requires_grad=True)
model = dict(
    backbone=dict(frozen_stages=-1, norm_cfg=norm_cfg, norm_eval=False, init_cfg=None),
    neck=dict(norm_cfg=norm_cfg),
)
