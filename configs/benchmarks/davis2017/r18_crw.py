"""DAVIS 2017 by CRW's rule, ResNet-18 (Jabri et al., NeurIPS 2020).

  python tools/test.py configs/benchmarks/davis2017/r18_crw.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/r18_crw.py CHECKPOINT 2

CHECKPOINT is of any layout that tools/export_weights.py reads, `torchvision://resnet18` the
supervised baseline, `random` that of random weights.
Cost: about that of r18.py.
Expected: CRW's own weights 67.6 J&F (its README). Ours: not run.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/davis2017.py"]

model = dict(
    type="LabelPropagation",
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
    ),
    # res4 at stride 8.
    backbone=dict(
        type="ResNet", depth=18, out_indices=(2,), strides=(1, 2, 1, 1), norm_cfg=dict(type="BN")
    ),
    propagator=dict(preset="crw"),
    # Filled in by the command line.
    pretrained="",
)
