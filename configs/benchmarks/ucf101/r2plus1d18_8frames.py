r"""UCF101, full fine-tuning of CrissCross' network for clips at 8 frames of half a second.

  python tools/train.py configs/benchmarks/ucf101/r2plus1d18_8frames.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/ucf101/r2plus1d18_8frames.py 8 \
    --cfg-options model.pretrained=CHECKPOINT train_dataloader.batch_size=8

CHECKPOINT, devices, memory, other networks and lengths: docs/configs.md.
Cost: about a quarter of r2plus1d18.py. Not measured.
Expected: the paper's ablations have figures, which are not transcribed here. Ours: not run.
It differs from r2plus1d18.py in the length of the clips, batch, learning rate and steps.
"""

_base_ = "./r2plus1d18.py"

train_dataloader = dict(
    batch_size=64,
    dataset=dict(
        pipeline=[
            dict(
                type="LoadClip",
                sampler=dict(type="random_clips"),
                video=dict(seconds=0.5, fps=16),
                min_valid=0.0,
            ),
            dict(
                type="EachView",
                video=[
                    dict(type="EachFrame", transforms={{_base_.frames}}, shared=True),
                    dict(type="Cutout", max_length=20),
                ],
            ),
            dict(type="PackViews"),
        ],
    ),
)
val_dataloader = dict(
    batch_size=16,
    dataset=dict(
        pipeline=[
            dict(
                type="LoadClip",
                sampler=dict(type="uniform_clips", num_clips=10),
                video=dict(seconds=0.5, fps=16),
                min_valid=0.0,
            ),
            dict(
                type="EachView",
                video=[
                    dict(
                        type="EachFrame",
                        transforms=[
                            dict(type="Resize", size=256),
                            dict(type="CenterCrop", size=224),
                        ],
                    )
                ],
            ),
            dict(type="PackViews"),
        ],
    ),
)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = dict(milestones=[60, 100, 140])
auto_scale_lr = dict(base_batch_size=64)
