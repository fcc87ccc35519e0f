"""MVGRL on REDDIT-BINARY: 2,000 discussions.

Hassani and Khasahmadi, ICML 2020, table 3.

  python tools/train.py configs/mvgrl/reddit_binary.py
  bash tools/dist_train.sh configs/mvgrl/reddit_binary.py 2
  python tools/test.py configs/mvgrl/reddit_binary.py work_dirs/mvgrl/reddit_binary/epoch_20.pth

Differs from imdb_binary.py in the data, the batch, and in layers of 128 channels and a diffusion of
the 16 largest entries a node of pushed walks (threshold 1e-4); the authors have 512 channels and
the whole diffusion.
Data: data/REDDIT-BINARY/REDDIT-BINARY_*.txt, the text files of TU Dortmund.
Cost: not measured.
Expected: 84.5 (the paper). Ours: not run; the data were not available.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = "./imdb_binary.py"

model = dict(
    encoder=dict(in_channels=3063, hidden_channels=128),
    node_projection=dict(in_channels=128, out_channels=128),
    graph_projection=dict(in_channels=256, out_channels=128),
)

graphs = dict(
    data_root="data/REDDIT-BINARY",
    prepare=[dict(type="GraphViews", kind="ppr", keep="pushed", threshold=1e-4)],
)
train_dataloader = dict(batch_size=32, dataset=graphs)
val_dataloader = dict(batch_size=32, dataset=graphs)
