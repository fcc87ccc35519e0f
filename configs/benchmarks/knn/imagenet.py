"""k-NN on ImageNet-1k, ResNet-50, weighted votes at temperature 0.07 (Wu et al., CVPR 2018).

  python tools/test.py configs/benchmarks/knn/imagenet.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/knn/imagenet.py CHECKPOINT 8

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: one forward pass of 1.33 million images; about 20 GB of memory in the first process.
Expected: for k = 10, 20, 100, 200: MoCo v2 55.6, 55.7, 53.7, 52.5; DenseCL 48.2, 48.5, 46.8, 45.6;
SimCLR at batch 256 47.8, 48.4, 46.7, 45.2 (mmselfsup). Ours: not run.
"""

_base_ = ["../../_base_/default_runtime.py", "../../_base_/data/imagenet_knn.py"]

model = dict(
    type="FrozenBackbone",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="BN")),
    pretrained="",  # filled in by the command line
)
