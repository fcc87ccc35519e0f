"""Colours that people with any colour vision can tell apart."""

# Okabe and Ito, "Color Universal Design", 2008; without yellow, which is too pale for thin lines.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")


def style(number: int) -> tuple[str, str]:
    """Return colour and marker of a series; 56 numbers give different pairs.

    Args:
        number: Of the series, from 0.
    """
    return COLOURS[number % len(COLOURS)], MARKERS[number // len(COLOURS) % len(MARKERS)]
