r"""OTB-100 with a SiamFC head on a frozen ResNet-50 (Xu and Wang, ICCV 2021, section 4).

  python tools/train.py configs/benchmarks/otb100/r50.py \
    --cfg-options model.pretrained=CHECKPOINT
  bash tools/dist_train.sh configs/benchmarks/otb100/r50.py 2 \
    --cfg-options model.pretrained=CHECKPOINT
  python tools/test.py configs/benchmarks/otb100/r50.py TRAINED

Differs from r18.py in the depth and the scale of the responses. CHECKPOINT, TRAINED, devices, other
networks and lengths: docs/configs.md.
Cost: 50 epochs of 9,335 pairs.
Expected: VFS (with color augmentation) 73.9 precision, 52.5 success (its README). Ours: not run.
`otb/...` follows the GOT-10k toolkit, `otb/..._mmtracking` mmtracking.
Data: data/GOT-10k/train/<sequence>/{*.jpg,groundtruth.txt}, data/OTB100/<sequence>/{img/*.jpg,
groundtruth_rect.txt}.
"""

_base_ = "./r18.py"

model = dict(
    backbone=dict(depth=50),
    head=dict(scale=1e-5),
)
