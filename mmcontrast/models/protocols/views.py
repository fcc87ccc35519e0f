"""What the protocols read of a batch: an image, a clip, a sound, or several clips of a sample.

Shapes: N samples, V views of a sample, D numbers of its feature.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mmcontrast.structures import Features, Inputs
from mmcontrast.structures.maps import pool_maps


def encode_views(
    backbone: nn.Module | None,
    pool: Callable[[Sequence[Tensor]], Tensor] | None,
    inputs: Inputs,
    view: str,
) -> Features:
    """Compute features of one view a sample, or of several clips of it, one after the other.

    Args:
        backbone: The network; None takes the view itself as the only map.
        pool: From maps to vectors (N, D); None for the mean over the places of the last map, or a
            transformer's class token.
        inputs: Batch with the view ``view``, or with several clips ``view`` + ``0``, ``1``, ...
        view: Name of the view: ``'view0'`` of images, ``'video'`` or ``'audio'`` of clips.

    Returns:
        ``global`` (N, D). Of one view also ``dense`` and ``stages``; of several clips ``clips``
        (N, V, D), whose mean ``global`` is.

    Raises:
        ValueError: The batch has no such view.
    """
    if view in inputs:
        maps = _maps(backbone, inputs[view])
        stages = list(maps)
        return {"global": _pool(pool, maps), "dense": stages[-1], "stages": stages}
    names = _clip_names(inputs, view)
    clips_NVD = torch.stack([_pool(pool, _maps(backbone, inputs[name])) for name in names], dim=1)
    return {"global": clips_NVD.mean(dim=1), "clips": clips_NVD}


def _maps(backbone: nn.Module | None, view: Tensor) -> Sequence[Tensor]:
    return (view,) if backbone is None else backbone(view)


def _pool(pool: Callable[[Sequence[Tensor]], Tensor] | None, maps: Sequence[Tensor]) -> Tensor:
    return pool_maps(maps) if pool is None else pool(maps)


def _clip_names(inputs: Inputs, view: str) -> list[str]:
    names: list[str] = []
    while f"{view}{len(names)}" in inputs:
        names.append(f"{view}{len(names)}")
    if not names:
        raise ValueError(
            f"The protocol reads {view}, and the batch has {', '.join(inputs) or 'nothing'}: set "
            "model.view to what the pipeline makes."
        )
    return names
