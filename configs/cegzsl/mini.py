"""CE-GZSL on the mini-world's zero-shot set, in a minute on one CPU core.

Han et al., CVPR 2021; the settings are ours, for short runs.

  python tools/train.py configs/cegzsl/mini.py
  bash tools/dist_train.sh configs/cegzsl/mini.py 2
  python tools/test.py configs/cegzsl/mini.py work_dirs/cegzsl/mini/epoch_60.pth

The descriptor of classes: 85 attributes.
Data: python tools/data/make_mini.py --out data/mini
Cost: a minute on one CPU core.
Expected: docs/results.md, the mini-world.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = ["../_base_/data/zeroshot.py", "../_base_/default_runtime.py"]

model = dict(
    type="CEGZSL",
    generator=dict(
        type="FeatureGenerator",
        num_noise=85,
        num_attributes=85,
        num_features=64,
        hidden_channels=256,
    ),
    critic=dict(type="FeatureCritic", num_features=64, num_attributes=85, hidden_channels=256),
    embedding=dict(type="FeatureEmbedding", in_channels=64, out_channels=128),
    projection=dict(type="FeatureEmbedding", in_channels=128, out_channels=64, relu=False),
    comparator=dict(type="Comparator", in_channels=128, num_attributes=85, hidden_channels=128),
    instance_weight=0.001,
    class_weight=0.001,
    temperature=0.1,
    num_synthesized=60,  # of 30, 60, 90 and 120 the best with validation=True
)

source = dict(
    layout="xlsa17",
    features="data/mini/zeroshot/res101.mat",
    splits="data/mini/zeroshot/att_splits.mat",
)
train_dataloader = dict(dataset=dict(source=source, num_rows=64))
val_dataloader = dict(dataset=dict(source=source))

adam = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor="OptimWrapperPerPart",
    critic=dict(parts=["critic", "embedding", "projection", "comparator"], **adam),
    generator=dict(parts=["generator"], **adam),
)
param_scheduler = dict(type="StepLR", step_size=10, gamma=0.99, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=60, val_interval=60)
model_wrapper_cfg = dict(type="MMSeparateDistributedDataParallel")
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=60))
randomness = dict(seed=0)
