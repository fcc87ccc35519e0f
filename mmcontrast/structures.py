"""The two contracts between data, methods and evaluation.

A **batch** is what the data loader gives and what a method's ``loss`` receives::

    dict(inputs={'view0': (N, 3, H, W), 'view1': (N, 3, H, W)}, data_samples=[{...}, ...])

``inputs`` holds named views, batch first: a tensor where the samples have equal shapes, else a
list. ``data_samples`` holds one dict a sample with what is known of it: ``index``, ``path``,
``label``, ``split``, and for each view how it was cut from the source, for example
``view0={'box': (x0, y0, x1, y1), 'flip': False, 'size': (width, height)}`` in source pixels.

**Features** are what ``extract`` returns and all that evaluation sees.
"""

from typing import Any, TypeAlias, TypedDict

from torch import Tensor

Inputs: TypeAlias = dict[str, Any]
"""Named views: tensors, or lists of tensors of different shapes, or a graph batch."""

DataSamples: TypeAlias = list[dict[str, Any]]
"""One dict a sample; see the module's docstring."""


Features = TypedDict(
    "Features",
    {
        # One vector a sample, (N, C), not normalized.
        "global": Tensor,
        # (N, C, H, W), or (N, C, T, H, W) for a clip.
        "dense": Tensor,
        # One vector a graph node, (V, C).
        "nodes": Tensor,
        # One dense map for each of the backbone's `out_indices`.
        "stages": list[Tensor],
    },
    total=False,
)
"""What a method's ``extract`` returns: eval mode, no gradient."""
