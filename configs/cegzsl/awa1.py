"""CE-GZSL on AWA1: features of ResNet-101, proposed splits.

Han et al., CVPR 2021, table 2. Settings are the authors' (README, issues 2, 15 and 16).

  python tools/train.py configs/cegzsl/awa1.py
  bash tools/dist_train.sh configs/cegzsl/awa1.py 2
  python tools/test.py configs/cegzsl/awa1.py work_dirs/cegzsl/awa1/epoch_130.pth

The descriptor of classes: 85 attributes.
Data: data/AWA1/{res101,att_splits}.mat of Xian et al. (xlsa17).
Cost: not measured; some hours on a GPU with the authors' code.
Expected: U 65.3, S 73.4, H 69.1, T1 71.0 (the paper, best epoch on the test set; here the last one
counts). Ours: not run; the features were not available.
Settings are chosen with {train,val}_dataloader.dataset.validation=True, a split of the training
set whose classes are disjoint.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = ["../_base_/data/zeroshot.py", "../_base_/default_runtime.py"]

model = dict(
    type="CEGZSL",
    generator=dict(type="FeatureGenerator", num_noise=85, num_attributes=85, num_features=2048),
    critic=dict(type="FeatureCritic", num_features=2048, num_attributes=85),
    embedding=dict(type="FeatureEmbedding", in_channels=2048, out_channels=2048),
    projection=dict(type="FeatureEmbedding", in_channels=2048, out_channels=512, relu=False),
    comparator=dict(type="Comparator", in_channels=2048, num_attributes=85, hidden_channels=2048),
    instance_weight=0.001,
    class_weight=0.001,
    temperature=0.1,
    num_synthesized=1800,
)

source = dict(
    layout="xlsa17",
    features="data/AWA1/res101.mat",
    splits="data/AWA1/att_splits.mat",
)
train_dataloader = dict(dataset=dict(source=source, num_rows=4096))
val_dataloader = dict(dataset=dict(source=source))

adam = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor="OptimWrapperPerPart",
    critic=dict(parts=["critic", "embedding", "projection", "comparator"], **adam),
    generator=dict(parts=["generator"], **adam),
)
param_scheduler = dict(type="StepLR", step_size=50, gamma=0.99, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=130, val_interval=10)
model_wrapper_cfg = dict(type="MMSeparateDistributedDataParallel")
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=10))
randomness = dict(seed=9182)
