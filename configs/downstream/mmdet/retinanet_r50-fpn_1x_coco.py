r"""RetinaNet R50-FPN on COCO, 90k iterations, with SyncBN in backbone and FPN.

Lin et al. (RetinaNet, ICCV 2017), under MoCo's rules: nothing frozen, batch norm trained.

  python tools/train.py configs/downstream/mmdet/retinanet_r50-fpn_1x_coco.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmdet/retinanet_r50-fpn_1x_coco.py 8 \
    --cfg-options load_from=CHECKPOINT

Data: data/coco/{train2017,val2017,annotations}.
Cost: 90,000 steps of 8 x 2 images; time not measured here.
Expected: none of the three papers gives this row. Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = [
    "mmdet::_base_/models/retinanet_r50_fpn.py",
    "./_base_/coco_detection.py",
    "./_base_/schedule_90k.py",
    "./_base_/runtime.py",
]

norm_cfg = dict(type="mmcontrast.SyncBN", requires_grad=True)
model = dict(
    backbone=dict(frozen_stages=-1, norm_cfg=norm_cfg, norm_eval=False, init_cfg=None),
    neck=dict(norm_cfg=norm_cfg),
)
optim_wrapper = dict(optimizer=dict(lr=0.01))
