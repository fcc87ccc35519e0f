"""Colors that can be distinguished with any kind of color vision."""

# Okabe and Ito, "Color Universal Design", 2008; without yellow, which is too pale for thin lines.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")


def style(number: int) -> tuple[str, str]:
    """Return color and marker of a series; there are 56 different pairs.

    Args:
        number: Number of the series, from 0.
    """
    return COLORS[number % len(COLORS)], MARKERS[number // len(COLORS) % len(MARKERS)]
