"""Label propagation: a frozen backbone judged by the labels that its features propagate.

    label of a cell = weighted mean of the labels of its most similar cells in earlier frames

The protocol of TimeCycle, UVC, CRW, VFS and DINO. What distinguishes them is one table,
:mod:`mmcontrast.models.protocols.propagation_protocols`.

Shapes: H x W pixels of the source, h x w cells of the feature map; M classes, J joints, T frames.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method
from mmcontrast.models.modules.label_propagator import LabelPropagator
from mmcontrast.models.protocols.propagation_protocols import find_protocol
from mmcontrast.ops.soft_labels import (
    labels_to_mask,
    labels_to_points,
    mask_to_labels,
    points_to_labels,
)
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs
from mmcontrast.utils.errors import UserError


@MODELS.register_module()
class LabelPropagation(Method):
    """Judge the last map of a backbone by the labels that it propagates; nothing is trained.

    Args:
        backbone: The network; a ResNet with ``strides=(1, 2, 1, 1)`` has a map of stride 8. None is
            the baseline that copies the first frame's labels.
        protocol: Name of a published protocol: ``'vfs_r18'``, ``'vfs_r50'``, ``'crw'``, ``'uvc'``,
            ``'contrastcorr'`` or ``'dino'``. Its rule and its decision are followed; its input is
            what the config's pipeline, preprocessor and backbone make of it.
        propagator: Arguments of ``LabelPropagator`` that replace those of the protocol's rule.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`; ``pretrained`` is
            required.

    Raises:
        ValueError: There is no such protocol, or the propagator's settings do not go together.
    """

    trains = False
    requires_pretrained = True

    def __init__(
        self,
        backbone: nn.Module | dict | None,
        protocol: str,
        propagator: dict | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = None if backbone is None else MODELS.build(backbone)
        self.protocol = find_protocol(protocol)
        self.propagator = LabelPropagator(**{**self.protocol.rule, **(propagator or {})})

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Refuse: there is nothing to train.

        Raises:
            UserError: Always.
        """
        raise UserError("This config evaluates and trains nothing: use tools/test.py.")

    def propagate_mask(
        self, clip: Iterable[Tensor], mask_HW: NDArray[np.integer]
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield a mask (H, W) for every frame, the given one first.

        Args:
            clip: Frames (3, h, w) of uint8.
            mask_HW: Ids of the objects in the first frame, 0 for the background.

        Raises:
            ValueError: The mask shows no object, or the frames differ in size.
        """
        decision = self.protocol.decision
        mask = torch.from_numpy(np.ascontiguousarray(mask_HW)).long()
        size = (mask.shape[0], mask.shape[1])

        def encode(input_size: tuple[int, int], grid: tuple[int, int]) -> Tensor:
            first_to = input_size if decision.first_mask_at_input else None
            return mask_to_labels(mask, grid, soft=decision.soft_first_mask, input_size=first_to)

        for number, (labels, input_size) in enumerate(self._soft_labels(clip, encode)):
            if number == 0 or labels is None:
                yield mask_HW.astype(np.uint8)
                continue
            decide_at = input_size if decision.at_input else None
            yield labels_to_mask(labels, size, decision.stretched, decide_at).cpu().numpy()

    def propagate_points(
        self, clip: Iterable[Tensor], points_J2: NDArray[np.floating], size: tuple[int, int]
    ) -> Iterator[NDArray[np.float64]]:
        """Yield the places (J, 2) of keypoints in every frame, in pixels of the source.

        Heat maps are drawn on the source, and resized bilinearly to the network's input and from
        there to the feature map, as in VFS, whatever the protocol.

        Args:
            clip: Frames (3, h, w) of uint8.
            points_J2: x and y of the keypoints in the first frame, in pixels of the source.
            size: Height and width of the source.

        Raises:
            ValueError: The frames differ in size.
        """
        heat_JHW = points_to_labels(torch.from_numpy(np.asarray(points_J2)), size)

        def encode(input_size: tuple[int, int], grid: tuple[int, int]) -> Tensor:
            at_input_1JHW = F.interpolate(heat_JHW[None], input_size, mode="bilinear")
            return F.interpolate(at_input_1JHW, grid, mode="bilinear")[0]

        for number, (labels, _) in enumerate(self._soft_labels(clip, encode)):
            if number == 0 or labels is None:
                full = heat_JHW
            else:
                full = F.interpolate(labels[None], size, mode="bilinear")[0]
            yield labels_to_points(full).cpu().double().numpy()

    @torch.no_grad()
    def _soft_labels(
        self,
        clip: Iterable[Tensor],
        encode: Callable[[tuple[int, int], tuple[int, int]], Tensor],
    ) -> Iterator[tuple[Tensor | None, tuple[int, int]]]:
        """Yield soft labels (M, h, w), or None where nothing is to change, and the frame's size."""
        for number, frame in enumerate(clip):
            size = (frame.shape[1], frame.shape[2])
            if self.backbone is None:
                yield None, size
                continue
            view = self.data_preprocessor(dict(inputs=dict(view0=frame[None])))["inputs"]["view0"]
            features = list(self.backbone(view))[-1][0]
            if number == 0:
                grid = (features.shape[1], features.shape[2])
                labels = encode(size, grid).to(features.device)
                self.propagator.start(features, labels)
            else:
                labels = self.propagator.step(features)
            yield labels, size

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Propagate the labels of whole videos.

        Args:
            inputs: Lists ``clip`` and ``mask`` or ``joints``; see
                ``mmcontrast.datasets.annotated_videos``.
            data_samples: What is known of each video.

        Returns:
            One dict a video: its data sample and ``masks`` (T, H, W) uint8 or ``points``
            (T, J, 2).
        """
        self.eval()
        samples = data_samples if data_samples is not None else [{}] * len(inputs["clip"])
        results = []
        for number, (clip, sample) in enumerate(zip(inputs["clip"], samples, strict=True)):
            if "mask" in inputs:
                masks = self.propagate_mask(clip, inputs["mask"][number])
                result = dict(masks=np.stack(list(masks)))
            else:
                width, height = clip[0]["data_sample"]["view0"]["size"]
                points = self.propagate_points(clip, inputs["joints"][number], (height, width))
                result = dict(points=np.stack(list(points)))
            results.append({**sample, **result})
        return results
