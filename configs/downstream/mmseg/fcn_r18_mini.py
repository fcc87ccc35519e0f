r"""FCN on half a ResNet-18, on the embedded mini-world: objects or background, in half a minute.

Few images and few steps, so that the result depends on the pre-training; the 20 classes of the
mini-world would take far more of both. Long et al. (FCN, CVPR 2015); the settings are ours.

  python tools/train.py configs/downstream/mmseg/fcn_r18_mini.py \
    --cfg-options load_from=work_dirs/densecl/mini/epoch_18.pth
  python tools/train.py configs/downstream/mmseg/fcn_r18_mini.py \
    --work-dir work_dirs/mmseg/fcn_r18_mini_random \
    --cfg-options default_hooks.backbone.random_weights=True
  bash tools/dist_train.sh configs/downstream/mmseg/fcn_r18_mini.py 2 \
    --cfg-options load_from=work_dirs/densecl/mini/epoch_18.pth train_dataloader.batch_size=4

Data: python tools/data/make_mini.py --out data/mini
Cost and score: docs/results.md, the mini-world.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = ["./_base_/fcn_r50.py", "./_base_/schedule_20k.py"]

crop_size = (96, 96)
model = dict(
    data_preprocessor=dict(size=crop_size),
    # That of configs/densecl/mini.py and configs/mocov2/mini.py, strides included.
    backbone=dict(
        depth=18, base_channels=32, stem_channels=32, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 1)
    ),
    decode_head=dict(in_channels=256, channels=64, num_convs=1, concat_input=False, num_classes=2),
    auxiliary_head=None,
)

dataset = dict(
    type="BaseSegDataset",
    data_root="data/mini/voc/VOC2012",
    data_prefix=dict(img_path="JPEGImages", seg_map_path="SegmentationForeground"),
    img_suffix=".jpg",
    seg_map_suffix=".png",
    metainfo=dict(classes=("background", "object"), palette=[[0, 0, 0], [255, 255, 255]]),
)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations"),
    dict(type="RandomResize", scale=(160, 120), ratio_range=(0.8, 1.5), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size, cat_max_ratio=0.9),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations"),
    dict(type="PackSegInputs"),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    # 100 of the 200 labeled images, since pre-training matters where labels are few.
    dataset=dict(
        ann_file="ImageSets/Segmentation/train.txt",
        pipeline=train_pipeline,
        indices=100,
        **dataset,
    ),
)
val_dataloader = dict(
    batch_size=1,  # images are of two shapes
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(ann_file="ImageSets/Segmentation/val.txt", pipeline=test_pipeline, **dataset),
)
test_dataloader = val_dataloader
val_evaluator = dict(type="IoUMetric", iou_metrics=["mIoU"])
test_evaluator = val_evaluator

optim_wrapper = dict(optimizer=dict(lr=0.05))
train_cfg = dict(max_iters=150, val_interval=150)
param_scheduler = [dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=0, end=150, by_epoch=False)]
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=150))
