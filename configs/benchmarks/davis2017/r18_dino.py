"""DAVIS 2017 by DINO's protocol (Caron et al., ICCV 2021), on a ResNet-18.

  python tools/test.py configs/benchmarks/davis2017/r18_dino.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/r18_dino.py CHECKPOINT 2

Differs from r18.py in the protocol and its input. CHECKPOINT, devices and other networks:
docs/configs.md.
Cost: about half that of r18.py.
Expected: published for vision transformers only. Ours: not run.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = "./r18.py"

model = dict(
    # Of red, the authors have 0.228 x 255.
    data_preprocessor=dict(std=[58.14, 57.12, 57.375]),
    protocol="dino",
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Resize", size=480, multiple=64),
            dict(type="PackInputs"),
        ]
    )
)
