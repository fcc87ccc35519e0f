r"""Mask R-CNN R50-C4 on COCO, 180k iterations, MoCo's form.

He et al. (MoCo, CVPR 2020), table 5 (c).

  python tools/train.py configs/downstream/mmdet/mask-rcnn_r50-c4_2x_coco.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmdet/mask-rcnn_r50-c4_2x_coco.py 8 \
    --cfg-options load_from=CHECKPOINT

Data: data/coco/{train2017,val2017,annotations}.
Cost: 180,000 steps of 8 x 2 images; time not measured here.
Expected: see the paper's table; its figures were not checked here. Ours: not run.
"""

_base_ = "./mask-rcnn_r50-c4_1x_coco.py"

train_cfg = dict(max_iters=180000)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(
        type="MultiStepLR",
        by_epoch=False,
        begin=0,
        end=180000,
        milestones=[120000, 160000],
        gamma=0.1,
    ),
]
