"""Success and precision of single-object trackers, by the two rules in use.

``'got10k'`` is the OTB protocol of the GOT-10k toolkit (Wu et al., CVPR 2013): the first prediction
is replaced by the annotation, centers are those of whole pixels. ``'mmtracking'`` takes predictions
as they are and centers of continuous boxes, and a frame without target counts as failed.

Shapes: T frames; boxes are (x, y, width, height) in pixels.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmcontrast.datasets.tracking import write_boxes
from mmcontrast.evaluation.unscored import keep_scored
from mmcontrast.registry import METRICS

RULES = ("got10k", "mmtracking")
_OVERLAPS = np.linspace(0, 1, 21)
_PIXELS = 20.0
_RELATIVE = 0.2


def box_iou(boxes0_T4: NDArray[np.float64], boxes1_T4: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes, pair by pair; 0 for boxes without area."""
    low = np.maximum(boxes0_T4[:, :2], boxes1_T4[:, :2])
    high = np.minimum(boxes0_T4[:, :2] + boxes0_T4[:, 2:], boxes1_T4[:, :2] + boxes1_T4[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    union = boxes0_T4[:, 2:].prod(axis=1) + boxes1_T4[:, 2:].prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros(len(shared)), where=union > 0)


def tracking_scores(
    predicted_T4: NDArray[np.floating], truth_T4: NDArray[np.floating], rule: str = "got10k"
) -> dict[str, float]:
    """Score one sequence.

    Args:
        predicted_T4: A box for every frame.
        truth_T4: The annotation; nan, or no width or height, where the target is not visible.
        rule: See the module. ``'got10k'`` leaves out frames without a target.

    Returns:
        Fractions: ``success``, the mean share of frames whose overlap exceeds 0, 0.05, ... 1 (20/21
        for a perfect tracker); ``precision``, the share whose center is at most 20 pixels off;
        ``norm_precision``, likewise at most 0.2 of the target's size; ``success_rate``, the share
        whose overlap exceeds one half.

    Raises:
        ValueError: The numbers of boxes differ, no frame shows a target, or the rule is unknown.
    """
    if rule not in RULES:
        raise ValueError(f"rule is one of {RULES}, got {rule!r}.")
    predicted, truth = (np.array(boxes, dtype=np.float64) for boxes in (predicted_T4, truth_T4))
    if predicted.shape != truth.shape:
        raise ValueError(
            f"Every frame has one predicted and one annotated box (T, 4), got {predicted.shape} "
            f"and {truth.shape}."
        )
    valid_T = np.isfinite(truth).all(axis=1) & (truth[:, 2:] > 0).all(axis=1)
    if not valid_T.any():
        raise ValueError("No frame is annotated with a visible target.")
    num_frames = len(truth)
    half_pixel = 0.0
    if rule == "got10k":
        predicted[0], half_pixel, num_frames = truth[0], 0.5, int(valid_T.sum())
    predicted, truth = predicted[valid_T], truth[valid_T]
    overlap_T = box_iou(predicted, truth)
    centers = [boxes[:, :2] + boxes[:, 2:] / 2 - half_pixel for boxes in (predicted, truth)]
    offset_T2 = centers[0] - centers[1]
    near_T = np.hypot(*offset_T2.T) <= _PIXELS
    near_size_T = np.hypot(*(offset_T2 / truth[:, 2:]).T) <= _RELATIVE
    above = np.count_nonzero(overlap_T[:, None] > _OVERLAPS, axis=0) / num_frames
    return dict(
        success=float(above.mean()),
        precision=float(near_T.sum() / num_frames),
        norm_precision=float(near_size_T.sum() / num_frames),
        success_rate=float(np.count_nonzero(overlap_T > 0.5) / num_frames),
    )


@METRICS.register_module()
class OTB(BaseMetric):
    """Mean over sequences of a tracker's scores by both rules, in percent.

    ``otb/success``, ``otb/precision``... follow the GOT-10k toolkit, ``otb/success_mmtracking``...
    mmtracking.

    Sequences that are annotated in the first frame alone, such as those of GOT-10k's test, are
    written and not scored; if there are no others, each metric is None.

    Args:
        out_dir: Folder in which the boxes are written as ``<sequence>.txt``, in the form of the
            annotation; None writes nothing.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "otb"

    def __init__(self, out_dir: str | os.PathLike | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.out_dir = None if out_dir is None else Path(out_dir)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Score the sequences of a batch."""
        for sample in data_samples:
            if self.out_dir is not None:
                write_boxes(self.out_dir / f"{sample['sequence']}.txt", sample["boxes"])
            is_scored = np.isfinite(sample["truth"][1:]).any()
            scores = _scores_by_rule(sample["boxes"], sample["truth"]) if is_scored else None
            self.results.append((sample["sequence"], scores))

    def compute_metrics(
        self, results: list[tuple[str, dict[str, float] | None]]
    ) -> dict[str, float | None]:
        """Return the means over the sequences that are scored."""
        scored = keep_scored(results, "otb")
        if not scored:
            return dict.fromkeys(_scores_by_rule(np.ones((1, 4)), np.ones((1, 4))))
        return {name: 100 * float(np.mean([s[name] for s in scored])) for name in scored[0]}


def _scores_by_rule(
    boxes_T4: NDArray[np.floating], truth_T4: NDArray[np.floating]
) -> dict[str, float]:
    scores: dict[str, float] = {}
    for rule, suffix in zip(RULES, ("", "_mmtracking"), strict=True):
        by_rule = tracking_scores(boxes_T4, truth_T4, rule)
        scores |= {f"{name}{suffix}": value for name, value in by_rule.items()}
    return scores
