"""JHMDB keypoints, ResNet-50, with the settings of Spa-then-Temp (CVPR 2023).

  python tools/test.py configs/benchmarks/jhmdb/r50.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/jhmdb/r50.py CHECKPOINT 2

Differs from r18.py in the depth and the protocol. CHECKPOINT, devices and other networks:
docs/configs.md.
Cost: 268 videos of up to 40 frames at 40 x 40 cells.
Expected: Spa-then-Temp itself 63.6 PCK@0.1, 83.8 @0.2 (its README). Ours: not run.
The first frame, whose joints are given, does not count; `..._with_first` counts it, as VFS did.
Data: data/JHMDB/{Rename_Images,joint_positions} and testlist_split1.txt, whose lines are
`<joint_positions.mat> <folder of frames>`.
"""

_base_ = "./r18.py"

model = dict(backbone=dict(depth=50), protocol="vfs_r50")
