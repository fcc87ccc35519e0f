import random

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from mmcontrast.datasets.transforms import AnisotropicBlur, CenterCrop, Cutout, Resize
from mmcontrast.datasets.transforms.blur import anisotropic_blur
from mmcontrast.datasets.transforms.cutout import cutout_box, scale_box
from mmcontrast.datasets.transforms.formatting import to_tensor
from mmcontrast.models.data_preprocessor import ViewPreprocessor
from tests.datasets.conftest import photo


def results(count=3, width=40, height=32):
    return dict(path="a.mp4", frames=[dict(image=photo(width, height, i)) for i in range(count)])


def test_the_authors_multiply_the_box_by_the_mean_of_the_first_frame():
    channel, time, y, x = np.ogrid[:3, :2, :6, :6]
    clip = (72 * channel + 36 * time + 6 * y + x) / 100 - 0.5
    box = cutout_box(5, 2, 3, 6, 6)
    assert box == (slice(0, 4), slice(1, 5))
    scaled = scale_box(clip.transpose(1, 2, 3, 0), box).transpose(3, 0, 1, 2)
    assert scaled[0, 0, 0, 1] == pytest.approx(-0.19355)
    assert scaled[2, 1, 1, 2] == pytest.approx(0.5451)
    np.testing.assert_allclose(scaled[:, :, :4, 1:5], clip[:, :, :4, 1:5] * 0.395)
    outside = np.ones((6, 6), bool)
    outside[:4, 1:5] = False
    assert (scaled[..., outside] == clip[..., outside]).all()
    rows, columns = cutout_box(1, 2, 3, 6, 6)
    assert rows.start == rows.stop and columns.start == columns.stop
    assert cutout_box(20, 0, 5, 6, 6) == (slice(0, 6), slice(0, 6))


def test_the_square_is_the_same_in_all_frames_and_zero_for_the_network():
    random.seed(1)
    before, after = results(), Cutout()(results())
    changed = np.stack(
        [
            (a["image"] != b["image"]).any(-1)
            for a, b in zip(before["frames"], after["frames"], strict=True)
        ]
    ).any(0)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert 0 < len(rows) <= 20 and 0 < len(columns) <= 20
    clip = torch.stack([to_tensor(frame["image"]) for frame in after["frames"]], 1)
    view = ViewPreprocessor()(dict(inputs=dict(video=clip[None])))["inputs"]["video"]
    box = view[..., rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert box.abs().max() < 0.01


def test_sides_of_the_square():
    random.seed(0)
    sides = set()
    for _ in range(300):
        clip = Cutout(mean=(0, 0, 0))(
            dict(path="", frames=[dict(image=np.full((64, 64, 3), 255, np.uint8))])
        )
        hidden = clip["frames"][0]["image"][..., 0] == 0
        sides.add(int(hidden.any(0).sum()))
    assert max(sides) == 20 and 0 in sides


def test_what_the_released_code_does():
    plain = ViewPreprocessor()
    clip = torch.stack([to_tensor(frame["image"]) for frame in results()["frames"]], 1)
    expected = plain(dict(inputs=dict(video=clip[None])))["inputs"]["video"][0]
    for p in (0.0, 1.0):
        random.seed(3)
        frames = Cutout(ref_compat=True, p=p)(results())["frames"]
        view = torch.stack([to_tensor(frame["image"]) for frame in frames], 1)
        assert view.dtype == torch.float32
        changed = (view - expected).abs().amax((0, 1)) > 1e-5
        if p == 0:
            assert not changed.any()
            continue
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        box = (..., slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        torch.testing.assert_close(
            view[box], expected[box] * expected[:, 0].mean(), atol=1e-4, rtol=1e-4
        )


def test_frames_of_several_sizes_are_refused():
    frames = results(1)["frames"] + results(1, width=50)["frames"]
    with pytest.raises(ValueError, match=r"frames of a\.mp4 have different sizes"):
        Cutout()(dict(path="a.mp4", frames=frames))


def test_the_blur_of_the_released_code_is_vertical():
    image = np.zeros((31, 31, 3), np.uint8)
    image[15, 15] = 255
    blurred = anisotropic_blur(image, 11, 0.1, 2.0)
    expected = [2, 6, 16, 31, 45, 51, 45, 31, 16, 6, 2]
    assert blurred[10:21, 15, 1].tolist() == expected
    assert blurred[15, :, 1].tolist() == [0] * 15 + [51] + [0] * 15
    assert blurred.sum() == 3 * sum(expected)


@pytest.mark.parametrize(("kernel_size", "sigma"), [(11, (0.1, 2.0)), (5, (1.0, 0.7))])
def test_the_blur_equals_that_of_torchvision(kernel_size, sigma):
    image = photo()
    expected = v2.functional.gaussian_blur(Image.fromarray(image), kernel_size, sigma)
    blurred = anisotropic_blur(image, kernel_size, *sigma)
    assert np.abs(blurred.astype(int) - np.asarray(expected)).max() <= 1
    flat = np.full((20, 20, 3), 255, np.uint8)
    assert (anisotropic_blur(flat, kernel_size, *sigma) == flat).all()
    gray = AnisotropicBlur(kernel_size, sigma, p=1.0)(dict(image=image[..., :1]))["image"]
    assert gray.shape == (120, 160, 1)
    assert AnisotropicBlur(p=0.0)(dict(image=image))["image"] is image


def test_a_blur_needs_an_odd_kernel():
    with pytest.raises(ValueError, match="kernel_size must be odd, got 10"):
        AnisotropicBlur(10)


@pytest.mark.parametrize(
    ("height", "width", "size", "crop", "long_side", "offset"),
    [
        (240, 320, 256, 224, 341, 58), (240, 320, 128, 112, 170, 29), (90, 120, 128, 112, 170, 29),
        (192, 257, 128, 112, 171, 30),
    ],
)  # fmt: skip
def test_sizes_and_offsets_of_test_clips(height, width, size, crop, long_side, offset):
    """The long side is rounded down, and the offset of the crop half to even."""
    full = dict(box=(0.0, 0.0, float(width), float(height)), flip=False, path="")
    resized = Resize(size)(dict(image=photo(width, height), **full))
    assert resized["image"].shape == (size, long_side, 3)
    expected = Image.fromarray(photo(width, height)).resize(
        (long_side, size), Image.Resampling.BILINEAR
    )
    assert np.abs(resized["image"].astype(int) - np.asarray(expected)).max() <= 1
    top = round((size - crop) / 2)
    cropped = CenterCrop(crop)(dict(resized))["image"]
    assert (cropped == resized["image"][top : top + crop, offset : offset + crop]).all()
