"""k-NN on Tiny ImageNet at 64 pixels, ResNet-18.

  python tools/test.py configs/benchmarks/knn/tinyimagenet.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/knn/tinyimagenet.py CHECKPOINT 2

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: one forward pass of all images: about a minute for 14,000 on one CPU core.
Expected: docs/results.md has what ran here. Ours with this file: not run.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/tinyimagenet_knn.py"]

model = dict(
    type="FrozenBackbone",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, norm_cfg=dict(type="BN")),
    pretrained="",  # filled in by the command line
)
val_evaluator = dict(k=[10, 20, 100, 200])
test_evaluator = val_evaluator
