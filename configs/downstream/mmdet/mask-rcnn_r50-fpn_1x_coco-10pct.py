r"""Mask R-CNN R50-FPN on 10% of COCO, DenseCL's form.

Wang et al. (DenseCL, CVPR 2021), table 3. The authors have not published which images they took;
tools/data/make_subset.py draws 11,829 of them from a seed. Differs from
mask-rcnn_r50-fpn_1x_coco.py in these labels.

  python tools/data/make_subset.py coco data/coco/annotations/instances_train2017.json 0.1 \
    --images data/coco/train2017 --out data/coco/annotations/instances_train2017_10percent.json
  python tools/train.py configs/downstream/mmdet/mask-rcnn_r50-fpn_1x_coco-10pct.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmdet/mask-rcnn_r50-fpn_1x_coco-10pct.py 8 \
    --cfg-options load_from=CHECKPOINT

Data: data/coco as for the whole, and the file that the first command writes.
Cost: 90,000 steps of 8 x 2 images; time not measured here. The paper does not say how long it
trained, and 90,000 is our reading: random weights do not reach its AP in a tenth of that.
Expected: the paper reports DenseCL ahead of MoCo v2 by 1.3 box AP and 1.0 mask AP, both trained on
COCO. Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = "./mask-rcnn_r50-fpn_1x_coco.py"

train_dataloader = dict(dataset=dict(ann_file="annotations/instances_train2017_10percent.json"))
