# Nearest-neighbor accuracy during pre-training, cheap: 50,000 training images vote on 5,000
# validation images, always the same ones. Your config inherits this file together with one of
# pre-training. train_cfg.val_interval says after how many epochs, and for validation within epochs
#   default_hooks = dict(validation=dict(type="ValidationHook", interval=5000))
# after how many iterations.
_base_ = "./imagenet_knn.py"

val_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type="ImageFolder",
                data_root="data/imagenet/train",
                indices=dict(num=50_000, seed=0),
                meta=dict(split="bank"),
                pipeline=_base_.eval_pipeline,
            ),
            dict(
                type="ImageFolder",
                data_root="data/imagenet/val",
                indices=dict(num=5_000, seed=0),
                meta=dict(split="query"),
                pipeline=_base_.eval_pipeline,
            ),
        ],
    ),
)
val_evaluator = dict(k=20)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
