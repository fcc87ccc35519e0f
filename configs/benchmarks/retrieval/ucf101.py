"""Retrieval of videos of the same class on UCF101, by CrissCross' network for clips.

  python tools/test.py configs/benchmarks/retrieval/ucf101.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/retrieval/ucf101.py CHECKPOINT 8

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: forward passes of 133,200 clips of 32 frames. Not measured.
Expected: R@1, 5 and 20 of CrissCross pre-trained on Kinetics-400: 63.8, 78.7, 89.9 (from memory of
the paper, to be checked; SeLaVi's clips, see ucf101_selavi.py). Ours: not run.
Queries are the test videos of split 1, the gallery its training videos, each the mean of ten clips.
Clips are the same on both sides and in each run: evenly spread, cut from the center (ours).
Data: data/ucf101, with UCF-101/<class>/*.avi and ucfTrainTestlist/*.txt.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/retrieval.py"]

model = dict(
    type="FrozenBackbone",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="LightR2Plus1D", depth=18),
    view="video",
    pool=dict(type="MaxPool", kernel_size=(2, 2, 2), normalize="vector"),
    pretrained="",  # filled in by the command line
)

eval_pipeline = [
    # A shorter video is repeated.
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=10),
        video=dict(seconds=32 / 30, fps=30),
        min_valid=0.0,
    ),
    dict(
        type="EachView",
        video=[
            dict(
                type="EachFrame",
                transforms=[dict(type="Resize", size=128), dict(type="CenterCrop", size=112)],
            )
        ],
    ),
    dict(type="PackViews"),
]
test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type="UCF101",
                data_root="data/ucf101",
                split="train",
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="UCF101",
                data_root="data/ucf101",
                split="test",
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
