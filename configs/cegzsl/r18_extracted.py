"""CE-GZSL on features of your own images, here of a ResNet-18, in minutes on one CPU core.

Han et al., CVPR 2021; the settings are ours, for short runs.

  python tools/train.py configs/cegzsl/r18_extracted.py
  bash tools/dist_train.sh configs/cegzsl/r18_extracted.py 2
  python tools/test.py configs/cegzsl/r18_extracted.py work_dirs/cegzsl/r18_extracted/epoch_30.pth

The descriptor of classes: 85 attributes.
Data: python tools/extract_features.py CHECKPOINT IMAGES --out data/zeroshot/features.npz, where
IMAGES has a folder a class; data/zeroshot/attributes.csv, a line of names and then a line a
class: its name and numbers. model.*.num_attributes is how many. source.unseen names the classes
that are not trained on.
Cost: a minute on one CPU core.
Expected: docs/results.md.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = ["../_base_/data/zeroshot.py", "../_base_/default_runtime.py"]

model = dict(
    type="CEGZSL",
    generator=dict(
        type="FeatureGenerator",
        num_noise=85,
        num_attributes=85,
        num_features=512,
        hidden_channels=256,
    ),
    critic=dict(type="FeatureCritic", num_features=512, num_attributes=85, hidden_channels=256),
    embedding=dict(type="FeatureEmbedding", in_channels=512, out_channels=128),
    projection=dict(type="FeatureEmbedding", in_channels=128, out_channels=64, relu=False),
    comparator=dict(type="Comparator", in_channels=128, num_attributes=85, hidden_channels=128),
    instance_weight=0.001,
    class_weight=0.001,
    temperature=0.1,
    num_synthesized=300,  # about as many as a seen class has images
)

source = dict(
    layout="extracted",
    features="data/zeroshot/features.npz",
    attributes="data/zeroshot/attributes.csv",
    unseen=["german+shepherd", "lion"],
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
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=30, val_interval=30)
model_wrapper_cfg = dict(type="MMSeparateDistributedDataParallel")
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=30))
randomness = dict(seed=0)
