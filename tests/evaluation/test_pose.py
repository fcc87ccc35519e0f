"""PCK on three frames of four joints."""

import numpy as np
import pytest

from mmcontrast.datasets.annotated_videos import read_joints
from mmcontrast.evaluation.pose import JHMDBPCK, jhmdb_pck, relative_distances

JOINTS = np.array([[10, 20], [40, 20], [10, 60], [40, 60]], dtype=float)
TRUTH = np.stack([JOINTS] * 3)


def predictions():
    found = TRUTH.copy()
    found[1, :, 0] += (3.0, 3.1, 6.0, 12.0)
    found[2, 0, 1] += 9
    found[2, 3] = -1
    return found


def test_the_body_is_measured_by_the_joints_that_are_predicted():
    distances = relative_distances(predictions(), TRUTH)
    np.testing.assert_allclose(distances[1] * 30, [3, 3.1, 6, 12])
    assert np.isnan(distances[2, 3])
    alone = np.full_like(TRUTH[:1], -1)
    alone[0, 0] = JOINTS[0] + 1
    assert relative_distances(alone, TRUTH[:1])[0, 0] == np.inf


@pytest.mark.parametrize(
    ("skip_first", "expected"),
    [(False, [62.5, 79.166667, 87.5, 100, 100]), (True, [37.5, 62.5, 75, 100, 100])],
)
def test_percentages(skip_first, expected):
    distances = [relative_distances(predictions(), TRUTH)]
    assert jhmdb_pck(distances, skip_first) == pytest.approx(expected, abs=1e-6)


def test_a_joint_at_the_left_edge():
    """CRW counts x = 0 (eval_pck.py leaves out x < 0), VFS does not (it asks for x > 0)."""
    points = TRUTH.copy()
    points[2, 0, 0] = 0
    assert relative_distances(points, TRUTH)[2, 0] == pytest.approx(10 / 30)
    assert np.isnan(relative_distances(points, TRUTH, count_edge=False)[2, 0])
    metric = JHMDBPCK()
    metric.process({}, [dict(points=points, joints=TRUTH, sequence="a")])
    found = metric.evaluate(1)
    assert found["jhmdb/0.1"] == pytest.approx((50 + 3 * 100) / 4)
    assert found["jhmdb/0.1_with_first"] == 100


def test_metric_prints_both():
    metric = JHMDBPCK()
    metric.process({}, [dict(points=predictions(), joints=TRUTH, sequence="a")])
    found = metric.evaluate(1)
    assert found["jhmdb/0.1"] == pytest.approx(37.5)
    assert found["jhmdb/0.1_with_first"] == pytest.approx(62.5)


def test_a_single_frame_has_no_score():
    with pytest.raises(ValueError, match="No video"):
        jhmdb_pck([relative_distances(TRUTH[:1], TRUTH[:1])])


def test_joints_that_are_not_annotated_do_not_count():
    truth = TRUTH.copy()
    truth[2, 0] = np.nan
    found = relative_distances(predictions(), truth)
    assert np.isnan(found[2, 0])
    np.testing.assert_allclose(found[1], relative_distances(predictions(), TRUTH)[1])


def test_videos_with_first_joints_only_are_written_and_not_scored(tmp_path):
    unknown = TRUTH.copy()
    unknown[1:] = np.nan
    metric = JHMDBPCK(out_dir=tmp_path)
    metric.process({}, [dict(points=predictions(), joints=unknown, sequence="/media/run/a")])
    assert set(metric.evaluate(1).values()) == {None}
    written = read_joints(tmp_path / "media/run/a/joint_positions.mat")
    np.testing.assert_array_equal(written, predictions())
    metric.process(
        {}, [dict(points=predictions(), joints=j, sequence="b") for j in (unknown, TRUTH)]
    )
    assert metric.evaluate(2)["jhmdb/0.1"] == pytest.approx(37.5)
