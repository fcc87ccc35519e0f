"""Percentage of correct keypoints (PCK) as JHMDB counts it.

Shapes: T frames, J joints.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmcontrast.datasets.annotated_videos import write_joints
from mmcontrast.evaluation.unscored import keep_scored
from mmcontrast.registry import METRICS

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)
_BODY_SHARE = 0.6  # share of the diagonal of the joints' box
# Whether joints at x = 0 count, whether the first frame does not, end of the metric's name.
_RULES = ((True, True, ""), (False, False, "_with_first"))


def relative_distances(
    predicted_TJ2: NDArray[np.floating],
    truth_TJ2: NDArray[np.floating],
    count_edge: bool = True,
) -> NDArray[np.float64]:
    """Distances of the joints in units of 0.6 times the body's diagonal.

    The body is the box around the annotated joints of those that are predicted in the frame.

    Args:
        predicted_TJ2: x and y in pixels from 0; a joint with a negative x is not predicted.
        truth_TJ2: Annotated x and y in pixels, nan where a joint is not annotated.
        count_edge: Whether a joint at x = 0 is predicted, as for TimeCycle, UVC and CRW; for VFS it
            is not.

    Returns:
        (T, J), nan where a joint is not predicted or not annotated.
    """
    x_TJ = predicted_TJ2[..., 0]
    truth_TJ2 = np.asarray(truth_TJ2, dtype=np.float64)
    seen_TJ = (x_TJ >= 0 if count_edge else x_TJ > 0) & np.isfinite(truth_TJ2).all(axis=2)
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

    Videos that are annotated in the first frame alone are written and not scored; if there are no
    others, each metric is None.

    Args:
        out_dir: Folder in which the keypoints are written as ``<sequence>/joint_positions.mat``, in
            the form of the annotation; None writes nothing.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "jhmdb"

    def __init__(self, out_dir: str | os.PathLike | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.out_dir = None if out_dir is None else Path(out_dir)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the distances of each video's joints."""
        for sample in data_samples:
            points, joints, name = sample["points"], sample["joints"], sample["sequence"]
            if self.out_dir is not None:
                place = Path(name).relative_to(Path(name).anchor)  # lists may have absolute paths
                write_joints(self.out_dir / place / "joint_positions.mat", points)
            is_scored = np.isfinite(joints[1:]).any()
            by_rule = [relative_distances(points, joints, edge) for edge, _, _ in _RULES]
            self.results.append((name, by_rule if is_scored else None))

    def compute_metrics(
        self, results: list[tuple[str, list[NDArray[np.float64]] | None]]
    ) -> dict[str, float | None]:
        """Return the percentages by both rules."""
        scored = keep_scored(results, "jhmdb")
        metrics: dict[str, float | None] = {}
        for number, (_, skip_first, suffix) in enumerate(_RULES):
            names = [f"{limit}{suffix}" for limit in THRESHOLDS]
            if scored:
                values = jhmdb_pck([by_rule[number] for by_rule in scored], skip_first)
                metrics |= dict(zip(names, values, strict=True))
            else:
                metrics |= dict.fromkeys(names)
        return metrics
