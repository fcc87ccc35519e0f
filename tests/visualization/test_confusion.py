import numpy as np
import pytest

from mmcontrast.visualization.confusion import confusion_shares, draw_confusion

LABELS = np.array([0, 0, 0, 0, 2, 2, 3])
FOUND = np.array([0, 0, 0, 2, 3, 2, 3])


def test_shares_sum_to_one_and_a_class_without_rows_has_none():
    shares = confusion_shares(LABELS, FOUND, 4)
    assert shares[0].tolist() == [0.75, 0, 0.25, 0]
    assert np.isnan(shares[1]).all()
    assert shares[2].tolist() == [0, 0, 0.5, 0.5] and shares[3].tolist() == [0, 0, 0, 1]


def test_seen_classes_come_first_and_the_border_is_behind_them():
    seen = np.array([False, True, True, False])
    figure = draw_confusion(confusion_shares(LABELS, FOUND, 4), seen, "abcd")
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["b", "c", "a", "d"]
    drawn = np.ma.filled(axis.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(drawn[1], [0, 0.5, 0, 0.5])
    np.testing.assert_array_equal(drawn[2], [0, 0.25, 0.75, 0])
    borders = [line.get_xydata() for line in axis.lines]
    assert any((line[:, 0] == 1.5).all() for line in borders)
    assert any((line[:, 1] == 1.5).all() for line in borders)


@pytest.mark.parametrize(("count", "step"), [(60, 1), (717, 12)])
def test_names_of_many_classes_are_thinned(count, step):
    seen = np.arange(count) < count // 2
    figure = draw_confusion(np.eye(count), seen, [str(c) for c in range(count)])
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == [str(c) for c in range(0, count, step)]
