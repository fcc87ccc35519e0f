r"""FCN-R18 on 213 driving scenes of CamVid: minutes on two CPU cores.

Brostow et al. (CamVid, 2008); Long et al. (FCN, CVPR 2015). The settings are ours, for short runs
from the checkpoints of configs/*/r18_tinyimagenet.py.

  python tools/train.py configs/downstream/mmseg/fcn_r18_camvid.py \
    --cfg-options load_from=work_dirs/densecl/r18_tinyimagenet/epoch_4.pth
  python tools/train.py configs/downstream/mmseg/fcn_r18_camvid.py \
    --work-dir work_dirs/mmseg/fcn_r18_camvid_random \
    --cfg-options default_hooks.backbone.random_weights=True
  bash tools/dist_train.sh configs/downstream/mmseg/fcn_r18_camvid.py 2 \
    --cfg-options load_from=work_dirs/densecl/r18_tinyimagenet/epoch_4.pth \
    train_dataloader.batch_size=4

Data: data/camvid213/{train,val}/{images/*.jpg,labels/*.png}, labels 0..10 and 11 for unlabeled.
Cost and score of 150 steps: docs/results.md.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = ["./_base_/fcn_r50.py", "./_base_/schedule_20k.py"]

crop_size = (192, 192)
unlabeled = 11
model = dict(
    data_preprocessor=dict(size=crop_size, seg_pad_val=unlabeled),
    # Stride 16: a third of the time that stride 8 takes.
    backbone=dict(depth=18, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)),
    decode_head=dict(
        in_channels=512, channels=128, num_convs=1, concat_input=False, num_classes=11,
        ignore_index=unlabeled,
    ),
    auxiliary_head=None,
)  # fmt: skip

classes = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian",
    "bicyclist",
)  # fmt: skip
dataset = dict(
    type="BaseSegDataset",
    data_root="data/camvid213",
    img_suffix=".jpg",
    seg_map_suffix=".png",
    ignore_index=unlabeled,
    metainfo=dict(classes=classes, palette=[[23 * i, 255 - 23 * i, 127] for i in range(11)]),
)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations"),
    dict(type="RandomResize", scale=(320, 240), ratio_range=(0.8, 1.5), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size, cat_max_ratio=0.75, ignore_index=unlabeled),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(320, 240), keep_ratio=True),
    dict(type="LoadAnnotations"),  # after Resize: scored at full size
    dict(type="PackSegInputs"),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        data_prefix=dict(img_path="train/images", seg_map_path="train/labels"),
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
        data_prefix=dict(img_path="val/images", seg_map_path="val/labels"),
        pipeline=test_pipeline,
        **dataset,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type="IoUMetric", iou_metrics=["mIoU"], ignore_index=unlabeled)
test_evaluator = val_evaluator

optim_wrapper = dict(optimizer=dict(lr=0.02))
train_cfg = dict(max_iters=400, val_interval=400)
param_scheduler = [dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=0, end=400, by_epoch=False)]
# The learning rate above is for this many images a step, over all devices.
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=400))
