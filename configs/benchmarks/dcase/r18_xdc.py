"""DCASE 2013 by XDC's protocol: 60 evenly spread clips of 2 s on both sides, XDC's spectrograms.

  python tools/test.py configs/benchmarks/dcase/r18_xdc.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/dcase/r18_xdc.py CHECKPOINT 2

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: as r18.py.
Expected: XDC pre-trained on AudioSet 95 (from memory of the paper, to be checked). Ours: not run.
It differs from r18.py in clips and spectrograms, and in the features, which are not normalized.
"""

_base_ = "./r18.py"

model = dict(pool=dict(normalize=None))
clips = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=60),
        audio=dict(seconds=2.0),
        min_valid=0.0,
    ),
    dict(type="EachView", audio=[dict(type="LogMelSpectrogram", front_end="xdc")]),
    dict(type="PackViews"),
]
test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type="DCASE2013",
                data_root="data/dcase2013",
                split="train",
                meta=dict(split="bank"),
                pipeline=clips,
            ),
            dict(
                type="DCASE2013",
                data_root="data/dcase2013",
                split="test",
                meta=dict(split="query"),
                pipeline=clips,
            ),
        ],
    ),
)
