"""Descriptions of metrics: the data, the split, and how settings were selected.

A metric stores the text as ``description``, and ``mmcontrast test`` repeats it below its table.
"""

from mmengine.logging import print_log


def log_description(text: str) -> str:
    """Log a description and return it."""
    print_log(text, logger="current")
    return text
