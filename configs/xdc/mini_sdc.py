"""SDC in place of XDC: each encoder learns its own clusters (DeepCluster).

  python tools/train.py configs/xdc/mini_sdc.py
  bash tools/dist_train.sh configs/xdc/mini_sdc.py 2 --cfg-options train_dataloader.batch_size=8

Differs from mini.py in `mode`. Cost and score: ours: not run to its end.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = "./mini.py"

model = dict(mode="sdc")
