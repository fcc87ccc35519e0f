"""SiamFC on a frozen backbone: how well features tell a target from its surroundings.

Bertinetto et al., ECCV workshops 2016; on self-supervised features as in VFS (Xu and Wang, ICCV
2021, section 4). Only two 1x1 convolutions are trained:

    response = scale * (W_z f(z) + b_z) * (W_x f(x) + b_x)      z the target, x the search area
    L        = focal cross-entropy of response and "the target is in the middle"

The tracker takes the response at three sizes, prefers the same size and small steps, and never
updates the target's image.

Shapes: N crops; boxes are (x, y, width, height), all coordinates count pixels from 0.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmcontrast.models.losses.balanced_focal import balanced_focal
from mmcontrast.models.methods.base import Method
from mmcontrast.models.widths import build_on
from mmcontrast.ops.square_crops import crop_square, exemplar_size, response_labels
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Inputs

EXEMPLAR, INSTANCE, STRIDE = 120, 255, 8
_UP, _RESPONSE = 16, 17  # the response is enlarged to 16 * 17, as if it had 17 cells
_SIZES = 1.0375 ** np.array([-1.0, 0.0, 1.0])
_SIZE_PENALTY, _SIZE_RATE, _WINDOW_SHARE = 0.9745, 0.59, 0.176


@MODELS.register_module()
class SiamFC(Method):
    """Train the head on pairs of crops, track through whole videos.

    Batches of training hold ``exemplar`` (N, 3, 120, 120) and ``search`` (N, 3, 239, 239), centered
    on the target; those of a test ``clip`` and ``box`` of ``mmcontrast.datasets.tracking``.

    Args:
        backbone: The network, whose last map has stride 8.
        head: A ``SiameseHead``.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`; ``pretrained`` is
            required.
    """

    requires_pretrained = True
    freezes_backbone = True

    def __init__(
        self,
        backbone: nn.Module | dict,
        head: nn.Module | dict,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone).requires_grad_(False)
        self.head = build_on(head, self.backbone)

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Focal loss of the responses of all pairs."""
        with torch.no_grad():
            exemplars, searches = (
                list(self.backbone(inputs[name]))[-1] for name in ("exemplar", "search")
            )
        responses_NHW = self.head(exemplars, searches).float()
        size = (responses_NHW.shape[1], responses_NHW.shape[2])
        labels_NHW = response_labels(size).to(responses_NHW).expand_as(responses_NHW)
        return dict(loss=balanced_focal(responses_NHW, labels_NHW))

    @torch.no_grad()
    def track(self, clip: Iterable[Tensor], box: NDArray[np.floating]) -> Iterator[NDArray]:
        """Yield the target's box in every frame, the given one first.

        Args:
            clip: Frames (3, H, W) of uint8, at their own size.
            box: Box of the target in the first frame, (x, y, width, height) in pixels from 0.

        Raises:
            ValueError: The box has no area or lies outside the frame.
        """
        self.eval()
        box = np.asarray(box, dtype=np.float64)
        window = np.outer(*[np.hanning(_UP * _RESPONSE)] * 2)
        window /= window.sum()
        for number, frame in enumerate(clip):
            image = np.ascontiguousarray(frame.permute(1, 2, 0).numpy())
            if number == 0:
                _check_box(box, image.shape[1], image.shape[0])
                # The center of a box of whole pixels.
                center, extent = box[:2] + (box[2:] - 1) / 2, box[2:].copy()
                search_size = exemplar_size(*extent) * INSTANCE / EXEMPLAR
                exemplar = self._features(
                    [crop_square(image, center, exemplar_size(*extent), EXEMPLAR)]
                )
            else:
                crops = [crop_square(image, center, search_size * s, INSTANCE) for s in _SIZES]
                responses_3HW = self.head(exemplar, self._features(crops)).float().cpu().numpy()
                offset, index = _peak(responses_3HW, window)
                center = center + offset * search_size * _SIZES[index] / INSTANCE
                change = (1 - _SIZE_RATE) + _SIZE_RATE * _SIZES[index]
                search_size, extent = search_size * change, extent * change
            yield np.concatenate([center - (extent - 1) / 2, extent])

    def _features(self, crops: list[NDArray[np.uint8]]) -> Tensor:
        view = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
        return list(
            self.backbone(self.data_preprocessor(dict(inputs=dict(v=view)))["inputs"]["v"])
        )[-1]

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Track the targets of whole videos.

        Returns:
            One dict a video: its data sample and ``boxes`` (T, 4).
        """
        samples = data_samples if data_samples is not None else [{}] * len(inputs["clip"])
        return [
            {**sample, "boxes": np.stack(list(self.track(clip, np.asarray(box))))}
            for clip, box, sample in zip(inputs["clip"], inputs["box"], samples, strict=True)
        ]


def _check_box(box: NDArray[np.floating], width: int, height: int) -> None:
    x, y, w, h = box
    if not (np.isfinite(box).all() and w > 0 and h > 0):
        raise ValueError(f"A box is x, y, width, height with a positive area, got {box.tolist()}.")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise ValueError(
            f"The box x={x:g} y={y:g} width={w:g} height={h:g} lies outside the frame of "
            f"{width}x{height} pixels."
        )


def _peak(
    responses_3HW: NDArray[np.float32], window: NDArray[np.floating]
) -> tuple[NDArray[np.float64], int]:
    """Find the target's offset (x, y) in pixels of the search crop, and the index of its size."""
    side = len(window)
    large = np.stack([
        cv2.resize(r, (side, side), interpolation=cv2.INTER_CUBIC) for r in responses_3HW
    ])  # fmt: skip
    middle = len(large) // 2
    large[np.arange(len(large)) != middle] *= _SIZE_PENALTY
    index = int(large.max(axis=(1, 2)).argmax())
    response = large[index] - large[index].min()
    response = response / (response.sum() + 1e-16)
    response = (1 - _WINDOW_SHARE) * response + _WINDOW_SHARE * window
    y, x = np.unravel_index(response.argmax(), response.shape)
    return (np.array([x, y]) - (side - 1) / 2) * STRIDE / _UP, index
