r"""Mask R-CNN R50-C4 on COCO, 180k iterations, MoCo's form.

He et al. (MoCo, CVPR 2020), table 5 (c). Differs from mask-rcnn_r50-c4_1x_coco.py in the number of
iterations.

  python tools/train.py configs/downstream/mmdet/mask-rcnn_r50-c4_2x_coco.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmdet/mask-rcnn_r50-c4_2x_coco.py 8 \
    --cfg-options load_from=CHECKPOINT

Data: data/coco/{train2017,val2017,annotations}.
Cost: 180,000 steps of 8 x 2 images; time not measured here.
Expected box AP/AP50/AP75 | mask AP/AP50/AP75 (OpenSelfSup's docs/MODEL_ZOO.md, which follows MoCo's
protocol in detectron2; pre-trained on ImageNet with batch 256 for 200 epochs):
  random      35.6/54.6/38.2 | 31.4/51.5/33.5
  supervised  40.0/59.9/43.1 | 34.7/56.5/36.9
  SimCLR      39.6/59.1/42.9 | 34.6/55.9/37.1
  MoCo v2     40.6/60.1/44.0 | 35.3/56.9/38.0
MoCo's own table is of its first version; its numbers were not checked here. Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
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
