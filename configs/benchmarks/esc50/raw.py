"""ESC-50 by statistics of the spectrogram, without a network: the baseline of all others.

  python tools/test.py configs/benchmarks/esc50/raw.py
  bash tools/dist_test.sh configs/benchmarks/esc50/raw.py 2

Devices: docs/configs.md.
Cost: a minute for 4,000 readings of 5 s on two cores; then 205 trainings of 50 SVMs.
Expected: nothing is published for these features, mean and deviation of each mel band. Ours, on
two folds of ESC-10: docs/results.md.
It differs from r18.py in the features, in reading each recording once, and in the cost of the SVMs,
which inner folds choose.
"""

_base_ = "./r18.py"

model = dict(backbone=None, pool=dict(_delete_=True, type="BandStatistics"))
whole = [
    dict(
        type="LoadClip",
        sampler=dict(type="uniform_clips", num_clips=1),
        audio=dict(seconds=5.0),
        min_valid=0.0,
    ),
    dict(type="EachView", audio=[dict(type="LogMelSpectrogram")]),
    dict(type="PackViews"),
]
test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(type="ESC50", data_root="data/ESC-50", meta=dict(split="bank"), pipeline=whole),
            dict(type="ESC50", data_root="data/ESC-50", meta=dict(split="query"), pipeline=whole),
        ],
    ),
)
test_evaluator = dict(cost=None, standardize=True)
