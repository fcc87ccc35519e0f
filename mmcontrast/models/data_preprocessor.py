"""From the batches of a data loader to the inputs of a method."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmcontrast.registry import MODELS, TRANSFORMS
from mmcontrast.utils.arguments import check_number

_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


@MODELS.register_module()
class ViewPreprocessor(BaseDataPreprocessor):
    """Move a batch to the device and normalize its images there.

    Only ``uint8`` inputs are images (N, C, H, W) or clips (N, C, T, H, W); all others pass
    unchanged. Bytes that are cast on the device need a quarter of the transfer of float images.

    Args:
        mean: Mean of each channel, in 0..255: RGB, or what the pipeline made of it. 128 for
            OpenCV's LAB, whose neutral colors then are 0.
        std: Standard deviation of each channel, in 0..255; 128 brings LAB into -1..1.
        channels_last: Lay images out as NHWC in memory and clips as NTHWC, which convolutions
            prefer on most devices.
        augment: Transforms of whole batches, or their configs, that are applied one after the other
            on the device, in training alone: callables from and to uint8 (N, 3, H, W).
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        channels_last: bool = False,
        augment: Sequence[Callable[[Tensor], Tensor] | dict] = (),
    ):
        if len(mean) != len(std):
            raise ValueError(
                "ViewPreprocessor: mean and std have one value for each channel, got "
                f"{len(mean)} and {len(std)}."
            )
        for value in std:
            check_number("ViewPreprocessor: std", value, 0, above=True)
        super().__init__(non_blocking=True)
        self.register_buffer("mean", torch.tensor(mean), persistent=False)
        self.register_buffer("std", torch.tensor(std), persistent=False)
        self.channels_last = channels_last
        self.augment = [TRANSFORMS.build(transform) for transform in augment]

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare one batch.

        Args:
            data: ``inputs`` and ``data_samples`` as in :mod:`mmcontrast.structures`.
            training: Whether to apply ``augment``.

        Returns:
            The same with its tensors on the device and its images as normalized float32.
        """
        inputs = self.cast_data(data["inputs"])
        return dict(
            inputs={name: self._prepare(view, training) for name, view in inputs.items()},
            data_samples=data.get("data_samples"),
        )

    def _prepare(self, view: Any, training: bool) -> Any:
        if isinstance(view, list):
            return [
                self._prepare(item[None], training)[0] if isinstance(item, Tensor) else item
                for item in view
            ]
        if not (isinstance(view, Tensor) and view.dtype == torch.uint8):
            return view
        if training:
            for transform in self.augment:
                view = transform(view)
        if view.shape[1] != len(self.mean):
            raise ValueError(
                f"ViewPreprocessor: mean and std have {len(self.mean)} values, and the images have "
                f"{view.shape[1]} channels. Set one value for each channel."
            )
        shape = [1, -1] + [1] * (view.dim() - 2)
        view = (view.float() - self.mean.view(shape)) / self.std.view(shape)
        if self.channels_last:
            view = view.contiguous(memory_format=_CHANNELS_LAST[view.dim()])
        return view
