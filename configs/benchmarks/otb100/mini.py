r"""A SiamFC head on the mini-world's tracked videos: a regression test of the protocol.

  python tools/train.py configs/benchmarks/otb100/mini.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/otb100/mini.py 2 \
    --cfg-options model.pretrained=CHECKPOINT
  python tools/test.py configs/benchmarks/otb100/mini.py TRAINED

CHECKPOINT, TRAINED, devices, other networks and lengths: docs/configs.md.
Cost: about a minute on two CPU cores.
Expected: docs/results.md. Settings and metrics are ours; it is tested on what it saw.
Data: python tools/data/make_mini.py --out data/mini --videos
"""

_base_ = ["../../_base_/default_runtime.py"]

model = dict(
    type="SiamFC",
    data_preprocessor=dict(type="ViewPreprocessor"),
    # res5 at stride 8.
    backbone=dict(
        type="ResNet",
        depth=18,
        base_channels=32,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        norm_cfg=dict(type="BN"),
    ),
    head=dict(type="SiameseHead", scale=1e-3),
    pretrained="",  # filled in by the command line
)

train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    drop_last=True,
    sampler=dict(type="ResumableSampler", shuffle=True),
    collate_fn=dict(type="collate"),
    dataset=dict(type="TrackingPairs", data_root="data/mini/otb"),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="TrackingVideos",
        data_root="data/mini/otb",
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
# From 1e-3 to 1e-5 over 20 epochs.
param_scheduler = dict(type="ExponentialLR", gamma=0.794328, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20)
auto_scale_lr = dict(base_batch_size=2)
