r"""CrissCross, R(2+1)D-18 and ResNet-18, AudioSet.

  python tools/train.py configs/crisscross/r2plus1d18_audioset.py --amp fp16 \
    --cfg-options train_dataloader.batch_size=64
  bash tools/dist_train.sh configs/crisscross/r2plus1d18_audioset.py 16 --amp fp16

Data: the videos of AudioSet's csv data/audioset/unbalanced_train_segments.csv in
data/audioset/unbalanced_train, and their table:
  mmcontrast probe-videos data/audioset/unbalanced_train \
    --out data/audioset/unbalanced_train/meta.jsonl
Cost: about 88,000 steps where 1.8 million videos are available. Not measured.
Expected: UCF101 92.4, HMDB51 67.4, ESC-50 90.5, DCASE 97.0 (authors' README). Ours: not run.
It differs from r2plus1d18_kinetics400.py in the data, and in 100 passes over them in place of 500.
The authors' configuration of this training is not published: the settings are ours.
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = "./r2plus1d18_kinetics400.py"

train_dataloader = dict(
    dataset=dict(
        type="AudioSet",
        data_root="data/audioset/unbalanced_train",
        ann_file="../unbalanced_train_segments.csv",
    )
)
param_scheduler = dict(warmup=2, end=100)
train_cfg = dict(max_epochs=100)
