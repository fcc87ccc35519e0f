r"""Mask R-CNN R18 on 100 street photographs with pedestrians: minutes on two CPU cores.

Wang et al. (Penn-Fudan, ACCV 2007); He et al. (Mask R-CNN, ICCV 2017). The settings are ours, for
short runs from the checkpoints of configs/*/r18_tinyimagenet.py.

  python tools/train.py configs/downstream/mmdet/mask-rcnn_r18_pennfudan.py \
    --cfg-options load_from=work_dirs/densecl/r18_tinyimagenet/epoch_4.pth
  python tools/train.py configs/downstream/mmdet/mask-rcnn_r18_pennfudan.py \
    --work-dir work_dirs/mmdet/mask-rcnn_r18_pennfudan_random \
    --cfg-options default_hooks.backbone.random_weights=True
  bash tools/dist_train.sh configs/downstream/mmdet/mask-rcnn_r18_pennfudan.py 2 \
    --cfg-options load_from=work_dirs/densecl/r18_tinyimagenet/epoch_4.pth \
    train_dataloader.batch_size=2

Data: python tools/data/prepare_pennfudan.py FOLDER --out data/pennfudan100
Score of 100 steps: docs/results.md. Cost: not measured.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = ["./_base_/mask-rcnn_r18-fpn.py", "./_base_/schedule_90k.py", "./_base_/runtime.py"]

model = dict(roi_head=dict(bbox_head=dict(num_classes=1), mask_head=dict(num_classes=1)))

dataset = dict(
    type="CocoDataset",
    data_root="data/pennfudan100/",
    data_prefix=dict(img="images/"),
    metainfo=dict(classes=("pedestrian",)),
)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True, with_mask=True),
    dict(
        type="RandomChoiceResize",
        scales=[(384, side) for side in (160, 192, 224, 256)],
        keep_ratio=True,
    ),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(384, 224), keep_ratio=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    batch_sampler=dict(type="AspectRatioBatchSampler"),
    dataset=dict(ann_file="annotations/train.json", pipeline=train_pipeline, **dataset),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        ann_file="annotations/val.json", test_mode=True, pipeline=test_pipeline, **dataset
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type="CocoMetric", ann_file="data/pennfudan100/annotations/val.json", metric=["bbox", "segm"]
)
test_evaluator = val_evaluator

train_cfg = dict(max_iters=300, val_interval=300)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=30),
    dict(type="CosineAnnealingLR", by_epoch=False, begin=30, end=300, T_max=270, eta_min=0),
]
optim_wrapper = dict(optimizer=dict(lr=0.01))
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=300), precise_bn=dict(num_iters=20)
)
