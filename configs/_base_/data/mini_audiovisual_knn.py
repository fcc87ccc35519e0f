# 20-nearest-neighbor accuracy of frozen features of picture and sound on the mini-world's clips.
_base_ = "./knn.py"

eval_pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=1),
        video=dict(seconds=1.0, fps=8),
        audio=dict(seconds=2.0),
    ),
    dict(
        type="EachView",
        video=[dict(type="EachFrame", transforms=[dict(type="Resize", size=48)])],
        audio=[dict(type="LogMelSpectrogram")],
    ),
    dict(type="PackViews"),
]
val_dataloader = dict(
    num_workers=2,
    dataset=dict(
        datasets=[
            dict(
                type="VideoFolder",
                data_root="data/mini/audiovisual/train",
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="VideoFolder",
                data_root="data/mini/audiovisual/val",
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
val_evaluator = [
    dict(type="KNN", feature="video", prefix="knn_video"),
    dict(type="KNN", feature="audio", prefix="knn_audio"),
]
test_dataloader = val_dataloader
test_evaluator = val_evaluator
