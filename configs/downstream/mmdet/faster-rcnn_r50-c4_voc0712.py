r"""Faster R-CNN R50-C4, VOC07+12, 24k iterations: the detection table of MoCo v2 and DenseCL.

He et al. (MoCo, CVPR 2020), table 2 and appendix; Wang et al. (DenseCL, CVPR 2021), table 1.

  python tools/train.py configs/downstream/mmdet/faster-rcnn_r50-c4_voc0712.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmdet/faster-rcnn_r50-c4_voc0712.py 8 \
    --cfg-options load_from=CHECKPOINT
  python tools/sweep.py configs/downstream/mmdet/faster-rcnn_r50-c4_voc0712.py \
    --seeds 0 1 2 3 4 --processes 8 --cfg-options load_from=CHECKPOINT      (the papers' 5 trials)

Data: data/VOCdevkit/VOC2007 (trainval, test) and VOC2012 (trainval).
Cost: 24,000 steps of 8 x 2 images, 5 times; time not measured here.
Expected AP / AP50 / AP75 (mean of 5; the DenseCL paper, its rows confirmed by the authors' READMEs
where *): random 32.8/59.0/31.6*, supervised ImageNet 54.2/81.6/59.8*, MoCo v2 COCO 54.7/81.0/60.6,
DenseCL COCO 56.7/81.7/63.0, SimCLR ImageNet 51.5/79.4/55.6*, MoCo v2 ImageNet 57.0/82.4/63.6*,
DenseCL ImageNet 58.7/82.8/65.2. Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = [
    "mmdet::_base_/models/faster-rcnn_r50-caffe-c4.py",
    "mmdet::_base_/datasets/voc0712.py",
    "./_base_/schedule_90k.py",
    "./_base_/runtime.py",
]
custom_imports = dict(imports=["mmcontrast.downstream.detection"])

norm_cfg = dict(type="mmcontrast.SyncBN", requires_grad=True)
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
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
        bbox_head=dict(num_classes=20),
    ),
)

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(
        type="RandomChoiceResize",
        scales=[(1333, side) for side in range(480, 801, 32)],
        keep_ratio=True,
    ),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(1333, 800), keep_ratio=True),
    dict(type="LoadAnnotations", with_bbox=True),  # after Resize: boxes stay as they are
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
train_dataloader = dict(
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        times=1,
        dataset=dict(
            datasets=[
                dict(
                    type="VOCWithDifficult",
                    data_root="data/VOCdevkit/",
                    ann_file=f"{year}/ImageSets/Main/trainval.txt",
                    data_prefix=dict(sub_data_root=f"{year}/"),
                    filter_cfg=dict(filter_empty_gt=True),
                    pipeline=train_pipeline,
                )
                for year in ("VOC2007", "VOC2012")
            ],
        ),
    ),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
# AP is pascal_voc/mAP, the mean over the ten thresholds, each by the 11-point rule.
val_evaluator = dict(iou_thrs=[0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])
test_evaluator = val_evaluator

train_cfg = dict(max_iters=24000, val_interval=2000)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(
        type="MultiStepLR",
        by_epoch=False,
        begin=0,
        end=24000,
        milestones=[18000, 22000],
        gamma=0.1,
    ),
]
default_hooks = dict(checkpoint=dict(interval=2000))
