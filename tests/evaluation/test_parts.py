"""Mean overlap of parts."""

import numpy as np
import pytest

from mmcontrast.datasets.masks import write_mask
from mmcontrast.evaluation.parts import PartIoU, confusion_matrix, mean_iou

TRUTH = np.array([[0, 0, 1, 1]] * 2 + [[2, 2, 2, 2], [2, 2, 2, 255]], np.uint8)
PREDICTED = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [2, 2, 0, 2], [2, 2, 2, 3]], np.uint8)


def test_overlaps():
    mean, accuracy, iou = mean_iou(confusion_matrix(PREDICTED, TRUTH, 4))
    assert iou[:3] == pytest.approx([0.6, 0.8, 6 / 7])
    assert np.isnan(iou[3])
    assert mean == pytest.approx(0.752381, abs=1e-6)
    assert accuracy == pytest.approx(0.866667, abs=1e-6)


def test_metric_sums_over_videos_before_it_divides(tmp_path):
    write_mask(tmp_path / "truth.png", TRUTH)
    metric = PartIoU(num_classes=4, out_dir=tmp_path / "out")
    for masks in (PREDICTED, np.where(TRUTH == 255, 0, TRUTH)):
        sample = dict(
            sequence="a", frames=["0"], masks=masks[None], annotations=[tmp_path / "truth.png"]
        )
        metric.process({}, [sample])
    expected = confusion_matrix(PREDICTED, TRUTH, 4) + np.diag([4, 4, 7, 0])
    assert metric.evaluate(2)["parts/mIoU"] == pytest.approx(100 * mean_iou(expected)[0])
    assert (tmp_path / "out/a/0.png").is_file()


def test_masks_that_do_not_fit():
    with pytest.raises(ValueError, match="id 3, but there are 3"):
        confusion_matrix(np.full((2, 2), 3), np.zeros((2, 2), int), 3)
    with pytest.raises(ValueError, match="differ"):
        confusion_matrix(np.zeros((2, 3), int), np.zeros((2, 2), int), 3)


def test_videos_with_a_first_mask_only_are_written_and_not_scored(tmp_path):
    write_mask(tmp_path / "truth.png", TRUTH)
    metric = PartIoU(num_classes=4, out_dir=tmp_path / "out")
    sample = dict(
        sequence="a", frames=["0", "1"], masks=np.stack([TRUTH % 255, PREDICTED]),
        annotations=[tmp_path / "truth.png", None],
    )  # fmt: skip
    metric.process({}, [sample])
    assert metric.evaluate(1) == {"parts/mIoU": None, "parts/aAcc": None}
    assert (tmp_path / "out/a/1.png").is_file()
