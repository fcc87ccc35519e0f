"""CrissCross.

Sarkar and Etemad, "Self-Supervised Audio-Visual Representation Learning with Relaxed Cross-Modal
Synchronicity", AAAI 2023, arXiv 2111.05329.

    z = g(f(view)),  p = h(z)        encoder f, projector g and predictor h of each modality
    D(p, z) = -mean cos(p, stopgrad z)
    L(x, y) = D(p_x, z_y) / 2 + D(p_y, z_x) / 2
    L = mean of  L(v0, v1), L(a0, a1)      within a modality
                 L(v0, a0), L(v1, a1)      between modalities, synchronous
                 L(v0, a1), L(a0, v1)      between modalities, asynchronous

The views are two clips of one video, v0 and v1, and two pieces of its sound, a0 and a1. How far
apart in time the two are is the relaxation of the paper: none, mild, medium, extreme or mixed. It
is a matter of the data, which choose where the clips start.

There is no momentum encoder. Each view goes through the network by itself, so that batch statistics
never mix views, and every norm is updated twice a step. Each p is used in all of its pairs.

What differs from the authors' code:

- The divisor is the number of pairs, which is theirs (twice the number of families) where both
  modalities are there. Of one modality alone, its one pair is not halved.
- A projector of two layers has two; theirs keeps a third one that is never used.
- Similarities are computed in float32 under autocast too.
- The first step has the learning rate that the schedule has there, 0; theirs has 1e-3 for all
  parts, since the schedule follows the optimizer's step and is one step late throughout.

Shapes: N videos in this process, C embedding, T frames, M mel bands.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcontrast.models.methods.base import Method, embedding_std
from mmcontrast.models.widths import build_on
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs
from mmcontrast.structures.maps import pool_maps


@MODELS.register_module()
class CrissCross(Method):
    """CrissCross; batches hold ``video0``, ``video1`` (N, 3, T, H, W), ``audio0``, ``audio1``.

    The sounds are spectrograms (N, 1, M, T). Without the three parts of one modality it learns from
    the other one alone. A batch on one process needs two videos, whose statistics normalize z.
    Features are those of one view, ``extract({'video': ..., 'audio': ...})``, or of one modality.

    Args:
        video_backbone: Encoder f of clips; None for sounds alone.
        video_projector: Projector g of clips, :class:`~mmcontrast.models.necks.Projection` with 2
            or 3 layers.
        video_predictor: Predictor h of clips, :class:`~mmcontrast.models.necks.Prediction`.
        audio_backbone: Encoder f of spectrograms; None for clips alone.
        audio_projector: Projector g of sounds.
        audio_predictor: Predictor h of sounds.
        loss: Loss, :class:`~mmcontrast.models.losses.CrossModalLoss`.
        pre_norm: Whether z is normalized before the predictor.
        **kwargs: Those of :class:`~mmcontrast.models.methods.base.Method`.

    Raises:
        ValueError: There is no modality, or not all parts of one.
    """

    def __init__(
        self,
        loss: nn.Module | dict,
        video_backbone: nn.Module | dict | None = None,
        video_projector: nn.Module | dict | None = None,
        video_predictor: nn.Module | dict | None = None,
        audio_backbone: nn.Module | dict | None = None,
        audio_projector: nn.Module | dict | None = None,
        audio_predictor: nn.Module | dict | None = None,
        pre_norm: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.modalities = [
            name
            for name, parts in (
                ("video", (video_backbone, video_projector, video_predictor)),
                ("audio", (audio_backbone, audio_projector, audio_predictor)),
            )
            if self._add(name, *parts)
        ]
        if not self.modalities:
            raise ValueError("CrissCross: video_backbone or audio_backbone must be given.")
        self.cross_modal = MODELS.build(loss)
        self.pre_norm = pre_norm

    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """The loss of all pairs of views of one batch."""
        projections: dict[str, Tensor] = {}
        predictions: dict[str, Tensor] = {}
        for modality in self.modalities:
            for view in (f"{modality}0", f"{modality}1"):
                z_NC = self._project(modality, self._maps(modality, inputs[view]))
                projections[view] = F.normalize(z_NC, dim=1) if self.pre_norm else z_NC
                predictions[view] = self.get_submodule(f"{modality}_predictor")(projections[view])
        agreement = self.cross_modal(predictions, projections)
        spread = [
            embedding_std(F.normalize(projections[f"{modality}0"].float(), dim=1))
            for modality in self.modalities
        ]
        return dict(
            loss=agreement.loss,
            **{f"sim_{x}_{y}": value for (x, y), value in agreement.similarity.items()},
            embedding_std=torch.stack(spread).amin(),  # of the modality that is nearer to collapse
        )

    def encode(self, inputs: Inputs) -> Features:
        """Compute features of ``video``, ``audio`` or both, in the current mode.

        Returns:
            ``video`` and ``audio`` (N, D), pooled maps of the backbones; ``video_embedding`` and
            ``audio_embedding`` (N, C), normalized z, whose product is the cosine between them.

        Raises:
            ValueError: The batch has neither.
        """
        features: Any = {}
        for modality in self.modalities:
            if modality in inputs:
                maps = self._maps(modality, inputs[modality])
                features[modality] = pool_maps(maps)
                z_NC = self._project(modality, maps).float()
                features[f"{modality}_embedding"] = F.normalize(z_NC, dim=1)
        if not features:
            raise ValueError(
                f"CrissCross has features of {' and '.join(self.modalities)}, and the batch has "
                f"{', '.join(inputs) or 'nothing'}: name the views of the pipeline so."
            )
        return features

    def _add(
        self,
        name: str,
        backbone: nn.Module | dict | None,
        projector: nn.Module | dict | None,
        predictor: nn.Module | dict | None,
    ) -> bool:
        """Build the parts of a modality; return whether there are any."""
        if backbone is None and projector is None and predictor is None:
            return False
        if backbone is None or projector is None or predictor is None:
            raise ValueError(
                f"CrissCross: {name}_backbone, {name}_projector and {name}_predictor go together."
            )
        built_backbone = MODELS.build(backbone)
        built_projector = build_on(projector, built_backbone)
        self.add_module(f"{name}_backbone", built_backbone)
        self.add_module(f"{name}_projector", built_projector)
        self.add_module(f"{name}_predictor", build_on(predictor, built_projector))
        return True

    def _maps(self, modality: str, view: Tensor) -> tuple[Tensor, ...]:
        return self.get_submodule(f"{modality}_backbone")(view)

    def _project(self, modality: str, maps: tuple[Tensor, ...]) -> Tensor:
        return self.get_submodule(f"{modality}_projector")(maps)
