"""CE-GZSL on SUN: features of ResNet-101, proposed splits.

Han et al., CVPR 2021, table 2. Settings are the authors' (README, issues 2, 15 and 16).

  python tools/train.py configs/cegzsl/sun.py
  bash tools/dist_train.sh configs/cegzsl/sun.py 2
  python tools/test.py configs/cegzsl/sun.py work_dirs/cegzsl/sun/epoch_1000.pth

Differs from awa1.py in the data, the number of generated features, the width of the comparator, the
weights of its losses, the learning rate and its decay, the epochs, and the seed.
The descriptor of classes: 102 attributes.
Data: data/SUN/{res101,att_splits}.mat of Xian et al. (xlsa17).
Cost: not measured; some hours on a GPU with the authors' code.
Expected: U 48.8, S 38.6, H 43.1, T1 63.3 (the paper, best epoch on the test set).
Ours: not run.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = "./awa1.py"

model = dict(
    generator=dict(num_noise=102, num_attributes=102),
    critic=dict(num_attributes=102),
    comparator=dict(num_attributes=102, hidden_channels=1024),
    instance_weight=0.01,
    class_weight=0.01,
    num_synthesized=100,
)

source = dict(features="data/SUN/res101.mat", splits="data/SUN/att_splits.mat")
train_dataloader = dict(dataset=dict(source=source))
val_dataloader = dict(dataset=dict(source=source))

adam = dict(optimizer=dict(lr=5e-5))
optim_wrapper = dict(critic=adam, generator=adam)
param_scheduler = dict(step_size=100)
train_cfg = dict(max_epochs=1000)
randomness = dict(seed=4115)
