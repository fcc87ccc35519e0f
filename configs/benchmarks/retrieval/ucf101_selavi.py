"""Retrieval on UCF101 with the clips of SeLaVi's code, as papers report it.

  python tools/test.py configs/benchmarks/retrieval/ucf101_selavi.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/retrieval/ucf101_selavi.py CHECKPOINT 8

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: as ucf101.py.
Expected: R@1, 5 and 20 of CrissCross pre-trained on Kinetics-400: 63.8, 78.7, 89.9 (from memory of
the paper, to be checked). Ours: not run.
It differs from ucf101.py in the clips: those of the gallery are random (place, size, crop, flip),
those of the queries begin at i / 10 of the last start and are cut at the left or at the top; and in
the normalization of images.
"""

_base_ = "./ucf101.py"

model = dict(data_preprocessor=dict(mean=(114.75,) * 3, std=(57.375,) * 3))
gallery_pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="random_clips", num_clips=10),
        video=dict(seconds=32 / 30, fps=30),
        min_valid=0.0,
    ),
    dict(
        type="EachView",
        video=[
            dict(
                type="EachFrame",
                transforms=[
                    dict(type="RandomShortSide", smallest=128, largest=160),
                    dict(type="RandomCrop", size=112),
                    dict(type="HorizontalFlip", p=0.5),
                ],
                shared=True,
            )
        ],
    ),
    dict(type="PackViews"),
]
query_pipeline = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=10, include_end=False),
        video=dict(seconds=32 / 30, fps=30),
        min_valid=0.0,
    ),
    dict(
        type="EachView",
        video=[
            dict(
                type="EachFrame",
                transforms=[dict(type="Resize", size=112), dict(type="TopLeftCrop", size=112)],
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
                pipeline=gallery_pipeline,
            ),
            dict(
                type="UCF101",
                data_root="data/ucf101",
                split="test",
                meta=dict(split="query"),
                pipeline=query_pipeline,
            ),
        ],
    ),
)
