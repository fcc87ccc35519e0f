"""CE-GZSL on AWA2: features of ResNet-101, proposed splits.

Han et al., CVPR 2021, table 2. Settings are the authors' (README, issues 2, 15 and 16).

  python tools/train.py configs/cegzsl/awa2.py
  bash tools/dist_train.sh configs/cegzsl/awa2.py 2
  python tools/test.py configs/cegzsl/awa2.py work_dirs/cegzsl/awa2/epoch_130.pth

Differs from awa1.py in the data, the number of generated features, and the learning rate's decay.
The descriptor of classes: 85 attributes.
Data: data/AWA2/{res101,att_splits}.mat of Xian et al. (xlsa17).
Cost: not measured; some hours on a GPU with the authors' code.
Expected: U 63.1, S 78.6, H 70.0, T1 70.4 (the paper, best epoch on the test set).
Ours: not run.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = "./awa1.py"

model = dict(num_synthesized=2400)

source = dict(features="data/AWA2/res101.mat", splits="data/AWA2/att_splits.mat")
train_dataloader = dict(dataset=dict(source=source))
val_dataloader = dict(dataset=dict(source=source))

param_scheduler = dict(step_size=10)
