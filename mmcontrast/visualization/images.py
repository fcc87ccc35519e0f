"""Images and the part of them that a network saw."""

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mmcontrast.ops.correspondence import cell_centers


class Seen(NamedTuple):
    """A source image and the view of it that went into the network.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        box: The view, (x0, y0, x1, y1) in pixels of the image.
        flip: Whether the view was mirrored left to right.
        name: Shown above it.
    """

    image: NDArray[np.uint8]
    box: tuple[float, float, float, float]
    flip: bool = False
    name: str = ""

    def centers(self, grid: tuple[int, int]) -> NDArray[np.float32]:
        """Centers (S, 2) of the view's cells, x and y in pixels of the image."""
        box, flip = torch.tensor([self.box]), torch.tensor([self.flip])
        return cell_centers(box, flip, grid)[0].numpy()

    def cell_at(self, point: tuple[float, float], grid: tuple[int, int]) -> int:
        """The cell that shows a point of the image.

        Raises:
            ValueError: The point lies outside the view.
        """
        x0, y0, x1, y1 = self.box
        x, y = (point[0] - x0) / (x1 - x0), (point[1] - y0) / (y1 - y0)
        if not (0 <= x < 1 and 0 <= y < 1):
            raise ValueError(
                f"the point {point[0]:g} {point[1]:g} lies outside the part of {self.name} that "
                f"the network sees: x {x0:g} to {x1:g}, y {y0:g} to {y1:g}"
            )
        rows, columns = grid
        return int(y * rows) * columns + int((1 - x if self.flip else x) * columns)


def show(axis: Axes, seen: Seen, gray: bool = False) -> None:
    """Draw an image in its own pixel coordinates, with a frame around the part that was seen.

    Args:
        axis: Where.
        seen: What.
        gray: Whether to draw it without colors, as a background.
    """
    height, width = seen.image.shape[:2]
    axis.set_axis_off()
    pixels = seen.image.mean(axis=2) if gray else seen.image
    axis.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
    x0, y0, x1, y1 = seen.box
    frame = Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="white", linewidth=2.5)
    axis.add_patch(frame)
    frame = Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="black", linewidth=1)
    axis.add_patch(frame)
    axis.set_title(f"{seen.name}{' (mirrored view)' if seen.flip else ''}", fontsize=10)
