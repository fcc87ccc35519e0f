"""A made-up data set of small clips with sound, and a training of XDC on it that takes seconds."""

import torch
from torch.utils.data import Dataset

from mmcontrast.registry import DATASETS
from tests.toy import ROOT

_CONFIG = """
_base_ = {base!r}
custom_imports = dict(imports=['tests.clips_with_sound'])
norm = dict(type='SyncBN')
model = dict(
    type='XDC',
    video_backbone=dict(type='R2Plus1D', base_channels=2, norm_cfg=norm),
    audio_backbone=dict(type='AudioResNet', base_channels=2, norm_cfg=norm),
    num_clusters=3)
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    collate_fn=dict(type='collate'),
    dataset=dict(type='ClipsWithSound', augment=True))
custom_hooks = [dict(type='ClusteringHook', dataset=dict(augment=False), interval=2)]
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4))
param_scheduler = dict(type='CosineAnnealingLR', T_max=4, eta_min=0, by_epoch=True)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=4)
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(logger=dict(interval=1), curves=None)
visualizer = dict(vis_backends=[dict(type='LocalVisBackend')])
"""


@DATASETS.register_module(force=True)
class ClipsWithSound(Dataset):
    """Clips (3, 2, 16, 16) of three kinds, each with a spectrogram (1, 16, 32) of its kind.

    Args:
        augment: Whether a sample has other noise each time.
        broken: Indices that are replaced by the sample before, as unreadable files are.
        num_videos: Number of samples.
    """

    def __init__(self, augment, broken=(), num_videos=12):
        self.augment = augment
        self.broken = broken
        generator = torch.Generator().manual_seed(0)
        kinds = torch.arange(num_videos) % 3
        patterns = torch.randn(3, 3, 2, 16, 16, generator=generator)
        sounds = torch.randn(3, 1, 16, 32, generator=generator)
        noise = torch.randn(num_videos, 3, 2, 16, 16, generator=generator)
        self.clips = patterns[kinds] + 0.3 * noise
        noise = torch.randn(num_videos, 1, 16, 32, generator=generator)
        self.sounds = sounds[kinds] + 0.3 * noise

    def __len__(self):
        return len(self.clips)

    def __getitem__(self, index):
        skipped = ["broken.mp4"] if index in self.broken else []
        index -= len(skipped)
        clip, sound = self.clips[index], self.sounds[index]
        if self.augment:
            clip = clip + 0.1 * torch.randn(clip.shape)
            sound = sound + 0.1 * torch.randn(sound.shape)
        sample = dict(sample_idx=index)
        if skipped:
            sample["skipped"] = skipped
        return dict(inputs=dict(video=clip, audio=sound), data_sample=sample)


def write_config(folder, extra=""):
    """Write a config of 4 epochs of 3 iterations, in two rounds of clusters."""
    path = folder / "xdc.py"
    path.write_text(_CONFIG.format(base=str(ROOT / "configs/_base_/default_runtime.py")) + extra)
    return str(path)
