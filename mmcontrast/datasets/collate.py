"""Collation of samples to a batch."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.utils.data import default_collate

from mmcontrast.registry import FUNCTIONS


@FUNCTIONS.register_module()
def collate(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Collate ``N`` packed samples to a batch as described in ``mmcontrast.structures``.

    Each named view becomes one ``(N, ...)`` tensor if all of its samples are tensors of one shape,
    and remains a list otherwise. ``data_samples`` is a list of dicts.

    Raises:
        KeyError: The samples do not have the same views.
        ValueError: The samples are not packed.
    """
    if not isinstance(samples[0], dict) or not {"inputs", "data_sample"} <= samples[0].keys():
        keys = f" with {', '.join(samples[0])}" if isinstance(samples[0], dict) else ""
        raise ValueError(
            f"A sample is a {type(samples[0]).__name__}{keys}, not one of inputs and data_sample: "
            "end the pipeline of the data set with dict(type='PackInputs') (PackClips, PackFrames)."
        )
    inputs: dict[str, Any] = {}
    for name in samples[0]["inputs"]:
        views = [sample["inputs"][name] for sample in samples]
        same = all(isinstance(v, Tensor) and v.shape == views[0].shape for v in views)
        # default_collate stacks into shared memory when a worker calls it.
        inputs[name] = default_collate(views) if same else views
    return dict(inputs=inputs, data_samples=[sample["data_sample"] for sample in samples])
