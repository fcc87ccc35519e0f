"""The queue of keys that serve as negatives (MoCo, He et al., CVPR 2020, section 3.2).

Shapes: B keys of one step, C embedding, K queue.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class KeyQueue(nn.Module):
    """First in, first out, of a fixed length and for batches of any size.

    It starts full of random unit vectors, so that the loss has its final form from the first step.
    All state is in the checkpoint.

    Args:
        length: Number of keys K; keep it below the number of images in the data set, or most
            negatives of an image are old copies of the same image.
        channels: Length C of a key.
    """

    keys: Tensor
    pointer: Tensor
    pushed_at: Tensor
    step: Tensor

    def __init__(self, length: int, channels: int):
        super().__init__()
        if length < 1:
            raise ValueError(f"A queue needs a length of at least 1, got {length}.")
        self.length = length
        self.register_buffer("keys", F.normalize(torch.randn(channels, length), dim=0))
        self.register_buffer("pointer", torch.zeros((), dtype=torch.long))
        self.register_buffer("pushed_at", torch.zeros(length, dtype=torch.long))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def push(self, keys_BC: Tensor) -> None:
        """Replace the oldest keys.

        Args:
            keys_BC: Unit vectors, equal on all ranks. Of a batch longer than the queue the last K
                keys remain.
        """
        self.step += 1
        slots = self.pointer + torch.arange(len(keys_BC), device=keys_BC.device)
        kept = slice(max(len(keys_BC) - self.length, 0), None)
        slots_kept = slots[kept] % self.length
        self.keys[:, slots_kept] = keys_BC[kept].t().to(self.keys.dtype)
        self.pushed_at[slots_kept] = self.step
        self.pointer.copy_((self.pointer + len(keys_BC)) % self.length)

    def age(self) -> Tensor:
        """Mean number of steps since the keys were pushed, a float scalar; 0 before any push."""
        return (self.step - self.pushed_at).float().mean()
