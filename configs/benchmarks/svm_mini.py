"""SVMs on the mini-world's VOC images: a regression test of the protocol.

  python tools/test.py configs/benchmarks/svm_mini.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/svm_mini.py CHECKPOINT 2

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: seconds on two CPU cores.
Expected: see docs/evaluation.md. Ours, for short runs.
Data: python tools/data/make_mini.py --out data/mini
"""

_base_ = ["../_base_/default_runtime.py"]

model = dict(
    type="FrozenBackbone",
    data_preprocessor=dict(type="ViewPreprocessor", channels_last=True),
    backbone=dict(type="ResNet", depth=18, base_channels=32, norm_cfg=dict(type="BN")),
    pretrained="",  # filled in by the command line
)

eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=96),
    dict(type="CenterCrop", size=96),
    dict(type="PackInputs"),
]
classes = (
    "horse", "cat", "bird", "fish", "butterfly", "spider", "crab", "turtle", "octopus", "snake",
    "person", "flower", "palm", "mushroom", "car", "bicycle", "plane", "sailboat", "lamp",
    "scissors",
)  # fmt: skip
test_dataloader = dict(
    batch_size=100,
    num_workers=2,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="ConcatDataset",
        datasets=[
            dict(
                type="VOCClassification",
                data_root="data/mini/voc/VOC2012",
                image_set="train",
                classes=classes,
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="VOCClassification",
                data_root="data/mini/voc/VOC2012",
                image_set="val",
                classes=classes,
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
test_cfg = dict(type="TestLoop")
test_evaluator = dict(type="SVM", costs=(0.0625, 1.0, 16.0), shots=(1, 4), jobs=1)
