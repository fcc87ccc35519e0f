"""Masks through the videos of the embedded mini-world, for networks that see LAB.

  python tools/test.py configs/benchmarks/davis2017/mini_contrastcorr.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/mini_contrastcorr.py CHECKPOINT 2

Differs from r18_contrastcorr.py in the width of the network and the size of the frames. CHECKPOINT
is of configs/contrastcorr/mini.py: the network sees LAB. Devices: docs/configs.md.
Cost: less than a minute on one CPU core.
Expected: docs/results.md. Settings and metrics are ours, for small frames.
Data: python tools/data/make_mini.py --out data/mini --videos
"""

_base_ = "./r18_contrastcorr.py"

# Residual branches begin at zero, for what `random` means.
model = dict(backbone=dict(base_channels=32, zero_init_residual=True))
test_dataloader = dict(
    dataset=dict(
        data_root="data/mini/davis",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", size=192, multiple=64),
            dict(type="ToLAB"),
            dict(type="PackInputs"),
        ],
    )
)
