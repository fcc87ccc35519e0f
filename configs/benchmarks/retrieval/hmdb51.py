"""Retrieval of videos of the same class on HMDB51, by CrissCross' network for clips.

  python tools/test.py configs/benchmarks/retrieval/hmdb51.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/retrieval/hmdb51.py CHECKPOINT 8

CHECKPOINT, devices, other networks: docs/configs.md.
Cost: forward passes of 51,000 clips of 32 frames. Not measured.
Expected: R@1, 5 and 20 of CrissCross pre-trained on Kinetics-400: 26.4, 50.5, 77.7 (from memory of
the paper, to be checked; SeLaVi's clips, see hmdb51_selavi.py). Ours: not run.
It differs from ucf101.py in the data.
Data: data/hmdb51, with hmdb51_org/<class>/*.avi and testTrainMulti_7030_splits/*.txt.
"""

_base_ = "./ucf101.py"

test_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(
                type="HMDB51",
                data_root="data/hmdb51",
                split="train",
                meta=dict(split="bank"),
                pipeline={{_base_.eval_pipeline}},
            ),
            dict(
                type="HMDB51",
                data_root="data/hmdb51",
                split="test",
                meta=dict(split="query"),
                pipeline={{_base_.eval_pipeline}},
            ),
        ],
    ),
)
