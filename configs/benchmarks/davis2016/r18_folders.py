"""Videos of one's own with a mask of one object per frame, by VFS' protocol.

  python tools/test.py configs/benchmarks/davis2016/r18_folders.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2016/r18_folders.py CHECKPOINT 2

Differs from r18.py in the data. CHECKPOINT, devices and other networks: docs/configs.md.
Cost: about 2 s a frame on one CPU core beside the network.
Expected: Ours: docs/results.md.
Data: data/vos/<video>/{JPEGImages,Annotations}; masks are 0 outside the object.
Other objects than one: --cfg-options test_dataloader.dataset.binary=False.
"""

_base_ = "./r18.py"

test_dataloader = dict(
    dataset=dict(
        data_root="data/vos",
        ann_file="",
        frames="{}/JPEGImages",
        masks="{}/Annotations",
    ),
)
