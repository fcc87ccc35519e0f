"""DAVIS 2017 by CRW's protocol, ResNet-18 (Jabri et al., NeurIPS 2020).

  python tools/test.py configs/benchmarks/davis2017/r18_crw.py CHECKPOINT
  bash tools/dist_test.sh configs/benchmarks/davis2017/r18_crw.py CHECKPOINT 2

Differs from r18.py in the protocol. CHECKPOINT, devices and other networks: docs/configs.md.
Cost: about that of r18.py.
Expected: CRW's own weights 67.6 J&F (its README). Ours: not run.
Data: DAVIS-2017-trainval-480p.zip, unpacked in data/.
"""

_base_ = "./r18.py"

model = dict(protocol="crw")
