r"""Mask R-CNN R50-C4 on COCO, 90k iterations, MoCo's form.

He et al. (MoCo, CVPR 2020), table 5 (b).

  python tools/train.py configs/downstream/mmdet/mask-rcnn_r50-c4_1x_coco.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmdet/mask-rcnn_r50-c4_1x_coco.py 8 \
    --cfg-options load_from=CHECKPOINT

Data: data/coco/{train2017,val2017,annotations}.
Cost: 90,000 steps of 8 x 2 images; time not measured here.
Expected: none of the three papers gives this row for SimCLR, MoCo v2 or DenseCL. Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = [
    "mmdet::_base_/models/mask-rcnn_r50-caffe-c4.py",
    "./_base_/coco_instance.py",
    "./_base_/schedule_90k.py",
    "./_base_/runtime.py",
]
custom_imports = dict(imports=["mmcontrast.downstream.detection"])

norm_cfg = dict(type="mmcontrast.SyncBN", requires_grad=True)
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_mask=True,
    ),
    backbone=dict(
        style="pytorch", frozen_stages=-1, norm_cfg=norm_cfg, norm_eval=False, init_cfg=None
    ),
    roi_head=dict(
        shared_head=dict(
            type="ResLayerExtraNorm",
            style="pytorch",
            norm_cfg=norm_cfg,
            norm_eval=False,
            init_cfg=None,
        ),
    ),
)
