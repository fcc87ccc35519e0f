"""DCASE 2013 (DCASE2014 in papers on images and sound): linear SVMs on CrissCross' sound network.

  python tools/test.py configs/benchmarks/dcase/r18.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/dcase/r18.py CHECKPOINT 2

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: forward passes of 12,000 clips of 1 s, minutes on two cores; then 33 trainings of 10 SVMs on
6,000 rows.
Expected: CrissCross pre-trained on Kinetics-Sound 93.0, Kinetics-400 96.0, AudioSet 97.0 (authors'
README, by a linear layer trained by Adam, best epoch on the test). Ours: not run.
Data: the scenes of the DCASE 2013 challenge in data/dcase2013, with scenes_stereo and
scenes_stereo_testset.
Cost of the SVMs: chosen by three folds of the training recordings.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/sound_svm.py"]

model = dict(
    type="FrozenBackbone",
    backbone=dict(type="AudioResNet", norm_cfg=dict(type="BN")),
    view="audio",
    # 1,536 numbers of a map of 512 x 3 x 4.
    pool=dict(type="MaxPool", kernel_size=(1, 3), stride=(1, 2), normalize="vector"),
    pretrained="",  # filled in by the command line
)

train_pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="random_clips", num_clips=60),
        audio=dict(seconds=1.0),
        min_valid=0.0,
    ),
    dict(
        type="EachView",
        audio=[
            dict(type="VolumeJitter", volume=0.2),
            dict(type="LogMelSpectrogram"),
            dict(type="TimeWarp", window=20),
            dict(type="FrequencyMask", max_width=9),
            dict(type="TimeMask", max_width=19),
            dict(type="RandomSpectrogramCrop"),
        ],
    ),
    dict(type="PackViews"),
]
test_pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=1),
        audio=dict(seconds=30.0),
        min_valid=0.0,
    ),
    dict(type="EachView", audio=[dict(type="LogMelSpectrogram")]),
    dict(type="SpectrogramWindows", num_windows=60, length=100),
    dict(type="PackViews"),
]
test_dataloader = dict(
    batch_size=10,
    dataset=dict(
        datasets=[
            dict(
                type="DCASE2013",
                data_root="data/dcase2013",
                split="train",
                meta=dict(split="bank"),
                pipeline=train_pipeline,
            ),
            dict(
                type="DCASE2013",
                data_root="data/dcase2013",
                split="test",
                meta=dict(split="query"),
                pipeline=test_pipeline,
            ),
        ],
    ),
)
