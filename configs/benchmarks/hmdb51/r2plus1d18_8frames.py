r"""HMDB51, full fine-tuning of CrissCross' network for clips at 8 frames of half a second.

  python tools/train.py configs/benchmarks/hmdb51/r2plus1d18_8frames.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/hmdb51/r2plus1d18_8frames.py 8 \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=8

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: about a quarter of r2plus1d18.py. Not measured.
Expected: the paper's ablations have figures, which are not transcribed here. Ours: not run.
It differs from ucf101/r2plus1d18_8frames.py in data and in the factor of the steps.
"""

_base_ = "../ucf101/r2plus1d18_8frames.py"

model = dict(head=dict(num_classes=51))
train_dataloader = dict(
    dataset=dict(type="HMDB51", data_root="data/hmdb51"),
)
val_dataloader = dict(
    dataset=dict(type="HMDB51", data_root="data/hmdb51"),
)
test_dataloader = val_dataloader
param_scheduler = dict(gamma=0.1)
