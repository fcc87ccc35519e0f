"""Tracked videos and pairs of crops from them."""

import numpy as np
import pytest

from mmcontrast.datasets import TrackingPairs, TrackingVideos
from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.tracking import read_boxes, usable_boxes
from tests.datasets.videos import write_otb

PIPELINE = [dict(type="LoadImage"), dict(type="PackInputs")]


def test_otb(tmp_path):
    dataset = TrackingVideos(write_otb(tmp_path, ("b", "a")), PIPELINE)
    first, second = dataset
    assert [s["data_sample"]["sequence"] for s in (first, second)] == ["a", "b"]
    assert first["inputs"]["box"].tolist() == [60, 50, 24, 24]
    assert first["data_sample"]["truth"].shape == (6, 4)
    assert next(iter(first["inputs"]["clip"])).shape == (3, 140, 180)


def test_several_targets_and_empty_files(tmp_path):
    folder = write_otb(tmp_path, ("a",)) / "a"
    boxes = folder / "groundtruth_rect.txt"
    (folder / "groundtruth_rect.1.txt").write_text(boxes.read_text())
    (folder / "groundtruth_rect.2.txt").write_text(boxes.read_text())
    boxes.write_text("")
    samples = [s["data_sample"]["sequence"] for s in TrackingVideos(tmp_path, PIPELINE)]
    assert samples == ["a.1", "a.2"]


def test_sequences_of_which_a_part_is_annotated(tmp_path):
    folder = write_otb(tmp_path, ("Diving",), length=220) / "Diving"
    lines = (folder / "groundtruth_rect.txt").read_text().splitlines()
    (folder / "groundtruth_rect.txt").write_text("\n".join(lines[:215]))
    (sample,) = TrackingVideos(tmp_path, PIPELINE)
    assert len(sample["inputs"]["clip"]) == 215
    assert sample["data_sample"]["paths"][-1].endswith("0215.png")


@pytest.mark.parametrize("separator", [",", "\t", " ", ", "])
def test_separators(tmp_path, separator):
    path = tmp_path / "boxes.txt"
    path.write_text(f"{separator.join(['1', '2', '3.5', '4'])}\n\n{separator.join(['NaN'] * 4)}\n")
    boxes = read_boxes(path)
    assert boxes[0].tolist() == [0, 1, 3.5, 4]
    assert np.isnan(boxes[1]).all()


def test_bad_files(tmp_path):
    (tmp_path / "boxes.txt").write_text("1,2,3,4\n1,2,3\n")
    with pytest.raises(ValueError, match="line 2: '1,2,3' is not"):
        read_boxes(tmp_path / "boxes.txt")
    root = write_otb(tmp_path / "otb", ("a",))
    (root / "a/img/0003.png").unlink()
    with pytest.raises(ValueError, match="a has 5 frames and 6 boxes"):
        TrackingVideos(root, PIPELINE)
    (root / "a/groundtruth_rect.txt").unlink()
    with pytest.raises(FileNotFoundError, match="has no boxes"):
        TrackingVideos(root, PIPELINE)


def test_limits_of_what_is_learned_from():
    boxes = np.array(
        [[0, 0, 30, 30], [0, 0, 19, 40], [0, 0, 100, 20], [0, 0, 90, 21], [0, 0, 90, 90],
         [np.nan] * 4]
    )  # fmt: skip
    assert usable_boxes(boxes, 170, 200).tolist() == [True, False, False, False, False, False]


def test_pairs_show_the_target_in_the_middle(tmp_path):
    dataset = TrackingPairs(write_otb(tmp_path, ("a",)))
    sample = dataset[0]["inputs"]
    assert sample["exemplar"].shape == (3, 120, 120)
    assert sample["search"].shape == (3, 239, 239)
    for crop in sample.values():
        middle = crop.shape[1] // 2
        red, green, _ = crop[:, middle - 8 : middle + 8, middle - 8 : middle + 8].float()
        assert (red - green).min() > 100
        assert crop[0, :10].float().mean() < 200


def test_pairs_depend_on_epoch_and_index_alone(tmp_path):
    dataset = TrackingPairs(write_otb(tmp_path, ("a", "b")))
    assert dataset[1]["inputs"]["search"].equal(dataset[1]["inputs"]["search"])
    assert not dataset[1]["inputs"]["search"].equal(dataset[3]["inputs"]["search"])


def test_a_sequence_without_a_usable_box(tmp_path):
    root = write_otb(tmp_path, ("a", "b"))
    (root / "a/groundtruth_rect.txt").write_text("1,1,5,5\n" * 6)
    with pytest.raises(UnreadableVideoError, match="a: none of its boxes is large enough"):
        TrackingPairs(root)[0]
    sample = TrackingPairs(root, on_error="skip")[0]["data_sample"]
    assert sample["sequence"] == "b" and sample["skipped"][0] == str(root / "a")


def test_covered_targets_are_not_learned_from(tmp_path):
    boxes = np.tile([0.0, 0, 30, 30], (4, 1))
    assert usable_boxes(boxes, 170, 200, np.array([8, 2, 3, 0])).tolist() == [
        True, False, True, False,
    ]  # fmt: skip
    root = write_otb(tmp_path, ("a",))
    (root / "a/cover.label").write_text("1\n" * 6)
    with pytest.raises(UnreadableVideoError, match="visible"):
        TrackingPairs(root)[0]
    (root / "a/cover.label").write_text("8\n" * 5)
    with pytest.raises(ValueError, match=r"cover\.label has 5 lines, and there are 6 boxes"):
        TrackingPairs(root)[0]
