"""ESC-50 by XDC's protocol: ten evenly spread clips of 2 s on both sides, XDC's spectrograms.

  python tools/test.py configs/benchmarks/esc50/r18_xdc.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/esc50/r18_xdc.py CHECKPOINT 8

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: as r18.py.
Expected: XDC pre-trained on Kinetics-400, 8 frames, 78.0 (SDC 66.5, MDC 70.3, CDC 74.8, none 54.3);
on AudioSet 84.8. These figures are from memory of the paper, to be checked. Ours: not run.
It differs from r18.py in clips and spectrograms, in the features, which are not normalized, and in
the cost of the SVMs, which inner folds choose.
"""

_base_ = "./r18.py"

model = dict(pool=dict(normalize=None))
clips = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=10),
        audio=dict(seconds=2.0),
        min_valid=0.0,
    ),
    dict(type="EachView", audio=[dict(type="LogMelSpectrogram", front_end="xdc")]),
    dict(type="PackViews"),
]
test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(type="ESC50", data_root="data/ESC-50", meta=dict(split="bank"), pipeline=clips),
            dict(type="ESC50", data_root="data/ESC-50", meta=dict(split="query"), pipeline=clips),
        ],
    ),
)
test_evaluator = dict(cost=None)
