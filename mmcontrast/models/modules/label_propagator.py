"""Propagation of the labels of a video's first frame to the others, by the similarity of features.

Each feature cell of a frame takes the labels of the most similar cells of earlier frames, as a
weighted mean. The published methods agree on this and differ in which frames and cells are
compared, and in the weights; their settings stand in
``mmcontrast/models/protocols/propagation_protocols.py``.

Shapes: H x W cells of the feature map, C channels, M label channels (classes, joints or parts), T
earlier frames; Q queries of a block, S cells that they meet, k kept keys.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcontrast.ops.local_affinity import (
    Block,
    Window,
    affinity_blocks,
    kept_softmax,
    top_affinities,
    top_of_block,
)

_WEIGHTS = ("kept", "kept_ties", "all")


class LabelPropagator:
    """Propagate soft labels through a video, frame by frame, keeping what later frames need.

    Stored are the features and soft labels of the first frame and of the last ``context`` ones.
    Everything is computed in float32, or float64 if the features are, on the features' device.

    Args:
        context: Number of earlier frames that are compared beside the first one.
        radius: Radius of the window around a cell, in cells; None compares with whole frames.
        topk: Number of keys that keep a weight.
        temperature: Divisor of the affinities before the softmax.
        window: ``'disc'`` (strictly nearer than the radius) or ``'square'`` (at most so far in
            either direction).
        unit_length: Whether features are normalized: affinities are cosines, or else dot products.
        joint: Whether the best keys are sought among those of all frames together; otherwise each
            frame gives a prediction, and they are averaged.
        weights: ``'kept'``: softmax over exactly the k best. ``'kept_ties'``: likewise, and over
            all that tie with the last one. ``'all'``: softmax over all keys, those below the k-th
            best set to zero and the rest not renormalized, so that labels fade.
        mutual: Whether affinities are re-weighted by both maps' maxima (without a window only).
        first_copies: Number of copies of the first frame among the ``context`` frames at the start:
            0, 1 (VFS) or ``context`` (CRW).
        first_frame_local: Whether the window holds for the first frame too.

    Raises:
        ValueError: Settings that mean nothing, or do not go together.
    """

    def __init__(
        self,
        context: int,
        radius: float | None,
        topk: int,
        temperature: float,
        *,
        window: str = "disc",
        unit_length: bool = True,
        joint: bool = True,
        weights: str = "kept",
        mutual: bool = False,
        first_copies: int = 0,
        first_frame_local: bool = True,
    ):
        if context < 0 or topk < 1 or temperature <= 0 or not 0 <= first_copies <= context:
            raise ValueError(
                "context and first_copies are at least 0 (and first_copies at most context), topk "
                f"at least 1 and temperature positive, got {context=}, {first_copies=}, {topk=}, "
                f"{temperature=}."
            )
        if window not in ("disc", "square") or weights not in _WEIGHTS:
            raise ValueError(
                f"window is 'disc' or 'square' and weights one of {_WEIGHTS}, "
                f"got {window!r} and {weights!r}."
            )
        self.context, self.topk, self.temperature = context, topk, temperature
        self.window = None if radius is None else Window(radius, window)
        self.unit_length, self.joint, self.weights = unit_length, joint, weights
        self.mutual, self.first_copies = mutual, first_copies
        self.first_frame_local = first_frame_local
        self._check_combination(radius)
        self._num_stored = 0

    def _check_combination(self, radius: float | None) -> None:
        """Refuse settings that do not go together."""
        if radius is not None and (radius < 1 or self.mutual):
            raise ValueError(
                f"A window has a radius of at least 1 cell and no mutual weights, got {radius=}, "
                f"mutual={self.mutual}; radius=None compares whole frames."
            )
        if self.mutual and self.weights == "kept":
            raise ValueError("mutual weights go with weights='kept_ties' or 'all'.")
        if not self.first_frame_local and (self.weights != "kept" or not self.joint):
            raise ValueError("first_frame_local=False goes with joint=True and weights='kept'.")

    def start(self, features_CHW: Tensor, labels_MHW: Tensor) -> None:
        """Begin a video: forget the previous one and store the first frame.

        Args:
            features_CHW: Features of the first frame.
            labels_MHW: Soft labels of the first frame on the same grid, 0..1.

        Raises:
            ValueError: Features and labels lie on different grids.
        """
        if features_CHW.dim() != 3 or features_CHW.shape[1:] != labels_MHW.shape[1:]:
            raise ValueError(
                "Features (C, H, W) and labels (M, H, W) lie on one grid, got "
                f"{tuple(features_CHW.shape)} and {tuple(labels_MHW.shape)}."
            )
        features_HWC = self._prepare(features_CHW)
        labels_HWM = labels_MHW.permute(1, 2, 0).to(features_HWC)
        size = 1 + self.context
        # Slot 0 keeps the first frame, the others are a ring. Their order does not matter.
        self._features_THWC = features_HWC.new_empty(size, *features_HWC.shape)
        self._labels_THWM = labels_HWM.new_empty(size, *labels_HWM.shape)
        filled = slice(1 + self.first_copies)
        self._features_THWC[filled], self._labels_THWM[filled] = features_HWC, labels_HWM
        self._num_stored, self._next = 1 + self.first_copies, self.first_copies

    @torch.no_grad()
    def step(self, features_CHW: Tensor) -> Tensor:
        """Propagate to the next frame and store it.

        Args:
            features_CHW: Features of the next frame.

        Returns:
            Soft labels (M, H, W).

        Raises:
            ValueError: No video was started, or the features have another shape than the first's.
        """
        if not self._num_stored:
            raise ValueError("start() comes before step(): there are no labels to propagate.")
        query_HWC = self._prepare(features_CHW)
        if query_HWC.shape != self._features_THWC.shape[1:]:
            raise ValueError(
                f"All frames of a video have one size: features {tuple(features_CHW.shape)} follow "
                f"those of a grid of {tuple(self._features_THWC.shape[1:3])} cells."
            )
        with torch.autocast(query_HWC.device.type, enabled=False):
            labels_HWM = self._propagate(query_HWC)
        self._store(query_HWC, labels_HWM)
        return labels_HWM.permute(2, 0, 1)

    def _prepare(self, features_CHW: Tensor) -> Tensor:
        if features_CHW.dtype != torch.float64:
            features_CHW = features_CHW.float()
        if self.unit_length:
            features_CHW = F.normalize(features_CHW, dim=0)
        return features_CHW.permute(1, 2, 0).contiguous()

    def _store(self, features_HWC: Tensor, labels_HWM: Tensor) -> None:
        if self.context:
            slot = 1 + self._next % self.context
            self._features_THWC[slot], self._labels_THWM[slot] = features_HWC, labels_HWM
            self._next += 1
            self._num_stored = max(self._num_stored, min(self._next, self.context) + 1)

    def _propagate(self, query_HWC: Tensor) -> Tensor:
        keys_THWC = self._features_THWC[: self._num_stored]
        labels_TSM = self._labels_THWM[: self._num_stored].flatten(1, 2)
        if not self.joint:
            each = zip(keys_THWC.split(1), labels_TSM.split(1), strict=True)
            labels_SM = torch.stack([self._mean(query_HWC, *frame) for frame in each]).mean(0)
        elif self.first_frame_local or self.window is None:
            labels_SM = self._mean(query_HWC, keys_THWC, labels_TSM)
        else:
            labels_SM = self._mean_with_whole_first(query_HWC, keys_THWC, labels_TSM)
        return labels_SM.view(*query_HWC.shape[:2], -1)

    def _mean(self, query_HWC: Tensor, keys_THWC: Tensor, labels_TSM: Tensor) -> Tensor:
        """Weighted mean labels (H * W, M) of every query's best keys."""
        result_SM = torch.empty_like(labels_TSM[0])
        for block in affinity_blocks(query_HWC, keys_THWC, self.window, self.mutual):
            top_Qk, frame_Qk, place_Qk = top_of_block(block, self.topk)
            if self.weights == "kept":
                weights_Qk = (top_Qk / self.temperature).softmax(1)
                chosen_QkM = labels_TSM[frame_Qk, block.cells_S[place_Qk]]
                labels_QM = (weights_Qk[..., None] * chosen_QkM).sum(1)
            else:
                weights_QX = self._dense_weights(block, top_Qk[:, -1:])
                labels_QM = weights_QX @ labels_TSM[:, block.cells_S].flatten(0, 1)
            result_SM[block.queries_Q] = labels_QM
        return result_SM

    def _dense_weights(self, block: Block, kth_Q1: Tensor) -> Tensor:
        affinity_QTS = block.affinity_QTS
        if block.allowed_QS is not None:
            affinity_QTS = affinity_QTS.masked_fill(~block.allowed_QS[:, None], -torch.inf)
        logits_QX = affinity_QTS.flatten(1) / self.temperature
        return kept_softmax(logits_QX, kth_Q1 / self.temperature, self.weights == "kept_ties")

    def _mean_with_whole_first(
        self, query_HWC: Tensor, keys_THWC: Tensor, labels_TSM: Tensor
    ) -> Tensor:
        """The same where the window holds for all frames but the first."""
        top_Sk, key_Sk = top_affinities(query_HWC, keys_THWC[:1], self.topk, None)
        if len(keys_THWC) > 1:
            near = top_affinities(query_HWC, keys_THWC[1:], self.topk, self.window)
            top_SX = torch.cat([top_Sk, near[0]], 1)
            key_SX = torch.cat([key_Sk, near[1] + labels_TSM.shape[1]], 1)
            top_Sk, order_Sk = top_SX.topk(self.topk)
            key_Sk = key_SX.gather(1, order_Sk)
        weights_Sk = (top_Sk / self.temperature).softmax(1)
        return (weights_Sk[..., None] * labels_TSM.flatten(0, 1)[key_Sk]).sum(1)
