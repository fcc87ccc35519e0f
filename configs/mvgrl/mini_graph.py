"""MVGRL on the mini-world's small graphs: a set of small graphs, in half a minute on a CPU core.

Hassani and Khasahmadi, ICML 2020, table 3. Its layers, batch and epochs were chosen on the folds
that are reported; here they are fixed.

  python tools/train.py configs/mvgrl/mini_graph.py
  bash tools/dist_train.sh configs/mvgrl/mini_graph.py 2
  python tools/test.py configs/mvgrl/mini_graph.py work_dirs/mvgrl/mini_graph/epoch_20.pth

The last one prints raw features and the untrained network beside it: on sets as small as the five
of the paper they are often as good as the trained one.
Data: python tools/data/make_mini.py --out data/mini
Cost: half a minute on one CPU core.
Expected: docs/results.md, the mini-world; the settings are ours.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = ["../_base_/data/many_graphs.py", "../_base_/default_runtime.py"]

model = dict(
    type="MVGRL",
    level="graph",
    encoder=dict(type="GCN", in_channels=4, hidden_channels=32, num_layers=2),
    loss=dict(type="MutualInformation", estimator="jsd"),
    critic=dict(type="DotCritic"),
    readout="sum_cat",
    node_projection=dict(type="ResidualMLP", in_channels=32, out_channels=32),
    graph_projection=dict(type="ResidualMLP", in_channels=64, out_channels=32),
)

graphs = dict(
    type="TUGraphs",
    data_root="data/mini/graphs/MINI",
    prepare=[dict(type="GraphViews", kind="ppr", keep="all")],
)
train_dataloader = dict(batch_size=24, dataset=graphs)
val_dataloader = dict(batch_size=24, dataset=dict(raw=True, **graphs))

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3))
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20, val_interval=20)
