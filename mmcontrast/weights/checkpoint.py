"""A checkpoint as one object."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from mmcontrast.registry import SCOPE, is_registered
from mmcontrast.weights.coverage import Coverage, compare, load_weights, rename_like
from mmcontrast.weights.files import CheckpointError, is_trusted
from mmcontrast.weights.layouts import (
    TWO_MODALITIES,
    BackboneWeights,
    find_backbone,
    find_tensors,
    modality_backbones,
)
from mmcontrast.weights.parts import load_part, split_part
from mmcontrast.weights.resnet_form import resnet_form
from mmcontrast.weights.stored_config import plain_config, read_stored_config, type_names


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The content of a checkpoint file, and what it says about the network that it holds.

    Every part is computed at its first use. Nothing in the file is executed.

    Attributes:
        path: Path or address of the file, for messages.
        content: What was saved in the file.
        given_config: A config that takes the place of the stored one, see :meth:`with_config`.
    """

    path: str
    content: Any = field(repr=False)
    given_config: Mapping[str, Any] | None = field(default=None, repr=False)

    @classmethod
    def read(cls, path: str | Path) -> "Checkpoint":
        """Read a file of ``torch.save`` or safetensors.

        Args:
            path: The file; ``torchvision://resnet50``; or an ``https://`` address. ``PATH#PART``
                takes one of several networks in it, see :mod:`mmcontrast.weights.parts`.

        Raises:
            CheckpointError: The file is missing, damaged, or cannot be read without executing it;
                or there is no such part.
        """
        file, _ = split_part(str(path))
        if Path(file).suffix == ".pkl":
            raise CheckpointError(
                f"{path} looks like a checkpoint of detectron2: a pickle, whose code would run. "
                "Take the checkpoint that it was converted from."
            )
        return cls(str(path), load_part(str(path)))

    def with_config(self, config: Mapping[str, Any]) -> "Checkpoint":
        """Return the checkpoint with another config in place of the stored one.

        Args:
            config: A merged config, of this package or of another project with MMEngine.
        """
        return replace(self, given_config=plain_config(config))

    def check_parts(self, *parts: Any) -> None:
        """Refuse parts of the stored config that would run code when they are built.

        A part is built by what its ``type`` names. In a config from elsewhere that may be any
        function that can be imported; registered parts are the ones that are built.

        Args:
            *parts: Settings that are about to be built. Those of a given config, which the user has
                chosen, are not checked, and none is inside ``trusted_checkpoints()``.

        Raises:
            CheckpointError: A ``type`` in them is not registered.
        """
        if self.given_config is not None or is_trusted():
            return
        for name in type_names(parts):
            if not is_registered(name):
                raise CheckpointError(
                    f"The config in {self.path} names the type {name!r}, which is not registered: "
                    "building it would import and call whatever the file names. Give the config of "
                    "the training, or, if you know who made the file, read and build it inside "
                    "trusted_checkpoints() of mmcontrast.weights."
                )

    @property
    def state_dict(self) -> dict[str, Tensor]:
        """The backbone's weights, under its own keys; those of a ResNet are torchvision's.

        Raises:
            CheckpointError: No layout that is read fits the file.
        """
        return self._backbone_weights.state_dict

    @property
    def layout(self) -> str:
        """What the file was recognized as: ``'mmcontrast'``, ``'MoCo (official)'``, ...

        Raises:
            CheckpointError: No layout that is read fits the file.
        """
        return self._backbone_weights.layout

    @cached_property
    def model_weights(self) -> dict[str, Tensor]:
        """The whole model's weights, under the keys of the file without DDP's ``module.``.

        Raises:
            CheckpointError: The file is not a state dict and does not hold one.
        """
        content = self.content if isinstance(self.content, Mapping) else {"": self.content}
        weights = content.get("state_dict", content)
        if not all(isinstance(tensor, Tensor) for tensor in weights.values()):
            raise CheckpointError(f"{self.path} holds no state_dict of a training.")
        return {name.removeprefix("module."): tensor for name, tensor in weights.items()}

    @cached_property
    def config(self) -> dict[str, Any]:
        """The given config, else the one that MMEngine stored in the file, as plain dicts.

        Names in ``type`` that belong to the config's ``default_scope`` are without the scope. It is
        empty where no config is stored, or where its text is damaged.
        """
        if self.given_config is not None:
            return dict(self.given_config)
        text = self._meta.get("cfg")
        try:
            return read_stored_config(text) if isinstance(text, str) else {}
        except ValueError:
            return {}

    @property
    def scope(self) -> str:
        """The registry scope in which the names in :attr:`backbone` are looked up."""
        return SCOPE if self.given_config is None else self.config.get("default_scope", SCOPE)

    @property
    def model(self) -> Mapping[str, Any]:
        """``model`` of the config, which may be another project's; empty where it is unknown."""
        model = self.config.get("model")
        return model if isinstance(model, Mapping) else {}

    @property
    def method(self) -> str | None:
        """``type`` of the trained model; None where the config is missing or another project's."""
        kind = self.model.get("type") if self._has_own_config else None
        return kind if isinstance(kind, str) else None

    @cached_property
    def backbone(self) -> dict[str, Any] | None:
        """Settings from which the backbone is built, with a ``type``.

        They are ``model.backbone`` of the config; of a method with a backbone for clips and one for
        sounds, those of the one that ``CHECKPOINT#audio_backbone`` names, or of the first. Where
        the config is missing or another project's, whose ResNet takes other arguments, they are the
        form of the ResNet that the weights show: depth, width, stem and number of input channels.
        None if the weights are of no ResNet-18, 34, 50 or 101.
        """
        settings = self.model.get(self._backbone_name) if self._has_own_config else None
        if isinstance(settings, Mapping) and isinstance(settings.get("type"), str):
            return dict(settings)
        form = resnet_form(self.state_dict)
        return None if form is None else dict(type="ResNet", **form._asdict())

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the network was trained on; empty where they are unknown."""
        metainfo = self._meta.get("dataset_meta")
        classes = metainfo.get("classes") if isinstance(metainfo, Mapping) else None
        return tuple(classes) if isinstance(classes, list | tuple) else ()

    def weights_for(self, network: nn.Module) -> BackboneWeights:
        """Return the backbone's weights under the names of a network.

        They are those of the layout; of a backbone for clips and one for sounds, those that fit the
        network better. Where none of these is a tensor of the network, names may still be the
        network's own, or those that it has in timm: without the prefix that all of its names share,
        and with dots where timm's feature extraction writes underscores.

        Args:
            network: The network that is to be filled.

        Raises:
            CheckpointError: No layout that is read fits the file, and no name the network.
        """
        ours, problem, weights = network.state_dict(), None, BackboneWeights({}, "")
        try:
            weights = self._backbone_weights
        except CheckpointError as error:
            problem = error
        if weights.layout == TWO_MODALITIES:
            weights = self._fitting_modality(ours)
        if not compare(ours, weights.state_dict).loaded:
            with suppress(CheckpointError):  # of a file without weights
                renamed = rename_like(ours, find_tensors(self.content))
                if compare(ours, renamed).loaded:
                    return BackboneWeights(renamed, "the network's own names", weights.others)
        if problem is not None:
            raise problem
        return weights

    def load_into(
        self, backbone: nn.Module, *, min_coverage: float = 0.95, what: str = "backbone"
    ) -> Coverage:
        """Load the backbone's weights; see :func:`~mmcontrast.weights.coverage.load_weights`.

        Args:
            backbone: The network that is filled, in place.
            min_coverage: The least share of it that must be loaded.
            what: Name of the network, for messages.

        Returns:
            What was loaded and what not.

        Raises:
            CheckpointError: The weights do not fit; the message names the file.
        """
        state_dict = self.weights_for(backbone).state_dict
        try:
            return load_weights(backbone, state_dict, min_coverage=min_coverage, what=what)
        except CheckpointError as error:
            raise CheckpointError(f"{self.path}: {error}") from error

    @property
    def _backbone_name(self) -> str:
        """The name of the backbone's settings in the model's."""
        names = (split_part(self.path)[1], "backbone", "video_backbone", "audio_backbone")
        return next((name for name in names if self.model.get(name)), "backbone")

    @cached_property
    def _backbone_weights(self) -> BackboneWeights:
        try:
            return find_backbone(self.content)
        except CheckpointError as error:
            raise CheckpointError(f"{self.path}: {error}") from error

    def _fitting_modality(self, network: Mapping[str, Tensor]) -> BackboneWeights:
        """Return the backbone for clips or for sounds, whichever fills more of a network."""
        parts = modality_backbones(self.content)
        name = max(parts, key=lambda each: compare(network, parts[each]).share)
        others = tuple(other for other in parts if other != name)
        return BackboneWeights(parts[name], TWO_MODALITIES, others)

    @property
    def _meta(self) -> Mapping[str, Any]:
        """What MMEngine stores beside the weights."""
        meta = self.content.get("meta") if isinstance(self.content, Mapping) else None
        return meta if isinstance(meta, Mapping) else {}

    @property
    def _has_own_config(self) -> bool:
        """Whether the config was given or is one of this package."""
        return self.given_config is not None or self.config.get("default_scope") == SCOPE
