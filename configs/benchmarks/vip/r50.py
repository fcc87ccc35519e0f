"""VIP part maps, ResNet-50, with the settings of Spa-then-Temp (CVPR 2023).

  python tools/test.py configs/benchmarks/vip/r50.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/vip/r50.py CHECKPOINT 2

Differs from r18.py in the depth and the protocol. CHECKPOINT, devices and other networks:
docs/configs.md.
Cost: 50 videos at 70 x 70 cells.
Expected: Spa-then-Temp itself 42.2 mIoU (its README). Ours: not run.
Data: data/VIP_Fine/{Images,Annotations/Category_ids,lists}.
"""

_base_ = "./r18.py"

model = dict(backbone=dict(depth=50), protocol="vfs_r50")
