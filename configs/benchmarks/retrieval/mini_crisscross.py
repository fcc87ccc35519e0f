"""Retrieval on the mini-world's clips by CrissCross, within and between modalities.

  python tools/test.py configs/benchmarks/retrieval/mini_crisscross.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/retrieval/mini_crisscross.py CHECKPOINT 2

CHECKPOINT (of configs/crisscross/mini.py), devices: docs/configs.md.
Cost: seconds.
Expected: docs/evaluation.md. Metrics of the untrained network stand beside those of the checkpoint.
It differs from configs/crisscross/mini.py in the metrics of the test.
Data: python tools/data/make_mini.py --out data/mini --layouts audiovisual
"""

_base_ = "../../crisscross/mini.py"

test_evaluator = [
    dict(type="Retrieval", feature="video", prefix="retrieval_video"),
    dict(type="Retrieval", feature="audio", prefix="retrieval_audio"),
    dict(type="CrossModalRetrieval"),
]
compare_untrained = True
