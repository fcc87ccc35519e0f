"""Progress and summary of a sub-command that writes a file for each video of a folder."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

WRITTEN, KEPT = "written", "kept"


def count_outcomes(total: int, outcomes: Iterable[tuple[str, str]]) -> Sequence[int]:
    """Show the progress, and name what could not be read.

    Args:
        total: Number of videos.
        outcomes: Path of each video, and ``'written'``, ``'kept'``, or why it cannot be read.

    Returns:
        Numbers of files that are written, that are kept, and that cannot be read.
    """
    from mmengine.utils import ProgressBar

    progress = ProgressBar(total, file=sys.stderr)
    counts: Counter[str] = Counter()
    for path, outcome in outcomes:
        progress.update()
        is_done = outcome in (WRITTEN, KEPT)
        counts[outcome if is_done else "unreadable"] += 1
        if not is_done:
            print(f"\n{path}: {outcome}")
    print()
    return counts[WRITTEN], counts[KEPT], counts["unreadable"]
