"""ContrastCorr.

Wang, Zhou and Li, "Contrastive Transformation for Self-supervised Correspondence Learning",
AAAI 2021, arXiv 2012.05057. It builds on UVC (Li et al., NeurIPS 2019).

    A   = f(r)^T f(t)                      similarity of all cells of reference r and target t
    c_t = softmax_R(A)^T c_r               color codes of the target, copied from the reference
    L   = L_color + L_self + w L_concentration + L_consistency + L_sparsity

    L_color          the decoded c_t against t, and 0.1 times the way back, along the same
                     normalized matrix transposed, against r; a pair whose sum exceeds a threshold
                    is left out
    L_self           r from itself, but no cell from its own place
    L_concentration  neighbors look at neighbors, in both directions
    L_consistency    c_t copied from all videos of the batch against c_t copied from its own
    L_sparsity       1 - the share of attention that stays in its own video

Stage 0, the warm-up, has two crops of one size and the first three losses. In stage 1 the target is
a whole frame: the part that shows what the reference shows is located and cut out, and the last two
losses join. :class:`~mmcontrast.engine.hooks.StageHook` counts the stages.

Frames are in LAB, -1..1. The encoder gets them normalized, and then some of their channels set to 0
and the others scaled up, so that colors cannot be copied by comparing colors.

What differs from the authors' code: coordinates mean ``align_corners=False``, so that crops of
whole cells are exact; negatives are those of this process, as theirs, or with
``gather_negatives`` of all; L_concentration is the mean over devices, where theirs is the sum, so
that its weight of 0.3 on their two devices is a ``concentration_weight`` of 0.6.

Shapes: N videos in this process, M of those compared with, C channels of features, D of color
codes, R cells of the reference, Q of the target or of what is cut out of it.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.dist import get_rank, get_world_size
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.ops import affinity
from mmcontrast.ops.distributed import gather_with_grad
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs
from mmcontrast.utils.arguments import check_number, check_probability, check_sizes

# ImageNet's, of channels in 0..1; the encoder has them for LAB too.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@MODELS.register_module()
class ContrastCorr(Method):
    """ContrastCorr; batches hold ``reference`` and ``target``, (N, 3, H, W) each, LAB in -1..1.

    Features are those of single frames, ``extract({'view0': (N, 3, H, W)})``.

    Args:
        backbone: Encoder f; its last map is used.
        codec: Color codec, of the encoder's stride:
            :class:`~mmcontrast.models.modules.ColorAutoEncoder` or ``PatchCodec``. It is frozen.
        loss: Distance of colors, :class:`~mmcontrast.models.losses.LabColorLoss`.
        window: Cells a side of the windows of L_concentration.
        concentration_weight: Weight w of L_concentration.
        concentration_start: Epochs of stage 0 before which w is 0.
        channel_dropout: Probability that one or two of the three normalized channels are set to 0,
            the same in both frames and in the whole batch.
        gather_negatives: Whether the videos of all processes are compared with, not only those of
            this one.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`; the mean and std of the
            ``data_preprocessor`` are 128 for bytes in LAB.
    """

    # How many epochs at the start of each stage no image is too far off to count.
    lenient_epochs: Sequence[int] = (1, 2)

    def __init__(
        self,
        backbone: nn.Module | dict,
        codec: nn.Module | dict,
        loss: nn.Module | dict,
        window: int = 8,
        concentration_weight: float = 0.3,
        concentration_start: int = 10,
        channel_dropout: float = 0.7,
        gather_negatives: bool = False,
        **kwargs: Any,
    ):
        check_sizes("ContrastCorr", window=window)
        check_number("ContrastCorr: concentration_weight", concentration_weight, 0)
        check_number("ContrastCorr: concentration_start", concentration_start, 0)
        check_probability("ContrastCorr: channel_dropout", channel_dropout)
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.codec = MODELS.build(codec).requires_grad_(False)
        self.color_loss = MODELS.build(loss)
        self.window = window
        self.concentration_weight = concentration_weight
        self.concentration_start = concentration_start
        self.channel_dropout = channel_dropout
        self.gather_negatives = gather_negatives
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(3, 1, 1), persistent=False)
        self.set_stage(0, 0)

    def set_stage(self, stage: int, epoch: int) -> None:
        """Say which stage, 0 or 1, and which of its epochs this is."""
        if stage not in (0, 1):
            raise ValueError(f"ContrastCorr has the stages 0 and 1, got {stage}.")
        self.stage = stage
        self.keep_all = epoch < self.lenient_epochs[stage]
        self.concentrate = stage == 1 or epoch >= self.concentration_start

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The losses of the current stage on one batch."""
        reference, target = inputs["reference"], inputs["target"]
        keep = self._draw_channels(reference.device)
        features_r, code_r = self._embed(reference, keep)
        features_t, code_t = self._embed(target, keep)
        grid = features_r.shape[2:]
        if self.stage == 1:
            box_N4 = self._locate(features_r, features_t)
            stride = target.shape[3] / features_t.shape[3]
            target = affinity.crop(target, box_N4 * stride, reference.shape[2:])
            features_t, code_t = (affinity.crop(x, box_N4, grid) for x in (features_t, code_t))
        f_r, c_r, f_t, c_t = (x.flatten(2) for x in (features_r, code_r, features_t, code_t))

        similarity_NRQ = affinity.similarity(f_r, f_t)
        over_r_NRQ = similarity_NRQ.softmax(dim=1)
        copied = self._decode(affinity.propagate(c_r, over_r_NRQ), grid)
        copied_back = self._decode(affinity.propagate(c_t, over_r_NRQ.mT), grid)
        self_NRR = affinity.without_self(affinity.similarity(f_r, f_r)).softmax(dim=1)
        from_self = self._decode(affinity.propagate(c_r, self_NRR), grid)
        losses = dict(
            loss_color=self._distance(copied, target, back=(copied_back, reference)),
            loss_self=self._distance(from_self, reference),
        )
        if self.concentrate:
            there, back = (
                affinity.concentration(attention, grid, grid, self.window)
                for attention in (similarity_NRQ.softmax(dim=2), over_r_NRQ.mT)
            )
            losses["loss_concentration"] = self.concentration_weight * (there + back)
        if self.stage == 1:
            carried, own_share = affinity.inter_video_attention(f_t, *self._references(f_r, c_r))
            losses["loss_consistency"] = self._distance(self._decode(carried, grid), copied)
            losses["loss_sparsity"] = (1 - own_share).mean()
        return dict(
            **losses,
            color_distance=self.color_loss(copied, target, keep_all=True).mean().detach(),
            attention_peak=over_r_NRQ.detach().amax(dim=1).mean(),
            embedding_std=embedding_std(F.normalize(f_r.mean(dim=2), dim=1)),
        )

    def encode(self, inputs: Inputs) -> Features:
        """Features of single frames, ``view0`` in LAB, with all their channels."""
        return super().encode({"view0": self._normalize(inputs["view0"])})

    def _normalize(self, image_N3HW: Tensor) -> Tensor:
        return ((image_N3HW + 1) / 2 - self.mean) / self.std

    def _draw_channels(self, device: torch.device) -> Tensor:
        """Factors of the three channels, (3, 1, 1): 0 for the dropped ones; their mean is 1."""
        keep = torch.ones(3, 1, 1, device=device)
        if torch.rand(()) < self.channel_dropout:
            num_dropped = int(torch.randint(1, 3, ()))
            keep[torch.randperm(3)[:num_dropped]] = 0
        return keep * 3 / keep.sum()

    def _embed(self, image: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, C, h, w), with gradient, and color codes (N, D, h, w) of frames."""
        features = self.backbone(self._normalize(image) * keep)[-1]
        with torch.no_grad():
            code = self.codec.encode(image)
        if code.shape[2:] != features.shape[2:]:
            raise ValueError(
                f"The backbone's map has {tuple(features.shape[2:])} cells and the codec's "
                f"{tuple(code.shape[2:])}: let both have one stride, such as 8 with "
                "backbone.strides=(1, 2, 1, 1)."
            )
        return features.float(), code.float()

    def _locate(self, features_r: Tensor, features_t: Tensor) -> Tensor:
        """Where in the whole target the reference is, (N, 4) in cells."""
        attention = affinity.similarity(features_r.flatten(2), features_t.flatten(2)).softmax(dim=2)
        return affinity.locate(attention, features_r.shape[2:], features_t.shape[2:])

    def _decode(self, code_NDQ: Tensor, grid: Sequence[int]) -> Tensor:
        return self.codec.decode(code_NDQ.unflatten(2, grid))

    def _distance(
        self, image: Tensor, target: Tensor, back: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        return self.color_loss(image, target, self.keep_all, back).mean()

    def _references(self, f_NCR: Tensor, c_NDR: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What all targets are compared with, and where the references of this process are."""
        own_N = torch.arange(len(f_NCR), device=f_NCR.device)
        if not self.gather_negatives:
            return f_NCR, c_NDR, own_N
        own_N = own_N * get_world_size() + get_rank()
        return gather_with_grad(f_NCR), gather_with_grad(c_NDR), own_N
