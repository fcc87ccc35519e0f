r"""HMDB51, full fine-tuning of CrissCross' network for clips at 32 frames, one of three splits.

  python tools/train.py configs/benchmarks/hmdb51/r2plus1d18.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/hmdb51/r2plus1d18.py 8 \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=4

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 200 passes over 3,570 videos, one clip of 2 s of each. Not measured.
Expected: mean of three splits of CrissCross pre-trained on Kinetics-Sound 60.5, Kinetics-400 64.7,
AudioSet 67.4 (authors' README, best epoch on the test; the last with dropout .5 and steps of .1
at 6, 10 and 14 of their epochs). Ours: not run.
It differs from ucf101/r2plus1d18.py in data and learning rate.
Other splits: --cfg-options train_dataloader.dataset.fold=2 val_dataloader.dataset.fold=2
Data: data/hmdb51, with hmdb51_org/<class>/*.avi and testTrainMulti_7030_splits/*.txt.
"""

_base_ = "../ucf101/r2plus1d18.py"

model = dict(head=dict(num_classes=51))
train_dataloader = dict(
    dataset=dict(type="HMDB51", data_root="data/hmdb51"),
)
val_dataloader = dict(
    dataset=dict(type="HMDB51", data_root="data/hmdb51"),
)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-4))
