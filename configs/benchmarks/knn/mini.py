"""k-NN on the embedded mini-world at 48 pixels.

  python tools/test.py configs/benchmarks/knn/mini.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/knn/mini.py CHECKPOINT 2

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: seconds.
Expected: see docs/evaluation.md.
Data: python tools/data/make_mini.py --out data/mini
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/mini_knn.py"]

model = dict(
    type="FrozenBackbone",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, base_channels=32, norm_cfg=dict(type="BN")),
    pretrained="",  # filled in by the command line
)
val_evaluator = dict(k=[10, 20, 100, 200])
test_evaluator = val_evaluator
