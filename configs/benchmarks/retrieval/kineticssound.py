"""Retrieval on Kinetics-Sound by CrissCross: video to video, sound to sound, and between the two.

  python tools/test.py configs/benchmarks/retrieval/kineticssound.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/retrieval/kineticssound.py CHECKPOINT 8

CHECKPOINT (of the whole method, with its projectors), devices: docs/configs.md.
Cost: forward passes of about 24,000 videos, one clip of half a second and of 2 s of sound of each.
Expected: nothing is published; the paper shows examples. Ours: not run.
Queries are the validation videos, the gallery the training videos. Between the modalities each
query's own pair is looked for among the queries, by the cosine of the projections (ours).
compare_untrained adds the metrics of the untrained network.
Data: Kinetics-400 in data/kinetics400/{train,val}, its lists beside them ({train,validate}.csv);
require_audio of the data sets leaves out videos without sound.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/retrieval.py"]

norm = dict(type="SyncBN")
projector = dict(
    type="Projection", hidden_channels=2048, out_channels=2048, num_layers=3, norm_cfg=norm,
    bias_with_norm=True,
)  # fmt: skip
predictor = dict(type="Prediction", hidden_channels=512, norm_cfg=norm)
model = dict(
    type="CrissCross",
    data_preprocessor=dict(type="ViewPreprocessor"),
    video_backbone=dict(type="LightR2Plus1D", depth=18, norm_cfg=norm),
    video_projector=projector,
    video_predictor=predictor,
    audio_backbone=dict(type="AudioResNet", norm_cfg=norm),
    audio_projector=projector,
    audio_predictor=predictor,
    loss=dict(type="CrossModalLoss"),
)

eval_pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=1),
        video=dict(seconds=0.5, fps=16),
        audio=dict(seconds=2.0),
    ),
    dict(
        type="EachView",
        video=[
            dict(
                type="EachFrame",
                transforms=[dict(type="Resize", size=128), dict(type="CenterCrop", size=112)],
            )
        ],
        audio=[dict(type="LogMelSpectrogram")],
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
