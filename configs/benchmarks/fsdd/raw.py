"""Spoken digits by statistics of the spectrogram, without a network.

  python tools/test.py configs/benchmarks/fsdd/raw.py
  bash tools/dist_test.sh configs/benchmarks/fsdd/raw.py 2

Devices: docs/configs.md.
Cost: seconds.
Expected: nothing is published for these features, mean and deviation of each mel band. Ours:
docs/results.md.
It differs from r18.py in the features, which are standardized.
"""

_base_ = "./r18.py"

model = dict(backbone=None, pool=dict(_delete_=True, type="BandStatistics"))
test_evaluator = dict(standardize=True)
