r"""Linear probes on the stem and four stages of a ResNet-50, ImageNet-1k (Goyal et al., ICCV 2019).

  python tools/train.py configs/benchmarks/linear/r50_imagenet_multistage.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/benchmarks/linear/r50_imagenet_multistage.py 8 \
    --cfg-options model.pretrained=CHECKPOINT

Differs from r50_imagenet.py in a classifier for the stem and each stage, and in the optimizer.
CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 90 epochs of forward passes of a ResNet-50, 5,004 steps of 8 x 32 images each.
Expected: DenseCL 15.86, 35.47, 49.46, 64.06, 62.95 from the stem to stage 4 (mmselfsup): stage 3 is
better than stage 4. Ours: not run.
"""

_base_ = "./r50_imagenet.py"

model = dict(
    backbone=dict(out_indices=(0, 1, 2, 3), out_stem=True),
    head=dict(type="MultiStageHead"),
)

optim_wrapper = dict(optimizer=dict(lr=0.01, nesterov=True, weight_decay=1e-4))
param_scheduler = dict(milestones=[30, 60, 90])
train_cfg = dict(max_epochs=90)
