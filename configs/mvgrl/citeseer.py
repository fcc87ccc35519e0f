"""MVGRL on Citeseer: 3,327 papers, full graph, the large entries of the diffusion.

Hassani and Khasahmadi, ICML 2020, table 2; views, hidden size, optimizer and losses are those of
the authors' code: the 124 self-loops of the file are kept, two more are added to every node in the
adjacency and one in the diffusion, whose entries below 0.01 are removed and whose columns are
scaled to 1. It trains on blocks of 2,000 nodes and stops by its loss; here it is the
full graph and a fixed number of steps.

  python tools/train.py configs/mvgrl/citeseer.py
  bash tools/dist_train.sh configs/mvgrl/citeseer.py 2
  python tools/test.py configs/mvgrl/citeseer.py work_dirs/mvgrl/citeseer/epoch_6.pth

The last one prints raw features and the untrained network beside it. Several processes take as many
steps as one, in no less time: each draws other negatives of the same graph, and all train on their
mean.
Data: data/planetoid/ind.citeseer.*, the files of Yang et al., ICML 2016.
Cost: a minute on one CPU core.
Expected: 73.3 (the paper); 73.1 (the authors' algorithm, one training; measured by us); ours:
docs/results.md.
An epoch has 50 steps.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = ["../_base_/data/one_graph.py", "../_base_/default_runtime.py"]

model = dict(
    type="MVGRL",
    level="node",
    encoder=dict(type="GCN", in_channels=3703, hidden_channels=512),
    loss=dict(type="MutualInformation", estimator="bce"),
    critic=dict(type="BilinearCritic", channels=512),
    readout="mean_sigmoid",
)

graph = dict(
    type="PlanetoidGraph",
    data_root="data/planetoid",
    name="citeseer",
    self_loops=True,
    prepare=[
        dict(type="NormalizeRows"),
        dict(type="GraphViews", self_loops=2, kind="ppr", keep="above", threshold=0.01),
        dict(type="ScaleDiffusion"),
    ],
)
train_dataloader = dict(dataset=dict(repeat=50, **graph))
val_dataloader = dict(dataset=dict(raw=True, **graph))
val_evaluator = [
    dict(type="NodeProbe", protocol="adam", weight_decay=0.01),
    dict(type="NodeProbe", protocol="logistic"),
    dict(type="NodeClustering"),
]

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3))
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=6, val_interval=6)
