"""k-NN on Tiny ImageNet at 64 pixels, ResNet-18.

  python tools/test.py configs/benchmarks/knn/tinyimagenet.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/knn/tinyimagenet.py CHECKPOINT 2

CHECKPOINT is of any layout that tools/export_weights.py reads, `random` the baseline of random
weights. Other networks: --cfg-options model.backbone.depth=18, or another model.backbone.
Cost: one forward pass of all images: about a minute for 14,000 on one CPU core.
Expected: docs/results.md has what ran here. Ours with this file: not run.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/tinyimagenet_knn.py"]

model = dict(
    type="FrozenBackbone",
    data_preprocessor=dict(
        type="ViewPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        channels_last=True,
    ),
    backbone=dict(type="ResNet", depth=18, norm_cfg=dict(type="BN")),
    # Filled in by the command line.
    pretrained="",
)
val_evaluator = dict(k=[10, 20, 100, 200])
test_evaluator = val_evaluator
