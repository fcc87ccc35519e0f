r"""UCF101, a linear probe of CrissCross' network for clips at 32 frames, one of three splits.

  python tools/train.py configs/benchmarks/ucf101/linear.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/ucf101/linear.py 8 \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=4

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 20 epochs of forward passes. Not measured.
Expected: CrissCross has no such figures; XDC's of the last layer alone are not transcribed here.
The settings are ours. Ours: not run.
It differs from r2plus1d18.py in the frozen network, the average over all places, and the schedule.
"""

_base_ = "./r2plus1d18.py"

model = dict(type="LinearProbe", head=dict(init_std=0.01), pool=None)
optim_wrapper = dict(
    # Nothing of the backbone is in the optimizer.
    constructor="TrainableParameters",
    optimizer=dict(lr=1.0),
)
param_scheduler = dict(milestones=[12, 16], gamma=0.1)
train_cfg = dict(max_epochs=20)
