r"""Fine-tuning on 10% of ImageNet's labels, SimCLR's recipe (Chen et al., ICML 2020, appendix B.5).

  python tools/train.py configs/benchmarks/semi_supervised/r50_imagenet_10percent_simclr.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=4096
  bash tools/dist_train.sh configs/benchmarks/semi_supervised/r50_imagenet_10percent_simclr.py 16 \
    --cfg-options model.pretrained=CHECKPOINT

Differs from r50_imagenet_1percent_simclr.py in the labels and the epochs.
CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 30 epochs of 31 steps of 16 x 256 images.
Expected: after 1000 epochs of SimCLR 65.6 top-1 and 87.8 top-5 (the paper). Ours: not run.
Data: python tools/data/make_subset.py images data/imagenet/train 0.1 \
  --out data/imagenet/10percent.txt, or the list that SimCLR published under this name.
"""

_base_ = "./r50_imagenet_1percent_simclr.py"

train_dataloader = dict(dataset=dict(ann_file="../10percent.txt"))
param_scheduler = dict(T_max=30)
train_cfg = dict(max_epochs=30, val_interval=30)
