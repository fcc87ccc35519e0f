"""Retrieval on Kinetics-Sound by XDC: video to video, sound to sound, and between the two.

  python tools/test.py configs/benchmarks/retrieval/kineticssound_xdc.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/retrieval/kineticssound_xdc.py CHECKPOINT 8

CHECKPOINT (of the whole method, with its heads), devices: docs/configs.md.
Cost: as kineticssound.py.
Expected: nothing is published. Ours: not run.
Queries, gallery and data are those of kineticssound.py. Between the modalities the score is the
probability of the sound's cluster by the head for clips (ours).
model.num_clusters is that of the checkpoint.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/retrieval.py"]

model = dict(
    type="XDC",
    data_preprocessor=dict(
        type="ViewPreprocessor",
        mean=(110.2008, 100.63983, 95.99475),
        std=(58.14765, 56.4627, 55.332195),
    ),
    video_backbone=dict(type="R2Plus1D"),
    audio_backbone=dict(type="AudioResNet", norm_cfg=dict(type="BN")),
    num_clusters=256,
)
eval_pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=1),
        video=dict(seconds=8 / 30, fps=30),
        audio=dict(seconds=2.0),
    ),
    dict(
        type="EachView",
        video=[
            dict(
                type="EachFrame",
                transforms=[dict(type="Resize", size=256), dict(type="CenterCrop", size=224)],
            )
        ],
        audio=[dict(type="LogMelSpectrogram", front_end="xdc")],
    ),
    dict(type="PackViews"),
]
test_dataloader = dict(
    batch_size=64,
    dataset=dict(
        datasets=[
            dict(
                type="Kinetics400",
                subset="sound",
                data_root="data/kinetics400/train",
                ann_file="../train.csv",
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="Kinetics400",
                subset="sound",
                data_root="data/kinetics400/val",
                ann_file="../validate.csv",
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
test_evaluator = [
    dict(type="Retrieval", feature="video", prefix="retrieval_video"),
    dict(type="Retrieval", feature="audio", prefix="retrieval_audio"),
    dict(type="CrossModalRetrieval"),
]
compare_untrained = True
