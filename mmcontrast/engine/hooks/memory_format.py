"""The memory layout of convolution weights."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcontrast.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Lay the weights of 2D convolutions out as NHWC.

    Convolutions are faster that way on most GPUs, with bf16 above all, and on many CPUs. Set
    ``data_preprocessor=dict(channels_last=True)`` as well, so that the images match.
    """

    def before_run(self, runner: Runner) -> None:
        """Change the layout before anything is trained."""
        runner.model.to(memory_format=torch.channels_last)
