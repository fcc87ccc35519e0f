"""Writing figures."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from mmcontrast.utils.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: "Figure", path: str | Path, dpi: int = 130) -> None:
    """Write a figure to a file, whole or not at all.

    Args:
        figure: The figure.
        path: The file, whose ending names the format; PNG where it has none. Its folder is made.
        dpi: Pixels per inch.

    Raises:
        ValueError: There is no such format.
        UnwritableError: The file cannot be written.
    """
    # Pillow, which writes to a file by itself, tells no cause of an error.
    content = io.BytesIO()
    figure.savefig(content, format=Path(path).suffix[1:] or "png", dpi=dpi)
    write_atomically(content.getvalue(), path)
