"""DAVIS 2017 by VFS' protocol, ResNet-50 (Xu and Wang, ICCV 2021, section 4).

  python tools/test.py configs/benchmarks/davis2017/r50.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/r50.py CHECKPOINT 2

Differs from r18.py in the depth and the protocol. CHECKPOINT, devices and other networks:
docs/configs.md.
Cost: 1,969 frames to propagate, 14 times the operations of a ResNet-18: for a GPU.
Expected: VFS 69.5 J&F (67.0 J, 72.0 F; its README).
Ours: not run on all 30 videos; docs/results.md has what ran.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = "./r18.py"

model = dict(backbone=dict(depth=50), protocol="vfs_r50")
