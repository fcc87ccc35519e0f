r"""VFS, ResNet-50, Kinetics-400, no color augmentation, for fine correspondence.

Xu and Wang, ICCV 2021, section 4.

  python tools/train.py configs/vfs/r50_kinetics400.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/vfs/r50_kinetics400.py 8

Differs from r18_kinetics400.py, which describes the data, in the network, the frames of a video,
the batch and the epochs: the authors count 100 epochs of 5 passes over the data.
Cost: 469,000 steps of 8 x 32 videos with 2 frames each; the authors report a week on 8 RTX 3090.
Expected: DAVIS-2017 val J&F 69.5 (the authors' README; 0.5 is their deviation from run to run).
Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = "./r18_kinetics400.py"

model = dict(
    backbone=dict(depth=50),
    projector=dict(hidden_channels=2048, out_channels=2048),
    predictor=dict(hidden_channels=512),
)

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            # One frame of each half of the video.
            dict(type="LoadFrames", sampler=dict(type="segments", num_segments=2)),
            dict(type="EachFrame", transforms=_base_.frame),
            dict(type="PackClips", num_views=2),
        ],
    ),
)

param_scheduler = dict(T_max=500)
train_cfg = dict(max_epochs=500)
auto_scale_lr = dict(base_batch_size=256)
