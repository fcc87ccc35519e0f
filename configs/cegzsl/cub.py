"""CE-GZSL on CUB: features of ResNet-101, proposed splits.

Han et al., CVPR 2021, table 2. Settings are the authors' (README, issues 2, 15 and 16).

  python tools/train.py configs/cegzsl/cub.py
  bash tools/dist_train.sh configs/cegzsl/cub.py 2
  python tools/test.py configs/cegzsl/cub.py work_dirs/cegzsl/cub/epoch_450.pth

The descriptor of classes: 1,024 numbers of sentences, not normalized; with the 312 attributes the
authors report an H of 56.4.
Data: data/CUB/{res101,sent_splits}.mat of Xian et al. (xlsa17).
Cost: not measured; some hours on a GPU with the authors' code.
Expected: U 63.9, S 66.8, H 65.3, T1 77.5 (the paper), by the
best epoch on the test set; here the last one counts. Ours: not run, for want of the features.
Settings are chosen with {train,val}_dataloader.dataset.validation=True, a split of the training
set whose classes are disjoint.
Other lengths: train_cfg.max_epochs and train_cfg.val_interval.
"""

_base_ = ["../_base_/data/zeroshot.py", "../_base_/default_runtime.py"]

model = dict(
    type="CEGZSL",
    generator=dict(type="FeatureGenerator", num_noise=1024, num_attributes=1024, num_features=2048),
    critic=dict(type="FeatureCritic", num_features=2048, num_attributes=1024),
    embedding=dict(type="FeatureEmbedding", in_channels=2048, out_channels=2048),
    projection=dict(type="FeatureEmbedding", in_channels=2048, out_channels=512, relu=False),
    comparator=dict(type="Comparator", in_channels=2048, num_attributes=1024, hidden_channels=2048),
    instance_weight=0.001,
    class_weight=0.001,
    temperature=0.1,
    num_synthesized=100,
)

source = dict(
    layout="xlsa17",
    features="data/CUB/res101.mat",
    splits="data/CUB/sent_splits.mat",
)
train_dataloader = dict(dataset=dict(source=source, num_rows=2048))
val_dataloader = dict(dataset=dict(source=source))

adam = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor="OptimWrapperPerPart",
    critic=dict(parts=["critic", "embedding", "projection", "comparator"], **adam),
    generator=dict(parts=["generator"], **adam),
)
param_scheduler = dict(type="StepLR", step_size=100, gamma=0.99, by_epoch=True)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=450, val_interval=10)
model_wrapper_cfg = dict(type="MMSeparateDistributedDataParallel")
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=10))
randomness = dict(seed=3483)
