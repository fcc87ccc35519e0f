r"""SimCLR, ResNet-50, ImageNet-1k without labels, batch 256, 200 epochs (Chen et al., ICML 2020).

  python tools/train.py configs/simclr/r50_imagenet_bs256.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/simclr/r50_imagenet_bs256.py 8

Differs from r50_imagenet_bs4096.py in the batch, its learning rate, and the epochs.
Cost: 1,000,800 steps of 8 x 32 images; time not reported by the authors.
Expected: ImageNet linear 62.7 (mmselfsup, whose loss is half of this one). Ours: not run.
The linear rule 0.3 * batch / 256 gives the learning rate 0.3; at small batches the square-root rule
0.075 * sqrt(batch) = 1.2 trains better (lightly: 63.2 after 100 epochs):
--cfg-options optim_wrapper.optimizer.lr=1.2
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = "./r50_imagenet_bs4096.py"

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=0.3))
param_scheduler = dict(end=200)
train_cfg = dict(max_epochs=200)
auto_scale_lr = dict(base_batch_size=256)
