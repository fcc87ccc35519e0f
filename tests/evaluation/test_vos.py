"""J and F against the values of the official toolkit's rules."""

import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets.masks import read_mask, write_mask
from mmcontrast.evaluation.region_boundary import (
    boundary,
    boundary_similarity,
    boundary_tolerance,
    region_similarity,
)
from mmcontrast.evaluation.vos import DAVIS, score_video, statistics, summarize


def square(shift=0, height=40, size=100):
    mask = np.zeros((size, size), bool)
    mask[30 : 30 + height, 30 + shift : 70 + shift] = True
    return mask


@pytest.mark.parametrize(("size", "tolerance"), [((100, 100), 2), ((480, 854), 8)])
def test_tolerance(size, tolerance):
    assert boundary_tolerance(*size) == tolerance


def test_length_of_outlines():
    assert boundary(square()).sum() == 160
    assert boundary(np.ones((9, 9), bool)).sum() == 0


@pytest.mark.parametrize(
    ("shift", "j", "f"),
    [
        (0, 1, 1), (1, 0.951220, 1), (2, 0.904762, 1), (3, 0.860465, 0.525), (4, 0.818182, 0.5125),
        (8, 0.666667, 0.4625),
    ],
)  # fmt: skip
def test_shifted_square(shift, j, f):
    assert region_similarity(square(shift), square()) == pytest.approx(j, abs=1e-6)
    assert boundary_similarity(square(shift), square()) == pytest.approx(f, abs=1e-6)


def test_square_beside_the_true_one():
    # At a shift of 40 it is cut off by the image's edge.
    assert region_similarity(square(40), square()) == 0
    assert boundary_similarity(square(40), square()) == pytest.approx(0.344828, abs=1e-6)


def test_half_a_square():
    assert region_similarity(square(height=20), square()) == 0.5
    assert boundary_similarity(square(height=20), square()) == pytest.approx(0.607143, abs=1e-6)


def test_empty_masks():
    empty = np.zeros((100, 100), bool)
    assert region_similarity(empty, empty) == boundary_similarity(empty, empty) == 1
    assert region_similarity(empty, square()) == boundary_similarity(empty, square()) == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.9, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], (0.6375, 0.625, 0.466667)),
        ([1, 0.8, 0.6, 0.4, 0.2], (0.6, 0.6, 0.6)),
        ([0.95] * 3 + [0.45] * 5, (0.6375, 0.375, 0.5)),
    ],
)
def test_statistics(values, expected):
    assert statistics(values) == pytest.approx(expected, abs=1e-6)


def test_decay_of_a_long_video():
    # The official code counts frames in uint8 and returns nan here.
    assert statistics(np.linspace(1, 0, 300))[2] == pytest.approx(0.749164, abs=1e-6)


def video(*shifts):
    return [square(shift).astype(np.uint8) for shift in shifts]


def test_first_and_last_frame_do_not_count():
    (scores,) = score_video(video(40, 0, 1, 40), video(0, 0, 0, 0))
    assert scores.j_T == pytest.approx([1, 0.951220], abs=1e-6)


def test_objects_count_equally_whatever_their_video():
    found = summarize(
        score_video(video(0, 0, 0), video(0, 0, 0))
        + score_video(video(0, 40, 0), video(0, 0, 0))
        + score_video(video(0, 40, 0), video(0, 0, 0))
    )
    assert found["J-Mean"] == pytest.approx(100 / 3)
    assert found["J&F-Mean"] == pytest.approx((found["J-Mean"] + found["F-Mean"]) / 2)
    assert list(found) == [
        "J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay",
    ]  # fmt: skip


def test_an_object_that_is_not_predicted_scores_nothing():
    truth = [mask.copy() for mask in video(0, 0, 0)]
    for mask in truth:
        mask[:5, :5] = 2
    scores = score_video(video(0, 0, 0), truth)
    assert [s.j_T for s in scores] == [[1], [0]]


@pytest.mark.parametrize(
    ("predicted", "message"),
    [
        ([np.zeros((9, 9), np.uint8)] * 3, "clip, frame 0: the predicted mask has 9x9"),
        ([np.full((100, 100), 7, np.uint8)] * 3, "id 7 is predicted"),
        (video(0, 0), "zip"),
    ],
)
def test_predictions_that_do_not_fit(predicted, message):
    with pytest.raises(ValueError, match=message):
        score_video(predicted, video(0, 0, 0), "clip")


def test_videos_that_cannot_be_scored():
    with pytest.raises(ValueError, match="at least 3"):
        score_video(video(0), video(0), "short")
    with pytest.raises(ValueError, match="shows no object"):
        score_video(video(0, 0, 0), [np.zeros((100, 100), np.uint8)] * 3)


def test_metric_scores_files_and_writes_palette_pngs(tmp_path):
    names = [f"{t:05d}" for t in range(4)]
    for name, mask in zip(names, video(0, 0, 1, 0), strict=True):
        write_mask(tmp_path / f"truth/{name}.png", mask * 2)
    metric = DAVIS(out_dir=tmp_path / "out")
    sample = dict(
        sequence="seq", frames=names, binary=False, masks=2 * np.stack(video(0, 0, 0, 0)),
        annotations=[str(tmp_path / f"truth/{name}.png") for name in names],
    )  # fmt: skip
    metric.process({}, [sample])
    found = metric.evaluate(1)
    # Of the ids 1 and 2 the first is nowhere, and nowhere predicted: perfect.
    assert found["davis/J-Mean"] == pytest.approx(100 * (1 + (1 + 0.951220) / 2) / 2, abs=1e-4)
    assert found["davis/F-Mean"] == 100
    written = Image.open(tmp_path / "out/seq/00002.png")
    assert written.mode == "P"
    assert written.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
    assert np.array_equal(np.asarray(written), sample["masks"][2])


def test_masks_that_are_none(tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    Image.fromarray(colors).save(tmp_path / "color.png")
    with pytest.raises(ValueError, match="has colors"):
        read_mask(tmp_path / "color.png")
    with pytest.raises(ValueError, match="cannot be read"):
        read_mask(tmp_path / "missing.png")
    Image.fromarray(np.array([[0, 255, 3]], np.uint8)).save(tmp_path / "gray.png")
    assert read_mask(tmp_path / "gray.png").tolist() == [[0, 0, 3]]
    assert read_mask(tmp_path / "gray.png", binary=True).tolist() == [[0, 1, 1]]
    assert read_mask(tmp_path / "gray.png", void_is_background=False).tolist() == [[0, 255, 3]]
