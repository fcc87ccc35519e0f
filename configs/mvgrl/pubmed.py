"""MVGRL on Pubmed: 19,717 papers, full graph, the 64 largest entries of the diffusion a node.

Hassani and Khasahmadi, ICML 2020, table 2; hidden size, optimizer and losses are those of the
authors' code. It stops training by its loss; here it is a fixed number of steps.

  python tools/train.py configs/mvgrl/pubmed.py
  bash tools/dist_train.sh configs/mvgrl/pubmed.py 2
  python tools/test.py configs/mvgrl/pubmed.py work_dirs/mvgrl/pubmed/epoch_6.pth

The last one prints raw features and the untrained network beside it. Several processes take as many
steps as one, in no less time: each draws other negatives of the same graph, and all train on their
mean.
Data: data/planetoid/ind.pubmed.*, the files of Yang et al., ICML 2016.
Cost: about 20 minutes on one CPU core, a minute of it for the diffusion.
Expected: 80.1 (the paper). Ours: not run; the data were not available.
An epoch has 50 steps.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = ["../_base_/data/one_graph.py", "../_base_/default_runtime.py"]

model = dict(
    type="MVGRL",
    level="node",
    encoder=dict(type="GCN", in_channels=500, hidden_channels=512),
    loss=dict(type="MutualInformation", estimator="bce"),
    critic=dict(type="BilinearCritic", channels=512),
    readout="mean_sigmoid",
)

graph = dict(
    type="PlanetoidGraph",
    data_root="data/planetoid",
    name="pubmed",
    prepare=[
        dict(type="NormalizeRows"),
        dict(type="GraphViews", kind="ppr", keep="top", top=64, cache_dir="work_dirs/diffusion"),
    ],
)
train_dataloader = dict(dataset=dict(repeat=50, **graph))
val_dataloader = dict(dataset=dict(raw=True, **graph))

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3))
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=6, val_interval=6)
