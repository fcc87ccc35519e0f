"""Classes and masks, in every form that files have."""

import numpy as np
import pytest

from mmcontrast.datasets.labels import to_integers, to_labels, to_masks


@pytest.mark.parametrize(
    ("values", "labels", "classes"),
    [
        ([2, 0, -1], [2, 0, -1], ()),
        ([[2.0], [np.nan]], [2, -1], ()),
        ([True, False], [1, 0], ()),
        (["b", " a ", "NA", ""], [1, 0, -1, -1], ("a", "b")),
        (["", "NaN"], [-1, -1], ()),
    ],
)
def test_labels(values, labels, classes):
    result, names = to_labels(np.array(values), "labels")
    assert result.tolist() == labels and result.dtype == np.int64 and names == classes


def test_numbers_with_a_fraction_are_no_labels():
    with pytest.raises(ValueError, match=r"f, row 1: labels are integers, got 0\.5; or not"):
        to_labels(np.array([1, 0.5]), "labels", lambda row: f"f, row {row}", "; or not")
    with pytest.raises(ValueError, match=r"^edges are integers, got inf\.$"):
        to_integers(np.array([[1, np.inf]]), "edges")
    with pytest.raises(ValueError, match="edges are integers, got <U1"):
        to_integers(np.array(["a"]), "edges")


def test_masks():
    columns = dict(train=np.array([[1, 0], [0, 1]]), val=np.array([[True], [False]]))
    masks, described = to_masks(columns, 1, "g")
    assert masks["train"].tolist() == [False, True] and masks["val"].tolist() == [True, False]
    assert described == "split 1 of the 2 in the file"
    assert to_masks(dict(val=np.array([0.0, 1])), 0, "g")[1] == "split of the file"
    with pytest.raises(ValueError, match="g: split=2, but the mask train has the columns 0 to 1"):
        to_masks(columns, 2, "g")
    with pytest.raises(ValueError, match="g: the mask train has a 0 or 1 for each node, got 7"):
        to_masks(dict(train=np.array([0, 7])), 0, "g")
