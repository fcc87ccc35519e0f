r"""CrissCross, R(2+1)D-18 and ResNet-18, Kinetics-Sound.

  python tools/train.py configs/crisscross/r2plus1d18_kineticssound.py --amp fp16 \
    --cfg-options train_dataloader.batch_size=64
  bash tools/dist_train.sh configs/crisscross/r2plus1d18_kineticssound.py 16 --amp fp16

Data: Kinetics-400 as in r2plus1d18_kinetics400.py, of which the data set takes its 32 classes.
Cost: about 5,300 steps, an eleventh of those on Kinetics-400. Not measured.
Expected: UCF101 88.3, HMDB51 60.5, ESC-50 82.8, DCASE 93.0 (authors' README). Ours: not run.
It differs from r2plus1d18_kinetics400.py in the data. The authors' configuration of this training
is not published: the other settings are those of Kinetics-400 (ours).
Devices, memory, other lengths (train_cfg.max_epochs, param_scheduler.end): docs/configs.md.
"""

_base_ = "./r2plus1d18_kinetics400.py"

train_dataloader = dict(dataset=dict(subset="sound"))
