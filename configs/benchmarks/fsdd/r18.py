"""Spoken digits: linear SVMs on the sound network of CrissCross.

  python tools/test.py configs/benchmarks/fsdd/r18.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/fsdd/r18.py CHECKPOINT 2

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: forward passes of 3,000 clips of 1 s, a minute on two cores; then 33 trainings of 10 SVMs.
Expected: no paper on images and sound reports it. Ours: docs/results.md.
Data: the Free Spoken Digit Dataset in data/fsdd; takes 0 to 4 are the test, as its authors propose.
Cost of the SVMs: chosen by three folds of the training recordings.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/sound_svm.py"]

model = dict(
    type="FrozenBackbone",
    backbone=dict(type="AudioResNet", norm_cfg=dict(type="BN")),
    view="audio",
    pool=dict(type="MaxPool", kernel_size=(1, 3), stride=(1, 2), normalize="time"),
    pretrained="",  # filled in by the command line
)
# A digit lasts .14 to .88 s; silence fills it up.
pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=1),
        audio=dict(seconds=1.0),
        min_valid=0.0,
    ),
    dict(type="EachView", audio=[dict(type="LogMelSpectrogram")]),
    dict(type="PackViews"),
]
test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type="FSDD",
                data_root="data/fsdd",
                split="train",
                meta=dict(split="bank"),
                pipeline=pipeline,
            ),
            dict(
                type="FSDD",
                data_root="data/fsdd",
                split="test",
                meta=dict(split="query"),
                pipeline=pipeline,
            ),
        ],
    ),
)
