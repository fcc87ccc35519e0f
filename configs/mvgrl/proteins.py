"""MVGRL on PROTEINS: 1,113 proteins.

Hassani and Khasahmadi, ICML 2020; the paper does not have this set. 128 channels.

  python tools/train.py configs/mvgrl/proteins.py
  bash tools/dist_train.sh configs/mvgrl/proteins.py 2
  python tools/test.py configs/mvgrl/proteins.py work_dirs/mvgrl/proteins/epoch_20.pth

The last one prints raw features and the untrained network beside it: on sets as small as the five
of the paper they are often as good as the trained one.
Data: data/PROTEINS/PROTEINS_*.txt, the text files of TU Dortmund.
Cost: 208 s on one CPU core, a training and three evaluations.
Expected: the paper has no figure; ours: docs/results.md.
Other lengths: train_cfg.max_epochs and train_cfg.val_interval.
"""

_base_ = ["../_base_/data/many_graphs.py", "../_base_/default_runtime.py"]

model = dict(
    type="MVGRL",
    level="graph",
    encoder=dict(type="GCN", in_channels=29, hidden_channels=128, num_layers=2),
    loss=dict(type="MutualInformation", estimator="jsd"),
    critic=dict(type="DotCritic"),
    readout="sum_cat",
    node_projection=dict(type="ResidualMLP", in_channels=128, out_channels=128),
    graph_projection=dict(type="ResidualMLP", in_channels=256, out_channels=128),
)

graphs = dict(
    type="TUGraphs",
    data_root="data/PROTEINS",
    degrees=True,
    prepare=[dict(type="GraphViews", kind="ppr", keep="all")],
)
train_dataloader = dict(dataset=graphs)
val_dataloader = dict(dataset=dict(raw=True, **graphs))

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3))
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20, val_interval=20)
