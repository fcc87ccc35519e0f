"""What a metric's figures are of, said beside them: the data, their split, and what was chosen how.

A metric that has it keeps the text as ``description``, and ``tools/test.py`` repeats it under its
table.
"""

from mmengine.logging import print_log


def described(text: str) -> str:
    """Log a description, and return it for the metric to keep."""
    print_log(text, logger="current")
    return text
