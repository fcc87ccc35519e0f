"""DAVIS 2017 by ContrastCorr's protocol, ResNet-18 (Wang et al., AAAI 2021, section 4).

  python tools/test.py configs/benchmarks/davis2017/r18_contrastcorr.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/r18_contrastcorr.py CHECKPOINT 2

Differs from r18.py in the protocol and its input. CHECKPOINT is one of configs/contrastcorr: the
network sees LAB. Devices: docs/configs.md.
Cost: 1,969 frames; each is compared with 8 others without a window, 8,400 x 8,400 cells a pair.
Expected: ContrastCorr 63.0 J&F (60.5 J, 65.5 F; the authors' results file).
Ours: not run on all 30 videos.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = "./r18.py"

model = dict(
    # ImageNet's of channels in 0..1, for bytes in LAB over 256.
    data_preprocessor=dict(mean=[124.16, 116.736, 103.936], std=[58.624, 57.344, 57.6]),
    backbone=dict(out_indices=(3,)),  # res5
    protocol="contrastcorr",
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", size=560, multiple=64),
            dict(type="ToLAB"),
            dict(type="PackInputs"),
        ]
    )
)
