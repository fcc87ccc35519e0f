r"""Linear probe on ImageNet-1k, SimCLR's recipe (Chen et al., ICML 2020, appendix B.6).

  python tools/train.py configs/benchmarks/linear/r50_imagenet_simclr.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=4096
  bash tools/dist_train.sh configs/benchmarks/linear/r50_imagenet_simclr.py 16 \
    --cfg-options model.pretrained=CHECKPOINT

Differs from r50_imagenet_lars.py in the optimizer, Nesterov's SGD with the same learning rate,
which changes at each step, in the classifier, which starts from 0, and in the number of devices.
CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 90 epochs of forward passes of a ResNet-50, 312 steps of 16 x 256 images each.
Expected: SimCLR at batch 4096 64.5 after 100 epochs (the authors' README), 69.3 after 1000 (the
paper). Ours: not run.
"""

_base_ = "./r50_imagenet_lars.py"

model = dict(head=dict(init_std=0.0))

train_dataloader = dict(batch_size=256)

optim_wrapper = dict(optimizer=dict(type="SGD", nesterov=True))
# One cosine to 0 without warm-up, step by step.
param_scheduler = dict(convert_to_iter_based=True)
