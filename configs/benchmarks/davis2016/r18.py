"""DAVIS 2016: all objects of a video are one (VFS, ResNet-18).

  python tools/test.py configs/benchmarks/davis2016/r18.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2016/r18.py CHECKPOINT 2

Differs from davis2017/r18.py in the data. CHECKPOINT, devices and other networks: docs/configs.md.
Cost: as DAVIS 2017; 20 videos.
Expected: Ours: not run.
Data: as for DAVIS 2017; ImageSets/2016/val.txt has one name of a sequence a line.
"""

_base_ = "../davis2017/r18.py"

test_dataloader = dict(
    dataset=dict(ann_file="ImageSets/2016/val.txt", binary=True),
)
