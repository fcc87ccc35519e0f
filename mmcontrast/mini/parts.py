"""Part-structured categories: a tree of parts that turn about their joints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .shapes import Outline, limb

NUM_SLOTS = 3
"""Paints of an object: main, second and accent; a part's `slot` chooses among them."""


@dataclass(frozen=True, eq=False)
class Part:
    """One rigid part.

    Args:
        name: Unique in its category; also the name of the part's key point.
        outline: Contours in the part's own frame, see `shapes`.
        parent: Name of the part it hangs on; None for the root.
        joint: Where it hangs, in the parent's frame.
        angle: Direction at rest in degrees, relative to the parent; positive turns x toward y.
        swing: Largest deviation from `angle` in degrees.
        slot: Which paint of the object it wears.
        layer: Parts of a higher layer are drawn over those of a lower one.
        key: Key point in the part's own frame; None for a part without one.
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
        parts: Parents before children; the first one is the root.
        textures: Usual texture families of each paint slot, `NUM_SLOTS` tuples of names.
        attributes: What a person would say of the class, for zero-shot learning.
        tilt: Largest rotation of the whole object in degrees.
    """

    name: str
    parts: tuple[Part, ...]
    textures: tuple[tuple[str, ...], ...]
    attributes: frozenset[str]
    tilt: float = 20.0

    @property
    def keypoints(self) -> tuple[str, ...]:
        """Names of the key points, in the order of `parts`."""
        return tuple(part.name for part in self.parts if part.key is not None)

    @property
    def draw_order(self) -> list[int]:
        """Indices into `parts`, from the back to the front."""
        return sorted(range(len(self.parts)), key=lambda i: self.parts[i].layer)

    def pose(self, joints: Sequence[float], sizes: Sequence[float]) -> list[NDArray[np.float64]]:
        """Place the parts in the object's frame.

        Args:
            joints: One value in [-1, 1] a part, as a fraction of its swing.
            sizes: One factor a part, for its outline and for where its children hang.

        Returns:
            One affine matrix (3, 3) a part, from the part's own frame to the object's.
        """
        placed: dict[str | None, tuple[float, float, float, float]] = {None: (0.0, 0.0, 0.0, 1.0)}
        frames = []
        for part, turn, size in zip(self.parts, joints, sizes, strict=True):
            x, y, direction, scale = placed[part.parent]
            cos, sin = math.cos(direction), math.sin(direction)
            x += scale * (cos * part.joint[0] - sin * part.joint[1])
            y += scale * (sin * part.joint[0] + cos * part.joint[1])
            direction += math.radians(part.angle + part.swing * turn)
            placed[part.name] = (x, y, direction, size)
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
    """A limb of several bars, each hanging on the end of the one before.

    Args:
        name: Names become `name_0`, `name_1` ... from the root outwards.
        parent: Part that the first bar hangs on.
        joint: Where, in the parent's frame.
        angle: Direction of the first bar in degrees, relative to the parent.
        lengths: Lengths of the bars.
        widths: Half widths at the ends of the bars, one more than `lengths`.
        bend: Angle of every further bar relative to the one before.
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
