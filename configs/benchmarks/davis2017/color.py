"""DAVIS 2017 by VFS' protocol on raw colors: what a learned feature has to beat.

  python tools/test.py configs/benchmarks/davis2017/color.py

There is no checkpoint.
Cost: less than r18.py.
Expected: J 69.6 and F 64.6 on car-shadow alone. Ours: docs/results.md.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/davis2017.py"]

model = dict(
    type="LabelPropagation",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="ColorPatches", stride=8),
    protocol="vfs_r18",
    pretrained="",
)
eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=480),
    dict(type="PackInputs"),
]
test_dataloader = dict(dataset=dict(pipeline=eval_pipeline))
