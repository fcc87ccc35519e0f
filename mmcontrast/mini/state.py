"""What an image shows, as plain values: the renderer is a pure function of these.

An image is one `Scene`; a video is a list of scenes whose values change little by little.
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
        family: Texture family, see `textures.FAMILIES`.
        variant: Member of the family.
        repeats: How often the texture repeats over one unit of length.
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
    """One object: everything that a video may change from frame to frame.

    Args:
        name: Name of its category.
        center: Where the object's origin is, x and y in pixels.
        scale: Pixels a unit.
        rotation: Degrees, positive turns x toward y (clockwise on the screen).
        flip: Mirror it left to right before it is turned.
        squeeze: Height over width of the object's frame, 1 when seen straight on.
        shear: How far x moves with y, a slanted view.
        joints: One value in [-1, 1] a part, see `Category.pose`.
        sizes: One factor a part, the proportions of this individual.
        paints: One a slot (`parts.NUM_SLOTS`).
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
        """The class it belongs to."""
        return category(self.name)

    def frames(self) -> list[NDArray[np.float64]]:
        """One affine matrix (3, 3) a part, from the part's own frame to pixels."""
        angle = np.deg2rad(self.rotation)
        cos, sin = np.cos(angle), np.sin(angle)
        view = np.array([[-1.0 if self.flip else 1.0, self.shear], [0.0, self.squeeze]])
        place = np.eye(3)
        place[:2, :2] = self.scale * np.array([[cos, -sin], [sin, cos]]) @ view
        place[:2, 2] = self.center
        return [place @ frame for frame in self.category.pose(self.joints, self.sizes)]


@dataclass(frozen=True)
class Light:
    """How the scene is lit and taken.

    Args:
        direction: Where the light comes from, degrees.
        relief: Strength of the shading on parts, 0 is flat.
        shadow: Darkness of the shadows that objects cast, 0 to 1.
        gain: Factor on each of red, green and blue.
        gamma: Exponent of the tone curve.
        blur: Standard deviation of the blur in pixels.
        noise: Standard deviation of the sensor's noise in gray levels.
        noise_seed: Seed of that noise.
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
    """An image before it is drawn.

    Args:
        size: Width and height in pixels.
        background: Seed of the background and its clutter.
        objects: From the back to the front.
        light: Light and camera.
        habitat: Texture families of the ground and of what is on it; None for any.
    """

    size: tuple[int, int]
    background: int
    objects: tuple[ObjectState, ...]
    light: Light
    habitat: tuple[str, str] | None = None
