r"""SimCLR, ResNet-18 with the stem for small images, CIFAR-10, 1000 epochs.

  python tools/train.py configs/simclr/r18_cifar10.py
  bash tools/dist_train.sh configs/simclr/r18_cifar10.py 4 \
    --cfg-options train_dataloader.batch_size=128

Differs from r50_imagenet_bs4096.py in the network and its head of three layers, the views, the
temperature, the batch and its learning rate, the decay and the epochs, and in nearest neighbors
every 50 epochs.
Data: tools/data/prepare_cifar10.py unpacks the binary archive into data/cifar10.
Cost: 97,000 steps of 512 images of 32 pixels; about half a day on one current GPU (estimate).
Expected: about 91 linear (the authors' README, whose command these settings are); k-NN 84.8 after
200 epochs of a similar recipe (lightly's documentation). Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = ["./r50_imagenet_bs4096.py", "../_base_/data/cifar10_knn.py"]

model = dict(
    backbone=dict(depth=18, stem="cifar"),
    neck=dict(hidden_channels=512, num_layers=3),
    loss=dict(temperature=0.5),
)

view = [
    dict(type="RandomResizedCrop", size=32, scale=(0.10, 1.0), interpolation="bicubic"),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type="Grayscale", p=0.2),
]
train_dataloader = dict(
    batch_size=512,
    dataset=dict(
        data_root="data/cifar10/train",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="Views", views=[view, view]),
            dict(type="PackInputs"),
        ],
    ),
)

optim_wrapper = dict(optimizer=dict(lr=2.0, weight_decay=1e-4))
param_scheduler = dict(end=1000)
train_cfg = dict(max_epochs=1000, val_interval=50)
auto_scale_lr = dict(base_batch_size=512)
