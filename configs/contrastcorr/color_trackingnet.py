"""The color auto-encoder of ContrastCorr, on the frames of TrackingNet.

  python tools/train.py configs/contrastcorr/color_trackingnet.py
  bash tools/dist_train.sh configs/contrastcorr/color_trackingnet.py 2 \
    --cfg-options train_dataloader.batch_size=8

It is trained before configs/contrastcorr/r18_trackingnet.py, which keeps it frozen.
Data: data/trackingnet/TRAIN_*/{anno,frames}, the frames unpacked in frames/<video>/<number>.jpg
(or zips/<video>/).
Cost: 4 epochs of one pair of frames of each video; ours: not run.
The authors share weights and no recipe: the settings are ours.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.T_max): docs/configs.md.
"""

_base_ = ["../_base_/default_runtime.py", "../_base_/train_loader.py"]

model = dict(
    type="ColorReconstruction",
    # Bytes in LAB become -1..1.
    data_preprocessor=dict(
        type="ViewPreprocessor", mean=[128, 128, 128], std=[128, 128, 128], channels_last=True
    ),
    codec=dict(type="ColorAutoEncoder", base_channels=64),
    loss=dict(type="LabColorLoss"),
)

train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    pin_memory=True,
    dataset=dict(
        type="TrackingNet",
        data_root="data/trackingnet",
        pipeline=[
            dict(type="LoadFrames", sampler=dict(type="gap", max_gap=50)),
            dict(
                type="EachFrame",
                transforms=[dict(type="RandomResizedCrop", size=256), dict(type="ToLAB")],
            ),
            dict(type="PackFrames", names=["reference", "target"]),
        ],
    ),
)

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3))
param_scheduler = dict(
    type="CosineAnnealingLR", T_max=4, eta_min=0, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=4)
# The learning rate above is for this many videos a step, over all devices.
auto_scale_lr = dict(base_batch_size=16)
