"""The one base class of all methods."""

from abc import abstractmethod
from typing import Any, ClassVar, Self

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmcontrast.models.modules.momentum_contrast import MomentumEncoder
from mmcontrast.models.modules.pretrained import load_pretrained
from mmcontrast.registry import MODELS
from mmcontrast.structures import DataSamples, Features, Inputs
from mmcontrast.structures.maps import pool_maps

# The features that are one vector a sample, or one for each of its clips.
_VECTORS = ("global", "clips", "video", "audio", "video_embedding", "audio_embedding")


class Method(BaseModel):
    """A model that is trained by ``loss`` and whose features ``extract`` computes.

    A method on images assigns ``self.backbone`` and writes ``loss``; one on other inputs also
    writes ``encode``. Each part that a method needs (a backbone, neck, head, loss, ...) may be
    given as a module or as the config that a module is built from.

    Args:
        data_preprocessor: Module that brings batches to the device, or its config; by default a
            :class:`~mmcontrast.models.data_preprocessor.ViewPreprocessor`.
        pretrained: Checkpoint from which ``backbone`` starts, in any layout that
            :func:`~mmcontrast.weights.find_backbone` recognizes; ``'random'`` or None keep the
            initial weights. It is loaded by :meth:`init_weights`; a resumed run does not load it.
        **kwargs: Those of MMEngine's ``BaseModel``: ``init_cfg``.
    """

    trains: ClassVar[bool] = True
    """Whether there is anything to train. A protocol that trains nothing judges the backbone of
    any checkpoint, which is given as its ``pretrained``."""
    requires_pretrained: ClassVar[bool] = False
    """Whether ``pretrained`` must be given; ``'random'`` then asks for random weights."""
    freezes_backbone: ClassVar[bool] = False
    """Whether ``backbone`` stays in eval mode during training, which keeps its statistics."""

    def __init__(
        self,
        data_preprocessor: nn.Module | dict | None = None,
        pretrained: str | None = None,
        **kwargs: Any,
    ):
        preprocessor = MODELS.build(data_preprocessor or dict(type="ViewPreprocessor"))
        super().__init__(preprocessor, **kwargs)
        self.pretrained = pretrained

    def train(self, mode: bool = True) -> Self:
        """Set the training mode of all parts, except for a backbone that is frozen."""
        super().train(mode)
        if self.freezes_backbone:
            self.backbone.eval()
        return self

    def init_weights(self) -> None:
        """Initialize all parts, load ``pretrained``, and let momentum encoders start as copies.

        Raises:
            CheckpointError: ``pretrained`` is required and not given, it does not fit the backbone,
                or the method has no backbone.
        """
        super().init_weights()
        if self.pretrained or self.requires_pretrained:
            load_pretrained(self, self.pretrained)
        for part in self.modules():
            if isinstance(part, MomentumEncoder):
                part.start(self.modules())

    @abstractmethod
    def loss(self, inputs: Inputs, data_samples: DataSamples) -> dict[str, Tensor]:
        """Compute the training losses of a batch.

        Args:
            inputs: Named views, see :mod:`mmcontrast.structures`.
            data_samples: One dict a sample, see the same.

        Returns:
            Scalars. Those whose key contains ``loss`` are summed and minimized (MMEngine's rule);
            the others are metrics, without gradient, that are logged.
        """

    def encode(self, inputs: Inputs) -> Features:
        """Compute features of a batch in the current mode; ``extract`` is the public form.

        This one serves images and clips: ``inputs['view0']``, (N, 3, H, W) or (N, 3, T, H, W),
        through ``self.backbone``. ``global`` is the mean over all places of the last map, or a
        transformer's class token.
        """
        maps = self.backbone(inputs["view0"])
        stages = list(maps)
        return {"global": pool_maps(maps), "dense": stages[-1], "stages": stages}

    @torch.no_grad()
    def extract(self, inputs: Inputs) -> Features:
        """Compute features for evaluation: eval mode, no gradient, the backbone alone.

        Args:
            inputs: Named views on the model's device; a single view is named ``view0``.

        Returns:
            ``global`` (N, C), and what else of :data:`~mmcontrast.structures.Features` the method
            has.
        """
        was_training = self.training
        self.eval()
        try:
            return self.encode(inputs)
        finally:
            self.train(was_training)

    def predict(self, inputs: Inputs, data_samples: DataSamples | None) -> list[dict[str, Any]]:
        """Describe each sample for MMEngine's metrics.

        Returns:
            One dict a sample: its data sample and ``global``, its feature (C,), or ``video`` and
            ``audio``. Methods for other tasks have other keys, see the table in
            :mod:`mmcontrast.structures`.
        """
        features: dict[str, Any] = {**self.extract(inputs)}
        vectors = {name: features[name] for name in _VECTORS if name in features}
        count = len(next(iter(vectors.values())))
        samples = data_samples if data_samples is not None else [{}] * count
        return [
            {**sample, **dict(zip(vectors, values, strict=True))}
            for sample, *values in zip(samples, *vectors.values(), strict=True)
        ]

    def forward(
        self, inputs: Inputs, data_samples: DataSamples | None = None, mode: str = "tensor"
    ) -> Any:
        """Dispatch as MMEngine's Runner asks: ``loss``, ``predict``, or ``tensor`` for features.

        Raises:
            ValueError: ``mode`` is none of these.
        """
        if mode == "loss":
            return self.loss(_Views(inputs, type(self).__name__), data_samples or [])
        if mode == "predict":
            return self.predict(inputs, data_samples)
        if mode == "tensor":
            return self.extract(inputs)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}.")


class _Views(dict[str, Any]):
    """The inputs of a batch, which say what a pipeline must do where one is missing."""

    def __init__(self, inputs: Inputs, owner: str):
        super().__init__(inputs)
        self.owner = owner

    def __missing__(self, name: str) -> Any:
        raise ValueError(
            f"{self.owner} needs {name}, and the batch has {', '.join(self) or 'nothing'}: let the "
            "pipeline make it (view0 and view1 are made by dict(type='Views', views=[view, view]))."
        )


def embedding_std(embeddings_NC: Tensor) -> Tensor:
    """How far unit vectors spread: sqrt(C) times the mean standard deviation of their channels.

    Args:
        embeddings_NC: Embeddings, unit vectors.

    Returns:
        Scalar without gradient: about 1 for vectors spread evenly over the sphere, 0 where they
        collapsed to one point (and for a single vector).
    """
    embeddings_NC = embeddings_NC.detach().float()
    return embeddings_NC.std(dim=0, correction=0).mean() * embeddings_NC.shape[1] ** 0.5
