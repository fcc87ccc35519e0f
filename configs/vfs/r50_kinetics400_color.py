r"""VFS, ResNet-50, Kinetics-400, with color augmentation, for objects.

Xu and Wang, ICCV 2021, section 4.

  python tools/train.py configs/vfs/r50_kinetics400_color.py \
    --cfg-options train_dataloader.batch_size=256
  bash tools/dist_train.sh configs/vfs/r50_kinetics400_color.py 8

Differs from r50_kinetics400.py in the colors of the frames, as r18_kinetics400_color.py does.
Cost: 469,000 steps of 8 x 32 videos with 2 frames each; the authors report a week on 8 RTX 3090.
Expected: OTB-100 success 52.5, precision 73.9 (the authors' README). Ours: not run.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = "./r50_kinetics400.py"

# Each frame has its own crop, flip and colors.
frame = [
    dict(type="RandomResizedCrop", size=224, scale=(0.2, 1.0)),
    dict(type="HorizontalFlip", p=0.5),
    dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
    dict(type="Grayscale", p=0.2),
    # So weak in the authors' code that it hardly blurs; SimSiam has sigma=(0.1, 2.0).
    dict(type="GaussianBlur", sigma=(0.1, 0.2), p=0.5),
]
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type="LoadFrames", sampler=dict(type="segments", num_segments=2)),
            dict(type="EachFrame", transforms=frame),
            dict(type="PackClips", num_views=2),
        ],
    ),
)
