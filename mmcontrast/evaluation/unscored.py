"""Videos that are propagated and written, but have no annotation to be scored by."""

from collections.abc import Sequence
from typing import TypeVar

from mmengine.logging import print_log

Score = TypeVar("Score")
_NAMED = 10


def keep_scored(results: Sequence[tuple[str, Score | None]], metric: str) -> list[Score]:
    """Return the scores of the videos that have one, and log which videos have none.

    Args:
        results: Name and score of each video; None for a video without annotation beyond the first
            frame, such as those of DAVIS' test-dev and of GOT-10k's test.
        metric: Name of the metric, for the log.

    Returns:
        The scores that are there.
    """
    unscored = [name for name, score in results if score is None]
    if unscored:
        listed = ", ".join(unscored[:_NAMED]) + (", ..." if len(unscored) > _NAMED else "")
        print_log(
            f"{metric}: {len(unscored)} of {len(results)} videos are not scored, since too few of "
            f"their frames are annotated: {listed}.",
            logger="current",
        )
    return [score for _, score in results if score is not None]
