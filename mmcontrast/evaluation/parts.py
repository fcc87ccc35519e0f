"""Overlap of propagated parts over all frames of all videos, as VIP counts it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmcontrast.datasets.masks import VOID, read_mask, write_mask
from mmcontrast.evaluation.unscored import keep_scored
from mmcontrast.registry import METRICS
from mmcontrast.utils.arguments import check_sizes


def confusion_matrix(
    predicted: NDArray[np.integer], truth: NDArray[np.integer], num_classes: int
) -> NDArray[np.int64]:
    """Count the pixels of each annotated (row) and predicted (column) class.

    Args:
        predicted: Class ids.
        truth: Class ids of the same shape; 255 is not counted.
        num_classes: M.

    Raises:
        ValueError: Shapes differ, or an id is no class.
    """
    if predicted.shape != truth.shape:
        raise ValueError(f"Predicted {predicted.shape} and annotated {truth.shape} masks differ.")
    counted = truth != VOID
    rows, columns = truth[counted].astype(np.int64), predicted[counted].astype(np.int64)
    highest = max(rows.max(initial=0), columns.max(initial=0))
    if highest >= num_classes:
        raise ValueError(f"A mask holds the id {highest}, but there are {num_classes} classes.")
    counts = np.bincount(rows * num_classes + columns, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def mean_iou(confusion: NDArray[np.int64]) -> tuple[float, float, NDArray[np.float64]]:
    """Mean overlap of the classes that occur, share of right pixels, and each class' overlap.

    Args:
        confusion: (M, M), rows annotated.

    Returns:
        0..1 each; the overlap of a class that is neither annotated nor predicted is nan.
    """
    right = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - right
    iou = np.divide(right, union, out=np.full(len(right), np.nan), where=union > 0)
    return float(np.nanmean(iou)), float(right.sum() / confusion.sum()), iou


@METRICS.register_module()
class PartIoU(BaseMetric):
    """``parts/mIoU`` and ``parts/aAcc`` of propagated part maps, in percent; all frames count.

    Videos that are annotated in the first frame alone are written and not scored; if there are no
    others, each metric is None.

    Args:
        num_classes: Number of classes, background included; VIP has 20.
        out_dir: Folder in which the predicted maps are written, as ``<sequence>/<frame>.png``;
            None writes nothing.
        **kwargs: Arguments of MMEngine's ``BaseMetric``, such as ``collect_device``.
    """

    default_prefix = "parts"

    def __init__(
        self,
        num_classes: int = 20,
        out_dir: str | os.PathLike | None = None,
        **kwargs: Any,
    ):
        check_sizes("PartIoU", num_classes=num_classes)
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.out_dir = None if out_dir is None else Path(out_dir)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Count the pixels of each video."""
        for sample in data_samples:
            total = np.zeros((self.num_classes, self.num_classes), np.int64)
            for mask_HW, name, path in zip(
                sample["masks"], sample["frames"], sample["annotations"], strict=True
            ):
                if self.out_dir is not None:
                    write_mask(self.out_dir / sample["sequence"] / f"{name}.png", mask_HW)
                if path is not None:
                    truth = read_mask(path, void_is_background=False)
                    total += confusion_matrix(mask_HW, truth, self.num_classes)
            is_scored = len(sample["annotations"]) == 1 or any(sample["annotations"][1:])
            self.results.append((sample["sequence"], total if is_scored else None))

    def compute_metrics(
        self, results: list[tuple[str, NDArray[np.int64] | None]]
    ) -> dict[str, float | None]:
        """Return the metrics of the sum over all videos that are scored."""
        totals = keep_scored(results, "parts")
        if not totals:
            return dict(mIoU=None, aAcc=None)
        mean, accuracy, _ = mean_iou(np.sum(totals, axis=0))
        return {"mIoU": 100 * mean, "aAcc": 100 * accuracy}
