"""The published protocols of label propagation: the network's input, the rule, the decision.

One entry of ``PROPAGATION_PROTOCOLS`` is all that distinguishes a published method.
:class:`~mmcontrast.models.protocols.LabelPropagation` and ``mmcontrast.apis.propagate`` read it.
The configs of ``configs/benchmarks`` show the values of ``input``, which are tested to be equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple


class ColorSpace(NamedTuple):
    """Colors of the network's input, and their statistics for bytes.

    Attributes:
        name: ``'rgb'``, ``'lab'``, or ``'lightness'`` for LAB's first channel three times.
        mean: Mean of the three channels, in 0..255.
        std: Their standard deviation.
    """

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


RGB = ColorSpace("rgb", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
# DINO's evaluation divides red by 0.228, where ImageNet's deviation is 0.229.
RGB_OF_DINO = ColorSpace("rgb", RGB.mean, (58.14, 57.12, 57.375))
# ImageNet's statistics of channels in 0..1, times 256: LAB as the transform ToLAB scales it.
LAB = ColorSpace("lab", (124.16, 116.736, 103.936), (58.624, 57.344, 57.6))
# UVC's network sees gray frames, in training and here.
LIGHTNESS = ColorSpace("lightness", LAB.mean, LAB.std)
_METHODS_IN_LAB = ("ContrastCorr",)


@dataclass(frozen=True)
class PropagationInput:
    """What the network sees of a frame, and which of its feature maps is compared.

    Attributes:
        size: Short side of the resized frame, in pixels.
        multiple: Both sides of the resized frame are multiples of this.
        colors: Color space of the frame.
        stage: Index of the ResNet stage whose map is compared: 2 is res4, 3 is res5.
        strides: Strides of the four stages; these give a map of stride 8 at every stage from res3.
    """

    size: int = 480
    multiple: int = 1
    colors: ColorSpace = RGB
    stage: int = 2
    strides: tuple[int, int, int, int] = (1, 2, 1, 1)

    def with_colors_of(self, method: str) -> "PropagationInput":
        """Return this input in the colors that a pre-training method shows to its network.

        Args:
            method: Registered name of the method. An empty one, for a method that is not known,
                keeps the colors of the protocol.

        Returns:
            This input itself where the color space is the same, with the protocol's statistics.
        """
        if not method:
            return self
        colors = LAB if method in _METHODS_IN_LAB else RGB
        return self if self.colors.name == colors.name else replace(self, colors=colors)


@dataclass(frozen=True)
class MaskDecision:
    """How masks become soft labels, and soft labels become masks.

    Attributes:
        soft_first_mask: Whether the first mask is resized to the feature map bilinearly, so that
            feature cells on an outline have mixed labels; otherwise the nearest pixel counts, by
            Pillow.
        first_mask_at_input: Whether the first mask is resized to the network's input, and from
            there to the feature map; otherwise at once.
        stretched: Whether the map of each class is brought to 0..1 before classes are compared.
        at_input: Whether classes are chosen at the resolution of the network's input and the ids
            are resized by Pillow; otherwise they are chosen at the resolution of the source.
    """

    soft_first_mask: bool = False
    first_mask_at_input: bool = False
    stretched: bool = True
    at_input: bool = False


@dataclass(frozen=True)
class PropagationProtocol:
    """How a published method propagates the labels of a video's first frame.

    Attributes:
        rule: Arguments of :class:`~mmcontrast.models.modules.label_propagator.LabelPropagator`.
        input: What the network sees.
        decision: How masks are encoded and decided.
    """

    rule: Mapping[str, Any]
    input: PropagationInput = field(default_factory=PropagationInput)
    decision: MaskDecision = field(default_factory=MaskDecision)


_VFS_RULE = dict(context=20, radius=12, topk=10, temperature=0.07, first_copies=1)
_VFS_DECISION = MaskDecision(first_mask_at_input=True)
_UVC_RULE = dict(
    context=7, radius=None, topk=5, temperature=1.0, unit_length=False, joint=False, weights="all"
)

PROPAGATION_PROTOCOLS: dict[str, PropagationProtocol] = {
    # Xu and Wang, ICCV 2021: frame 0 is listed twice until 20 others are known.
    "vfs_r18": PropagationProtocol(_VFS_RULE, decision=_VFS_DECISION),
    "vfs_r50": PropagationProtocol({**_VFS_RULE, "radius": 18}, decision=_VFS_DECISION),
    # Jabri et al., NeurIPS 2020: the video is preceded by 20 copies of frame 0.
    "crw": PropagationProtocol(
        dict(
            context=20, radius=12, topk=10, temperature=0.05, first_copies=20,
            first_frame_local=False,
        ),
        decision=MaskDecision(soft_first_mask=True, stretched=False),
    ),
    # Li et al., NeurIPS 2019.
    "uvc": PropagationProtocol(
        _UVC_RULE,
        PropagationInput(multiple=64, colors=LIGHTNESS, stage=3),
        MaskDecision(at_input=True),
    ),
    # Wang et al., AAAI 2021.
    "contrastcorr": PropagationProtocol(
        {**_UVC_RULE, "mutual": True},
        PropagationInput(size=560, multiple=64, colors=LAB, stage=3),
        MaskDecision(at_input=True),
    ),
    # Caron et al., ICCV 2021.
    "dino": PropagationProtocol(
        dict(context=7, radius=12, window="square", topk=5, temperature=0.1, weights="kept_ties"),
        PropagationInput(multiple=64, colors=RGB_OF_DINO),
        MaskDecision(at_input=True),
    ),
}  # fmt: skip
"""Protocols by name. A protocol of one's own is added like any entry of a dictionary."""


def find_protocol(name: str) -> PropagationProtocol:
    """Return a protocol of the table.

    Raises:
        ValueError: There is none of this name.
    """
    if name not in PROPAGATION_PROTOCOLS:
        names = ", ".join(PROPAGATION_PROTOCOLS)
        raise ValueError(f"There is no propagation protocol {name!r}; there are {names}.")
    return PROPAGATION_PROTOCOLS[name]
