"""CE-GZSL on FLO: features of ResNet-101, proposed splits.

Han et al., CVPR 2021, table 2. Settings are the authors' (README, issues 2, 15 and 16).

  python tools/train.py configs/cegzsl/flo.py
  bash tools/dist_train.sh configs/cegzsl/flo.py 2
  python tools/test.py configs/cegzsl/flo.py work_dirs/cegzsl/flo/epoch_750.pth

Differs from awa1.py in the data, the number of generated features, the width of the comparator, the
weights of its losses, the batch, the decay of the learning rate, the epochs, and the seed.
The descriptor of classes: 1,024 numbers of sentences, in att_splits.mat.
Data: data/FLO/{res101,att_splits}.mat of Xian et al. (xlsa17).
Cost: not measured; some hours on a GPU with the authors' code.
Expected: U 69.0, S 78.7, H 73.5, T1 70.6 (the paper, best epoch on the test set).
Ours: not run.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = "./awa1.py"

model = dict(
    generator=dict(num_noise=512, num_attributes=1024),
    critic=dict(num_attributes=1024),
    comparator=dict(num_attributes=1024, hidden_channels=1024),
    instance_weight=0.01,
    class_weight=0.01,
    num_synthesized=600,
)

source = dict(features="data/FLO/res101.mat", splits="data/FLO/att_splits.mat")
train_dataloader = dict(dataset=dict(source=source, num_rows=3072))
val_dataloader = dict(dataset=dict(source=source))

param_scheduler = dict(step_size=100)
train_cfg = dict(max_epochs=750)
randomness = dict(seed=806)
