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
    predicted_TJ2: NDArray[np.floating], truth_TJ2: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Distances of the joints in units of 0.6 times the body's diagonal.

    The body is the box around the annotated joints of those that are predicted in the frame.

    Args:
        predicted_TJ2: x and y in pixels; a joint whose x is not positive is not predicted.
        truth_TJ2: Annotated x and y in pixels.

    Returns:
        (T, J), nan where a joint is not predicted.
    """
    seen_TJ = predicted_TJ2[..., 0] > 0
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

    The first frame, whose joints are given, is left out; ``jhmdb/0.1_with_first`` and so on count
    it, as the published numbers of VFS do.

    The arguments are those of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "jhmdb"

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the distances of each video's joints."""
        self.results += [
            relative_distances(sample["points"], sample["joints"]) for sample in data_samples
        ]

    def compute_metrics(self, results: list[NDArray[np.float64]]) -> dict[str, float]:
        """Return the percentages, without and with the first frames."""
        metrics: dict[str, float] = {}
        for skip_first, suffix in ((True, ""), (False, "_with_first")):
            values = jhmdb_pck(results, skip_first)
            metrics |= {f"{limit}{suffix}": v for limit, v in zip(THRESHOLDS, values, strict=True)}
        return metrics
