"""Percentage of correct keypoints (PCK) as JHMDB counts it.

Shapes: T frames, J joints.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmcontrast.registry import METRICS

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)
_BODY_SHARE = 0.6  # share of the diagonal of the joints' box


def relative_distances(
    predicted_TJ2: NDArray[np.floating],
    truth_TJ2: NDArray[np.floating],
    count_edge: bool = True,
) -> NDArray[np.float64]:
    """Distances of the joints in units of 0.6 times the body's diagonal.

    The body is the box around the annotated joints of those that are predicted in the frame.

    Args:
        predicted_TJ2: x and y in pixels from 0; a joint with a negative x is not predicted.
        truth_TJ2: Annotated x and y in pixels.
        count_edge: Whether a joint at x = 0 is predicted, as for TimeCycle, UVC and CRW; for VFS it
            is not.

    Returns:
        (T, J), nan where a joint is not predicted.
    """
    x_TJ = predicted_TJ2[..., 0]
    seen_TJ = x_TJ >= 0 if count_edge else x_TJ > 0
    truth_TJ2 = np.asarray(truth_TJ2, dtype=np.float64)
    low = np.where(seen_TJ[..., None], truth_TJ2, np.inf).min(axis=1)
    high = np.where(seen_TJ[..., None], truth_TJ2, -np.inf).max(axis=1)
    extent_T2 = np.where(np.isfinite(low), high - low, 0)
    body_T1 = _BODY_SHARE * np.hypot(extent_T2[:, 0], extent_T2[:, 1])[:, None]
    offset = np.asarray(predicted_TJ2, dtype=np.float64) - truth_TJ2
    distance_TJ = np.hypot(offset[..., 0], offset[..., 1])
    relative_TJ = np.where(distance_TJ > 0, np.inf, 0.0)
    np.divide(
        distance_TJ, body_T1, out=relative_TJ, where=np.broadcast_to(body_T1 > 0, seen_TJ.shape)
    )
    return np.where(seen_TJ, relative_TJ, np.nan)


def jhmdb_pck(
    distances: Iterable[NDArray[np.float64]],
    skip_first: bool = True,
    thresholds: Sequence[float] = THRESHOLDS,
) -> list[float]:
    """Percentage of joints within each threshold, per joint and then averaged over the joints.

    Args:
        distances: Relative distances (T, J) of each video.
        skip_first: Leave out the first frame of every video, whose joints are given. The published
            numbers of TimeCycle, UVC and CRW do so, VFS' do not.
        thresholds: Largest relative distances that count as correct.

    Returns:
        One percentage per threshold, 0..100.

    Raises:
        ValueError: No frame is left.
    """
    rows = np.concatenate([video[int(skip_first) :] for video in distances])
    if not len(rows):
        raise ValueError("No video has a second frame: there is nothing to score.")
    counted_J = np.count_nonzero(~np.isnan(rows), axis=0)
    kept = counted_J > 0
    return [
        float(100 * np.mean(np.count_nonzero(rows <= limit, axis=0)[kept] / counted_J[kept]))
        for limit in thresholds
    ]


@METRICS.register_module()
class JHMDBPCK(BaseMetric):
    """PCK of propagated keypoints: ``jhmdb/0.1`` to ``jhmdb/0.5``, in percent.

    By the rule of TimeCycle, UVC and CRW: the first frame, whose joints are given, is left out, and
    joints at x = 0 count. ``jhmdb/0.1_with_first`` and so on are by VFS' rule: the first frame
    counts, and joints at x = 0 do not.

    The arguments are those of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "jhmdb"

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the distances of each video's joints."""
        for sample in data_samples:
            points, joints = sample["points"], sample["joints"]
            self.results.append(
                [relative_distances(points, joints, count_edge) for count_edge in (True, False)]
            )

    def compute_metrics(self, results: list[list[NDArray[np.float64]]]) -> dict[str, float]:
        """Return the percentages by both rules."""
        metrics: dict[str, float] = {}
        rules = ((True, ""), (False, "_with_first"))
        for distances, (skip_first, suffix) in zip(zip(*results, strict=True), rules, strict=True):
            values = jhmdb_pck(distances, skip_first)
            metrics |= {f"{limit}{suffix}": v for limit, v in zip(THRESHOLDS, values, strict=True)}
        return metrics
