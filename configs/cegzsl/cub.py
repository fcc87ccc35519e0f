"""CE-GZSL on CUB: features of ResNet-101, proposed splits.

Han et al., CVPR 2021, table 2. Settings are the authors' (README, issues 2, 15 and 16).

  python tools/train.py configs/cegzsl/cub.py
  bash tools/dist_train.sh configs/cegzsl/cub.py 2
  python tools/test.py configs/cegzsl/cub.py work_dirs/cegzsl/cub/epoch_450.pth

Differs from awa1.py in the data, the number of generated features, the batch, the learning
rate's decay, the epochs, and the seed.
The descriptor of classes: 1,024 numbers of sentences, not normalized; with the 312 attributes the
authors report an H of 56.4.
Data: data/CUB/{res101,sent_splits}.mat of Xian et al. (xlsa17).
Cost: not measured; some hours on a GPU with the authors' code.
Expected: U 63.9, S 66.8, H 65.3, T1 77.5 (the paper, best epoch on the test set).
Ours: not run.
Devices, other lengths (train_cfg.max_epochs, train_cfg.val_interval): docs/configs.md.
"""

_base_ = "./awa1.py"

model = dict(
    generator=dict(num_noise=1024, num_attributes=1024),
    critic=dict(num_attributes=1024),
    comparator=dict(num_attributes=1024),
    num_synthesized=100,
)

source = dict(features="data/CUB/res101.mat", splits="data/CUB/sent_splits.mat")
train_dataloader = dict(dataset=dict(source=source, num_rows=2048))
val_dataloader = dict(dataset=dict(source=source))

param_scheduler = dict(step_size=100)
train_cfg = dict(max_epochs=450)
randomness = dict(seed=3483)
