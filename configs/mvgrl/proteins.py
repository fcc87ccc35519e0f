"""MVGRL on PROTEINS: 1,113 proteins.

Hassani and Khasahmadi, ICML 2020; the paper does not have this set.

  python tools/train.py configs/mvgrl/proteins.py
  bash tools/dist_train.sh configs/mvgrl/proteins.py 2
  python tools/test.py configs/mvgrl/proteins.py work_dirs/mvgrl/proteins/epoch_20.pth

Differs from mutag.py in the data, and in layers of 128 channels.
Data: data/PROTEINS/PROTEINS_*.txt, the text files of TU Dortmund.
Cost: 208 s on one CPU core, a training and three evaluations.
Expected: the paper has no result; ours: docs/results.md.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = "./mutag.py"

model = dict(
    encoder=dict(in_channels=29, hidden_channels=128),
    node_projection=dict(in_channels=128, out_channels=128),
    graph_projection=dict(in_channels=256, out_channels=128),
)

graphs = dict(data_root="data/PROTEINS")
train_dataloader = dict(dataset=graphs)
val_dataloader = dict(dataset=graphs)
