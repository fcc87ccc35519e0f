r"""UCF101, full fine-tuning of XDC's network for clips at 32 frames, one of three splits.

  python tools/train.py configs/benchmarks/ucf101/r2plus1d18_xdc.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/ucf101/r2plus1d18_xdc.py 8 \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=4

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 80 passes over the videos, one clip of each, with twice the parameters. Not measured.
Expected: mean of three splits of XDC pre-trained on
AudioSet 93.0, IG-Random 94.6, IG-Kinetics 95.5; supervised on Kinetics 94.2
(authors' README). Ours: not run.
It differs from r2plus1d18.py in the network, its normalization of images, the average over all
places, and in optimizer and schedule. These are ours, after the fine-tuning scripts of VMZ for
r2plus1d-34, since XDC's are not public.
"""

_base_ = "./r2plus1d18.py"

model = dict(
    data_preprocessor=dict(
        mean=(110.2008, 100.63983, 95.99475), std=(58.14765, 56.4627, 55.332195)
    ),
    backbone=dict(_delete_=True, type="R2Plus1D"),
    head=dict(init_std=0.01),
    pool=None,
)
optim_wrapper = dict(optimizer=dict(lr=1e-4, weight_decay=5e-3))
param_scheduler = dict(milestones=[20, 40, 60], gamma=0.1)
train_cfg = dict(max_epochs=80)
