"""DAVIS 2017 if the first mask stayed as it is.

  python tools/test.py configs/benchmarks/davis2017/copy_first.py

There is no checkpoint.
Cost: reading the masks.
Expected: J 40.8 and F 25.2 on car-shadow alone. Ours: docs/results.md.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/davis2017.py"]

model = dict(
    type="LabelPropagation",
    backbone=None,
    protocol="vfs_r18",
    pretrained="",
)
eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=480),
    dict(type="PackInputs"),
]
test_dataloader = dict(dataset=dict(pipeline=eval_pipeline))
