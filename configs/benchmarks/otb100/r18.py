r"""OTB-100 with a SiamFC head on a frozen ResNet-18 (Xu and Wang, ICCV 2021, section 4).

  python tools/train.py configs/benchmarks/otb100/r18.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/otb100/r18.py 2 \
    --cfg-options model.pretrained=CHECKPOINT
  python tools/test.py configs/benchmarks/otb100/r18.py TRAINED

CHECKPOINT, TRAINED, devices, other networks and lengths: docs/configs.md.
Cost: 50 epochs of 9,335 pairs.
Expected: VFS (with color augmentation) 70.0 precision, 52.3 success (its README). Ours: not run.
`otb/...` follows the GOT-10k toolkit, `otb/..._mmtracking` mmtracking.
Data: data/GOT-10k/train/<sequence>/{*.jpg,groundtruth.txt}, data/OTB100/<sequence>/{img/*.jpg,
groundtruth_rect.txt}.
"""

_base_ = ["../../_base_/default_runtime.py"]

model = dict(
    type="SiamFC",
    data_preprocessor=dict(type="ViewPreprocessor"),
    # res5 at stride 8.
    backbone=dict(
        type="ResNet",
        depth=18,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        norm_cfg=dict(type="BN"),
    ),
    head=dict(type="SiameseHead", scale=1e-3),
    pretrained="",  # filled in by the command line
)

train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    drop_last=True,
    sampler=dict(type="ResumableSampler", shuffle=True),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="TrackingPairs",
        data_root="data/GOT-10k/train",
        frames="{}",
        # Sequences without a usable box are replaced and listed.
        on_error="skip",
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="TrackingVideos",
        data_root="data/OTB100",
        pipeline=[dict(type="LoadImage"), dict(type="PackInputs")],
    ),
)
test_evaluator = dict(type="OTB")
test_cfg = dict(type="TestLoop")

optim_wrapper = dict(
    type="OptimWrapper",
    # Nothing of the backbone is in the optimizer.
    constructor="TrainableParameters",
    optimizer=dict(type="Adam", lr=1e-3),
)
# From 1e-3 to 1e-5 over 50 epochs.
param_scheduler = dict(type="ExponentialLR", gamma=0.912011, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=50)
auto_scale_lr = dict(base_batch_size=8)
