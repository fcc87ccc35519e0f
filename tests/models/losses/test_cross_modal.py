"""The loss of CrissCross: values and gradients computed elsewhere, and a slow loop."""

import math

import pytest
import torch

from mmcontrast.models.losses import CrossModalLoss

VIEWS = ("video0", "video1", "audio0", "audio1")
SCALE = torch.tensor([2.0, 1.0], dtype=torch.float64)
ONE_ROW = ([[1, 0]], [[0, 1]], [[1, 1]], [[1, -1]])
TWO_ROWS = (
    [[1, 0], [3, 1]], [[0, 1], [1, 2]], [[1, 1], [2, -1]], [[1, -1], [-1, 4]],
)  # fmt: skip


def agreement(views, predict, **settings):
    """The loss with gradients of the projections."""
    z = {
        name: torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        for name, rows in zip(VIEWS, views, strict=True)
    }
    return z, CrossModalLoss(**settings)({name: predict(x) for name, x in z.items()}, z)


def scaled(z):
    return z * SCALE


def losses(views, predict):
    """L of each pair of views."""
    _, result = agreement(views, predict)
    names = {
        ("video0", "video1"): "v1v2", ("audio0", "audio1"): "a1a2", ("video0", "audio1"): "v1a2",
        ("audio0", "video1"): "a1v2", ("video0", "audio0"): "v1a1", ("video1", "audio1"): "v2a2",
    }  # fmt: skip
    return {names[pair]: -value.item() for pair, value in result.similarity.items()}


def test_one_row_and_identity():
    z, result = agreement(ONE_ROW, torch.clone)
    half = math.sqrt(0.5)
    expected = dict(v1v2=0, a1a2=0, v1a2=-half, a1v2=-half, v1a1=-half, v2a2=half)
    assert losses(ONE_ROW, torch.clone) == pytest.approx(expected, abs=1e-6)
    assert result.loss.item() == pytest.approx(-0.235702, abs=1e-6)
    result.loss.backward()
    gradients = [
        [0, -0.083333], [-0.201184, 0], [-0.041667, 0.041667], [-0.100592, -0.100592]
    ]  # fmt: skip
    for x, expected in zip(z.values(), gradients, strict=True):
        assert x.grad[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_one_row_and_scaling_predictors():
    expected = dict(
        v1v2=0, a1a2=-0.316228, v1a2=-0.800767, a1v2=-0.577160, v1a1=-0.800767, v2a2=0.577160
    )
    assert losses(ONE_ROW, scaled) == pytest.approx(expected, abs=1e-6)
    for off, total in (
        (dict(), -0.319627),
        (dict(synchronous=False, asynchronous=False), -0.158114),
        (dict(asynchronous=False), -0.134959),
    ):
        assert agreement(ONE_ROW, scaled, **off)[1].loss.item() == pytest.approx(total, abs=1e-6)


def test_a_second_row_of_swapped_coordinates():
    views = [[row, row[::-1]] for (row,) in ONE_ROW]
    expected = dict(v1v2=0, a1a2=0, v1a2=-0.688964, a1v2=-0.688964, v1a1=-0.688964, v2a2=0.688964)
    assert losses(views, scaled) == pytest.approx(expected, abs=1e-6)
    assert agreement(views, scaled)[1].loss.item() == pytest.approx(-0.229655, abs=1e-6)


def test_equal_views_agree_exactly():
    rows = [[3.0, 4.0], [-1.0, 2.0]]
    assert agreement([rows] * 4, torch.clone)[1].loss.item() == pytest.approx(-1, abs=1e-7)


@pytest.mark.parametrize(
    ("families", "total"),
    [
        ("i", -0.105558), ("s", -0.401763), ("a", -0.383481), ("is", -0.253661),
        ("ia", -0.244520), ("sa", -0.392622), ("isa", -0.296934),
    ],
)  # fmt: skip
def test_two_rows_by_families(families, total):
    switches = dict(
        intra="i" in families, synchronous="s" in families, asynchronous="a" in families
    )
    _, result = agreement(TWO_ROWS, scaled, **switches)
    assert result.loss.item() == pytest.approx(total, abs=1e-6)
    assert len(result.similarity) == 2 * len(families)


def test_two_rows_by_weights():
    weights = dict(
        video_weight=2.0, audio_weight=0.5, synchronous_weight=3.0, asynchronous_weight=0.25
    )
    _, result = agreement(TWO_ROWS, scaled, **weights)
    assert result.loss.item() == pytest.approx(-0.543976, abs=1e-6)
    off = dict(synchronous=False, asynchronous=False)
    # The divisor does not depend on the weights.
    _, result = agreement(TWO_ROWS, scaled, audio_weight=0.0, **off)
    assert result.loss.item() == pytest.approx(-0.185325, abs=1e-6)


def test_gradients_of_two_rows():
    z, result = agreement(TWO_ROWS, scaled)
    result.loss.backward()
    expected = [
        [[0, -0.020833], [0.002742, -0.008226]], [[-0.201184, 0], [-0.011217, 0.005608]],
        [[-0.008358, 0.008358], [-0.011742, -0.023484]],
        [[-0.038172, -0.038172], [-0.039832, -0.009958]],
    ]  # fmt: skip
    for x, rows in zip(z.values(), expected, strict=True):
        for mine, row in zip(x.grad.tolist(), rows, strict=True):
            assert mine == pytest.approx(row, abs=1e-6)


def test_one_modality_is_not_halved():
    z = {name: torch.tensor(rows) for name, rows in zip(VIEWS, TWO_ROWS, strict=True)}
    for modality, value in (("video", -0.370650), ("audio", 0.159533)):
        own = {name: x.float() for name, x in z.items() if name.startswith(modality)}
        result = CrossModalLoss()({name: x * SCALE.float() for name, x in own.items()}, own)
        assert result.loss.item() == pytest.approx(value, abs=1e-6)
        with pytest.raises(ValueError, match="form no pair that is switched on; set intra=True"):
            CrossModalLoss(intra=False)(own, own)


def test_against_a_slow_loop():
    torch.manual_seed(0)
    z = {name: torch.randn(5, 7) for name in VIEWS}
    p = {name: torch.randn(5, 7) for name in VIEWS}

    def distance(a, b):
        cosines = [p[a][i].dot(z[b][i]) / (p[a][i].norm() * z[b][i].norm()) for i in range(5)]
        return -sum(cosines) / 5

    v1, v2, a1, a2 = VIEWS
    total = 0
    for x, y in ((v1, v2), (a1, a2), (v1, a2), (a1, v2), (v1, a1), (v2, a2)):
        total += distance(x, y) / 2 + distance(y, x) / 2
    torch.testing.assert_close(CrossModalLoss()(p, z).loss, total / 6)


def test_settings_that_make_no_sense():
    with pytest.raises(ValueError, match="one of intra, synchronous and asynchronous"):
        CrossModalLoss(intra=False, synchronous=False, asynchronous=False)
    with pytest.raises(ValueError, match="weight of video0 and video1 must be at least 0"):
        CrossModalLoss(video_weight=-1.0)
