"""The two contracts between data, methods and evaluation.

A **batch** is what the data loader gives and what a method's ``loss`` receives::

    dict(inputs={'view0': (N, 3, H, W), 'view1': (N, 3, H, W)}, data_samples=[{...}, ...])

``inputs`` holds named views, batch first: a tensor where the samples have equal shapes, else a
list. ``data_samples`` holds one dict a sample with what is known of it: ``index``, ``path``,
``label``, ``split``, and for each view how it was cut from the source, for example
``view0={'box': (x0, y0, x1, y1), 'flip': False, 'size': (width, height)}`` in source pixels.

**Features** are what ``extract`` returns: ``global``; ``dense`` and ``stages`` of a method with a
backbone for images, ``nodes`` of a method on graphs. A method that learns from clips and sounds has
``video`` and ``audio`` in place of ``global``, with embeddings that compare the two.

**Predictions** are what ``predict`` returns, one dict a sample, and all that a metric sees: the
data sample itself, if there is one, and these keys, none of which carries a gradient:

================================= =============================================================
task (methods, protocols)         keys
================================= =============================================================
features (methods on images,      ``global`` (C,); of several clips also ``clips`` (V, C)
``FrozenBackbone``)
clips and sounds                  ``video`` and ``audio`` (C,), ``video_embedding`` and
(``CrissCross``, ``XDC``)         ``audio_embedding`` (K,), of the modalities that the batch has
classification (``LinearProbe``,  ``global`` (C,); ``scores``, a dict of (M,) logits a classifier,
``FineTuning``)                   called ``''``, or ``_stem``, ``_stage1``, ... where a head has
                                  several; of several clips the mean of their probabilities
graphs (``MVGRL``)                ``global`` (C,); ``nodes`` (V, C), those of this graph
zero-shot learning (``CEGZSL``)   ``generalized`` (epochs, T), the class of each of T rows among all
                                  classes, and ``conventional`` (T,), among the unseen ones; int64
propagation                       ``masks`` (T, H, W) uint8, ids at the source's size; or ``points``
(``LabelPropagation``)            (T, J, 2), x and y in source pixels, float64; arrays
tracking (``SiamFC``)             ``boxes`` (T, 4), x, y, width, height in source pixels; an array
================================= =============================================================

N samples, C channels, K numbers of an embedding, M classes, V nodes or clips, T frames or rows, J
keypoints.
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
        # One vector a sample (an image, clip, graph or row of features), (N, C), not normalized.
        "global": Tensor,
        # The features of several clips of a sample, (N, V, C), whose mean `global` is.
        "clips": Tensor,
        # The last map of a backbone, (N, C, H, W), or (N, C, T, H, W) for a clip.
        "dense": Tensor,
        # One vector a clip and one a sound of its own backbone, (N, C), not normalized.
        "video": Tensor,
        "audio": Tensor,
        # Vectors (N, K) whose inner products score how well a clip and a sound belong together.
        "video_embedding": Tensor,
        "audio_embedding": Tensor,
        # One vector a node of all graphs of the batch, (V, C).
        "nodes": Tensor,
        # One dense map for each of the backbone's `out_indices`; the last one is `dense`.
        "stages": list[Tensor],
    },
    total=False,
)
"""What a method's ``extract`` returns: eval mode, no gradient."""
