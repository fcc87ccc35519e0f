r"""Fine-tuning on 10% of ImageNet's labels, OpenSelfSup's recipe: a grid of nine trainings.

  python tools/train.py configs/benchmarks/semi_supervised/r50_imagenet_10percent.py \
    --cfg-options model.pretrained=CHECKPOINT \
    train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/benchmarks/semi_supervised/r50_imagenet_10percent.py 4 \
    --cfg-options model.pretrained=CHECKPOINT

Differs from r50_imagenet_1percent.py in the labels and the weight decay.
CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: 20 epochs of 500 steps of 4 x 64 images a point; nine points.
Expected: after MoCo v2 61.80 top-1 and 85.11 top-5, after SimCLR at batch 256 58.46 and 82.60
(OpenSelfSup). Ours: not run.
All points of the grid, and the table:
  python tools/sweep.py configs/benchmarks/semi_supervised/r50_imagenet_10percent.py \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=256
Data: python tools/data/make_subset.py images data/imagenet/train 0.1 \
  --out data/imagenet/10percent.txt, or the list that SimCLR published under this name.
"""

_base_ = "./r50_imagenet_1percent.py"

train_dataloader = dict(dataset=dict(ann_file="../10percent.txt"))
optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))
