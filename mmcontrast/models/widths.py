"""Widths that follow from the part before: necks and heads fit the backbone they are built on."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from mmcontrast.registry import MODELS


def build_on(part: nn.Module | dict, source: nn.Module) -> Any:
    """Build a part whose ``in_channels`` equals the width of the module that computes its input.

    Args:
        part: A module, which is returned as it is, or its config. ``in_channels`` in it may be
            left out or None.
        source: Module whose ``out_channels`` is the width of its result, or the widths of its maps;
            without it, they are those of a small image's maps. A part whose class has
            ``reads_all_maps`` gets all of them, others the last one.

    Raises:
        ValueError: The config states another width than ``out_channels``, or none where it cannot
            be found out.
    """
    if not isinstance(part, dict):
        return MODELS.build(part)
    kind = part.get("type")
    owner = MODELS.get(kind) if isinstance(kind, str) else kind
    stated = part.get("in_channels")
    width = getattr(source, "out_channels", None)
    if width is None and stated is None:
        width = _measure(source)
    if isinstance(width, Sequence):
        width = tuple(width) if getattr(owner, "reads_all_maps", False) else width[-1]
    name, source_name = getattr(owner, "__name__", kind), type(source).__name__
    if stated is None:
        if width is None:
            raise ValueError(
                f"{name}: in_channels must be given, since {source_name} has no out_channels and "
                "computes no maps of an image."
            )
        return MODELS.build({**part, "in_channels": width})
    stated = tuple(stated) if isinstance(stated, Sequence) else stated
    if width is not None and stated != width:
        raise ValueError(
            f"{name}: in_channels is {stated}, but {source_name} computes {width} channels. Leave "
            f"in_channels out, or set {width}."
        )
    return MODELS.build(part)


@torch.no_grad()
def _measure(source: nn.Module) -> list[int] | None:
    """Return the channels of the maps of a small image; None if there are none."""
    was_training = source.training
    try:
        maps = source.eval()(torch.zeros(1, 3, 64, 64))
        return [each.shape[1] for each in (maps if isinstance(maps, list | tuple) else [maps])]
    except (TypeError, ValueError, RuntimeError, AttributeError, IndexError):
        return None  # its inputs are no images
    finally:
        source.train(was_training)
