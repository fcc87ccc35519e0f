r"""FCN-R50 on ADE20K, 80k iterations.

Long et al. (FCN, CVPR 2015), with mmseg's settings for this data set.

  python tools/train.py configs/downstream/mmseg/fcn_r50_ade20k.py \
    --cfg-options load_from=CHECKPOINT train_dataloader.batch_size=16
  bash tools/dist_train.sh configs/downstream/mmseg/fcn_r50_ade20k.py 4 \
    --cfg-options load_from=CHECKPOINT

Data: data/ade/ADEChallengeData2016/{images,annotations}/{training,validation}.
Cost: 80,000 steps of 4 x 4 images; time not measured here.
Expected: none of the three papers gives this row. Ours: not run.
CHECKPOINT, devices, memory, other lengths: docs/configs.md.
"""

_base_ = [
    "./_base_/fcn_r50.py",
    "mmseg::_base_/datasets/ade20k.py",
    "./_base_/schedule_20k.py",
]

crop_size = (512, 512)
model = dict(
    data_preprocessor=dict(size=crop_size),
    decode_head=dict(num_classes=150),
    auxiliary_head=dict(num_classes=150),
)

train_cfg = dict(max_iters=80000, val_interval=8000)
param_scheduler = [dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=0, end=80000, by_epoch=False)]
default_hooks = dict(checkpoint=dict(interval=8000))
