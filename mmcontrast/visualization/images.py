"""Images and the views of them that a network takes as input."""

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mmcontrast.ops.correspondence import cell_centers


class SourceView(NamedTuple):
    """A source image and the view of it that is the input of a network.

    Attributes:
        image: Source image (H, W, 3), RGB, uint8.
        box: Box of the view (x0, y0, x1, y1), in pixels of the image.
        flip: Whether the view is mirrored horizontally.
        name: Title of the image.
    """

    image: NDArray[np.uint8]
    box: tuple[float, float, float, float]
    flip: bool = False
    name: str = ""

    def centers(self, grid: tuple[int, int]) -> NDArray[np.float32]:
        """Return the centers (S, 2) of the view's feature cells, x and y in pixels of the image."""
        box, flip = torch.tensor([self.box]), torch.tensor([self.flip])
        return cell_centers(box, flip, grid)[0].numpy()

    def cell_at(self, point: tuple[float, float], grid: tuple[int, int]) -> int:
        """Return the index of the feature cell that contains a point of the image.

        Raises:
            ValueError: The point is outside the view.
        """
        x0, y0, x1, y1 = self.box
        x, y = (point[0] - x0) / (x1 - x0), (point[1] - y0) / (y1 - y0)
        if not (0 <= x < 1 and 0 <= y < 1):
            raise ValueError(
                f"the point {point[0]:g} {point[1]:g} is outside the part of {self.name} that "
                f"the network sees: x {x0:g} to {x1:g}, y {y0:g} to {y1:g}"
            )
        rows, columns = grid
        return int(y * rows) * columns + int((1 - x if self.flip else x) * columns)


def show(axis: Axes, view: SourceView, gray: bool = False) -> None:
    """Draw an image in its own pixel coordinates, with a frame around the view.

    Args:
        axis: Axes to draw on.
        view: Image and view to draw.
        gray: Whether to draw the image in gray, as a background.
    """
    height, width = view.image.shape[:2]
    axis.set_axis_off()
    pixels = view.image.mean(axis=2) if gray else view.image
    axis.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
    x0, y0, x1, y1 = view.box
    frame = Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="white", linewidth=2.5)
    axis.add_patch(frame)
    frame = Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="black", linewidth=1)
    axis.add_patch(frame)
    axis.set_title(f"{view.name}{' (mirrored view)' if view.flip else ''}", fontsize=10)
