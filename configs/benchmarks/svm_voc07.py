"""SVMs on VOC 2007, all and few images a class (Goyal et al., ICCV 2019, section 5.1).

  python tools/test.py configs/benchmarks/svm_voc07.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/svm_voc07.py CHECKPOINT 8

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: one forward pass of 9,963 images; then 20 x 58 SVMs for all images and 20 x 19 for each of
5 draws of each number of shots, on all cores of the first machine.
Expected: mAP of MoCo v2 84.04, DenseCL 82.5, SimCLR at batch 256 79.98 (mmselfsup). Ours: not run.
Data: VOC 2007's archives of trainval and of test images, both in data/VOCdevkit/VOC2007.
All images alone, without low-shot: --cfg-options test_evaluator.shots=[]
"""

_base_ = ["../_base_/default_runtime.py"]

model = dict(
    type="FrozenBackbone",
    data_preprocessor=dict(type="ViewPreprocessor"),
    backbone=dict(type="ResNet", depth=50, norm_cfg=dict(type="BN")),
    pretrained="",  # filled in by the command line
)

eval_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", size=256),
    dict(type="CenterCrop", size=224),
    dict(type="PackInputs"),
]
test_dataloader = dict(
    batch_size=100,
    num_workers=8,
    sampler=dict(type="DefaultSampler", shuffle=False),
    collate_fn=dict(type="collate"),
    dataset=dict(
        type="ConcatDataset",
        datasets=[
            dict(
                type="VOCClassification",
                data_root="data/VOCdevkit/VOC2007",
                image_set="trainval",
                meta=dict(split="bank"),
                pipeline=eval_pipeline,
            ),
            dict(
                type="VOCClassification",
                data_root="data/VOCdevkit/VOC2007",
                image_set="test",
                meta=dict(split="query"),
                pipeline=eval_pipeline,
            ),
        ],
    ),
)
test_cfg = dict(type="TestLoop")
test_evaluator = dict(type="SVM", shots=(1, 2, 4, 8, 16, 32, 64, 96), jobs=-1)
# The other processes wait while the first one trains the SVMs: six hours, not ten minutes.
env_cfg = dict(dist_cfg=dict(timeout=21600))
