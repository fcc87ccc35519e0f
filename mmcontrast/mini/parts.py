"""Categories of objects: trees of parts that rotate about their joints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .shapes import Outline, limb

NUM_SLOTS = 3
"""Number of paints of an object: main, second and accent. A part's ``slot`` is one of them."""


@dataclass(frozen=True, eq=False)
class Part:
    """One rigid part.

    Args:
        name: Name of the part, unique in its category; also the name of its keypoint.
        outline: Contours in the part's own frame, see ``shapes``.
        parent: Name of the part that this one is attached to; None for the root.
        joint: Position of the attachment in the parent's frame.
        angle: Direction at rest in degrees, relative to the parent; positive turns x towards y.
        swing: Largest deviation from ``angle`` in degrees.
        slot: Index of the part's paint among those of the object.
        layer: Depth order; parts of a higher layer are drawn over those of a lower one.
        key: Keypoint in the part's own frame; None for a part without one.
    """

    name: str
    outline: Outline
    parent: str | None = None
    joint: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0
    swing: float = 0.0
    slot: int = 0
    layer: int = 0
    key: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Category:
    """A class of objects.

    Args:
        name: Class name in every layout.
        parts: Parts, parents before children; the first one is the root.
        textures: Texture families of each paint slot, ``NUM_SLOTS`` tuples of names.
        attributes: Attributes that describe the class, for zero-shot learning.
        tilt: Largest rotation of the whole object in degrees.
    """

    name: str
    parts: tuple[Part, ...]
    textures: tuple[tuple[str, ...], ...]
    attributes: frozenset[str]
    tilt: float = 20.0

    @property
    def keypoints(self) -> tuple[str, ...]:
        """Names of the keypoints, in the order of ``parts``."""
        return tuple(part.name for part in self.parts if part.key is not None)

    @property
    def draw_order(self) -> list[int]:
        """Indices of ``parts`` from back to front."""
        return sorted(range(len(self.parts)), key=lambda i: self.parts[i].layer)

    def pose(self, joints: Sequence[float], sizes: Sequence[float]) -> list[NDArray[np.float64]]:
        """Place the parts in the object's frame.

        Args:
            joints: One value in [-1, 1] per part, as a fraction of its swing.
            sizes: One factor per part, for its outline and for the joints of its children.

        Returns:
            One affine matrix (3, 3) per part, from the part's own frame to the object's.
        """
        poses: dict[str | None, tuple[float, float, float, float]] = {None: (0.0, 0.0, 0.0, 1.0)}
        frames = []
        for part, turn, size in zip(self.parts, joints, sizes, strict=True):
            x, y, direction, scale = poses[part.parent]
            cos, sin = math.cos(direction), math.sin(direction)
            x += scale * (cos * part.joint[0] - sin * part.joint[1])
            y += scale * (sin * part.joint[0] + cos * part.joint[1])
            direction += math.radians(part.angle + part.swing * turn)
            poses[part.name] = (x, y, direction, size)
            cos, sin = size * math.cos(direction), size * math.sin(direction)
            frames.append(np.array([[cos, -sin, x], [sin, cos, y], [0.0, 0.0, 1.0]]))
        return frames


def chain(
    name: str,
    parent: str,
    joint: tuple[float, float],
    angle: float,
    lengths: Sequence[float],
    widths: Sequence[float],
    *,
    bend: float = 0.0,
    swing: float = 25.0,
    slot: int = 0,
    layer: int = 0,
) -> tuple[Part, ...]:
    """Make a limb of several bars, each attached to the end of the previous one.

    Args:
        name: Prefix of the bars' names ``name_0``, ``name_1`` and so on, from the root outwards.
        parent: Name of the part that the first bar is attached to.
        joint: Position of the attachment in the parent's frame.
        angle: Direction of the first bar in degrees, relative to the parent.
        lengths: Lengths of the bars.
        widths: Half widths at the ends of the bars, one more than ``lengths``.
        bend: Angle of every further bar relative to the previous one.
        swing: Largest deviation of each bar.
        slot: Paint of all bars.
        layer: Layer of all bars.
    """
    parts = []
    for i, length in enumerate(lengths):
        parts.append(
            Part(
                f"{name}_{i}",
                limb(length, widths[i], widths[i + 1]),
                parent if i == 0 else f"{name}_{i - 1}",
                joint if i == 0 else (lengths[i - 1], 0.0),
                angle if i == 0 else bend,
                swing,
                slot,
                layer,
                key=(length, 0.0),
            )
        )
    return tuple(parts)
