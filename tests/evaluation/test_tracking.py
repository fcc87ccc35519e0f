"""Success and precision of a tracker that drifts to the right."""

import numpy as np
import pytest

from mmcontrast.datasets.tracking import read_boxes
from mmcontrast.evaluation.tracking import OTB, box_iou, tracking_scores

TRUTH = np.array([[100, 100, 40, 40]] * 5, dtype=float)


def shifted(*offsets):
    boxes = TRUTH.copy()
    boxes[:, 0] += offsets
    return boxes


def test_overlaps():
    found = box_iou(shifted(0, 5, 15, 25, 35), TRUTH)
    assert found == pytest.approx([1, 0.777778, 0.454545, 0.230769, 0.066667], abs=1e-6)
    assert box_iou(np.zeros((1, 4)), np.zeros((1, 4))) == 0


@pytest.mark.parametrize(
    ("offsets", "success", "precision"),
    [
        ((0, 5, 15, 25, 35), 53 / 105, 0.6),
        ((0, 0, 0, 0, 0), 20 / 21, 1.0),
        # The first box is given, so it counts as right.
        ((900, 900, 900, 900, 900), 0.190476, 0.2),
    ],
)
def test_rule_of_otb(offsets, success, precision):
    found = tracking_scores(shifted(*offsets), TRUTH)
    assert found["success"] == pytest.approx(success, abs=1e-6)
    assert found["precision"] == precision


def test_share_above_one_half():
    assert tracking_scores(shifted(0, 5, 15, 25, 35), TRUTH)["success_rate"] == 0.4


def test_rule_of_mmtracking():
    found = tracking_scores(shifted(900, 0, 0, 0, 5), TRUTH, "mmtracking")
    assert found["precision"] == 0.8
    assert found["norm_precision"] == 0.8
    assert found["success"] == pytest.approx((3 * 20 + 16) / 5 / 21)


def test_frames_without_target():
    truth = TRUTH.copy()
    truth[2], truth[3, 2:] = np.nan, 0
    found = {rule: tracking_scores(TRUTH, truth, rule) for rule in ("got10k", "mmtracking")}
    assert found["got10k"]["precision"] == 1
    assert found["mmtracking"]["precision"] == 0.6


def test_metric_reports_both_rules():
    metric = OTB()
    for offset in (0, 900):
        metric.process({}, [dict(boxes=shifted(*[offset] * 5), truth=TRUTH, sequence="a")])
    found = metric.evaluate(2)
    assert found["otb/success"] == pytest.approx(100 * (20 / 21 + 0.190476) / 2, abs=1e-4)
    assert found["otb/precision_mmtracking"] == 50


@pytest.mark.parametrize(
    ("boxes", "truth", "rule", "message"),
    [
        (TRUTH[:3], TRUTH, "got10k", "one predicted and one annotated"),
        (TRUTH, TRUTH * np.nan, "got10k", "visible target"),
        (TRUTH, TRUTH, "vot", "rule is one of"),
    ],
)
def test_misuse(boxes, truth, rule, message):
    with pytest.raises(ValueError, match=message):
        tracking_scores(boxes, truth, rule)


def test_sequences_with_a_first_box_only_are_written_and_not_scored(tmp_path):
    truth = TRUTH.copy()
    truth[1:] = np.nan
    metric = OTB(out_dir=tmp_path)
    samples = [dict(boxes=shifted(0, 1, 2, 3, 4), truth=t, sequence=n)
               for n, t in (("a", truth), ("b", TRUTH))]  # fmt: skip
    metric.process({}, samples[:1])
    unscored = metric.evaluate(1)
    assert set(unscored.values()) == {None}
    np.testing.assert_allclose(read_boxes(tmp_path / "a.txt"), samples[0]["boxes"], atol=1e-3)
    metric.process({}, samples)
    scored = metric.evaluate(2)
    assert scored.keys() == unscored.keys()
    expected = tracking_scores(samples[1]["boxes"], TRUTH)["success"]
    assert scored["otb/success"] == pytest.approx(100 * expected)
