"""Descriptions of scenes by plain values, of which the renderer is a pure function.

An image is one ``Scene``; a video is a list of scenes whose values change gradually.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .categories import category
from .parts import Category

Color = tuple[float, float, float]
"""Red, green, blue in [0, 255]."""


@dataclass(frozen=True)
class Paint:
    """A texture in two colors.

    Args:
        dark: Color where the texture is 0.
        light: Color where it is 1.
        family: Texture family, see ``textures.FAMILIES``.
        variant: Index of the texture in its family.
        repeats: Number of repetitions of the texture over one unit of length.
        angle: Direction of the texture on the part, in degrees.
    """

    dark: Color
    light: Color
    family: str
    variant: int
    repeats: float
    angle: float = 0.0


@dataclass(frozen=True)
class ObjectState:
    """The state of one object, which a video may change from frame to frame.

    Args:
        name: Name of the object's category.
        center: Position of the object's origin, x and y in pixels.
        scale: Pixels per unit of length.
        rotation: Angle in degrees; positive turns x towards y (clockwise on the screen).
        flip: Whether the object is mirrored horizontally before the rotation.
        squeeze: Height over width of the object's frame, 1 for a frontal view.
        shear: Displacement of x per unit of y, for a slanted view.
        joints: One value in [-1, 1] per part, see ``Category.pose``.
        sizes: One factor per part, the proportions of this object.
        paints: One paint per slot (``parts.NUM_SLOTS``).
    """

    name: str
    center: tuple[float, float]
    scale: float
    rotation: float
    flip: bool
    squeeze: float
    shear: float
    joints: tuple[float, ...]
    sizes: tuple[float, ...]
    paints: tuple[Paint, ...]

    @property
    def category(self) -> Category:
        """The category of the object."""
        return category(self.name)

    def frames(self) -> list[NDArray[np.float64]]:
        """Return one affine matrix (3, 3) per part, from the part's own frame to pixels."""
        angle = np.deg2rad(self.rotation)
        cos, sin = np.cos(angle), np.sin(angle)
        view = np.array([[-1.0 if self.flip else 1.0, self.shear], [0.0, self.squeeze]])
        transform = np.eye(3)
        transform[:2, :2] = self.scale * np.array([[cos, -sin], [sin, cos]]) @ view
        transform[:2, 2] = self.center
        return [transform @ frame for frame in self.category.pose(self.joints, self.sizes)]


@dataclass(frozen=True)
class Light:
    """Light and camera of a scene.

    Args:
        direction: Direction that the light comes from, in degrees.
        relief: Strength of the shading on parts; 0 is flat.
        shadow: Darkness of cast shadows, 0 to 1.
        gain: Factors of red, green and blue.
        gamma: Exponent of the tone curve.
        blur: Standard deviation of the blur in pixels.
        noise: Standard deviation of the sensor's noise in gray levels.
        noise_seed: Seed of the noise.
    """

    direction: float
    relief: float
    shadow: float
    gain: Color
    gamma: float
    blur: float
    noise: float
    noise_seed: int


@dataclass(frozen=True)
class Scene:
    """The description of an image.

    Args:
        size: Width and height in pixels.
        background: Seed of the background and its clutter.
        objects: States of the objects, from back to front.
        light: Light and camera.
        habitat: Texture families of the ground and of the clutter; None for any.
    """

    size: tuple[int, int]
    background: int
    objects: tuple[ObjectState, ...]
    light: Light
    habitat: tuple[str, str] | None = None
