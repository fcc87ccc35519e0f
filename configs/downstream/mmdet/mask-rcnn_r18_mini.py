r"""Mask R-CNN on half a ResNet-18, on the embedded mini-world: objects of any class, in minutes.

Few images and few steps, so that the result depends on the pre-training; the 20 classes of the
mini-world would take far more of both. He et al. (Mask R-CNN, ICCV 2017); the settings are ours.

  python tools/train.py configs/downstream/mmdet/mask-rcnn_r18_mini.py \
    --cfg-options load_from=work_dirs/densecl/mini/epoch_18.pth
  bash tools/dist_train.sh configs/downstream/mmdet/mask-rcnn_r18_mini.py 2 \
    --cfg-options load_from=work_dirs/densecl/mini/epoch_18.pth train_dataloader.batch_size=4

Data: python tools/data/make_mini.py --out data/mini
Cost and score: docs/results.md, the mini-world.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = ["./_base_/mask-rcnn_r18-fpn.py", "./_base_/schedule_90k.py", "./_base_/runtime.py"]

model = dict(
    backbone=dict(base_channels=32, stem_channels=32),  # that of configs/*/mini.py
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64),
    rpn_head=dict(in_channels=64, feat_channels=64),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64),
        bbox_head=dict(in_channels=64, num_classes=1),
        mask_roi_extractor=dict(out_channels=64),
        mask_head=dict(in_channels=64, conv_out_channels=64, num_classes=1),
    ),
    train_cfg=dict(rpn_proposal=dict(max_per_img=64), rcnn=dict(sampler=dict(num=32))),
    test_cfg=dict(rpn=dict(max_per_img=64)),
)

dataset = dict(type="CocoDataset", data_root="data/mini/coco/", metainfo=dict(classes=("object",)))
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True, with_mask=True),
    dict(type="Resize", scale=(160, 120), keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(160, 120), keep_ratio=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    batch_sampler=dict(type="AspectRatioBatchSampler"),
    dataset=dict(
        ann_file="annotations/objects_train2017.json",
        data_prefix=dict(img="train2017/"),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline,
        **dataset,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        ann_file="annotations/objects_val2017.json",
        data_prefix=dict(img="val2017/"),
        test_mode=True,
        pipeline=test_pipeline,
        **dataset,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type="CocoMetric",
    ann_file="data/mini/coco/annotations/objects_val2017.json",
    metric=["bbox", "segm"],
)
test_evaluator = val_evaluator

train_cfg = dict(max_iters=300, val_interval=300)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=30),
    dict(type="CosineAnnealingLR", by_epoch=False, begin=30, end=300, T_max=270, eta_min=0),
]
# The learning rate of 0.02 is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=300), precise_bn=dict(num_iters=20)
)
