import cv2
import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets.transforms import LoadImage, RandomResizedCrop, UnreadableImageError
from tests.datasets.conftest import photo


def load(path, **kwargs):
    return LoadImage(**kwargs)(dict(path=str(path)))


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm"])
def test_lossless_formats_give_the_stored_pixels(tmp_path, suffix):
    image = photo()
    Image.fromarray(image).save(tmp_path / f"a.{suffix}")
    results = load(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(results["image"], image)
    assert results["image"].dtype == np.uint8 and results["image"].flags.c_contiguous
    assert results["size"] == (160, 120)
    assert results["box"] == (0, 0, 160, 120) and results["flip"] is False


def test_jpeg_is_rgb_and_equals_pillow(tmp_path):
    red = np.zeros((40, 40, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(tmp_path / "red.jpg")
    assert load(tmp_path / "red.jpg")["image"].mean((0, 1)) == pytest.approx((254, 0, 0), abs=1)

    Image.fromarray(photo()).save(tmp_path / "a.jpg", quality=80)
    expected = np.asarray(Image.open(tmp_path / "a.jpg").convert("RGB"))
    difference = np.abs(load(tmp_path / "a.jpg")["image"].astype(int) - expected)
    # Two builds of libjpeg-turbo may round differently; here they agree.
    assert difference.max() <= 2


def test_gray_alpha_palette_and_cmyk(tmp_path):
    image = photo()
    gray = Image.fromarray(image).convert("L")
    gray.save(tmp_path / "gray.png")
    gray.save(tmp_path / "gray.jpg")
    for name in ("gray.png", "gray.jpg"):
        loaded = load(tmp_path / name)["image"]
        assert loaded.shape == (120, 160, 3)
        assert (loaded[..., 0] == loaded[..., 2]).all()

    alpha = np.dstack([image, np.full(image.shape[:2], 7, np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(load(tmp_path / "alpha.png")["image"], image)

    Image.fromarray(image).quantize(256).save(tmp_path / "palette.gif")
    assert np.abs(load(tmp_path / "palette.gif")["image"].astype(int) - image).mean() < 12

    Image.fromarray(image).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    assert np.abs(load(tmp_path / "cmyk.jpg")["image"].astype(int) - image).mean() < 6


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    levels = (np.arange(120 * 160).reshape(120, 160) * 3).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "a.png")
    Image.fromarray(levels).save(tmp_path / "a.tif")
    for name in ("a.png", "a.tif"):
        np.testing.assert_array_equal(load(tmp_path / name)["image"][..., 1], levels >> 8)


def test_float_tiff_is_refused(tmp_path):
    Image.fromarray(np.random.rand(20, 20).astype(np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UnreadableImageError, match=r"a\.tif.*floats"):
        load(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(photo()).save(path, exif=exif)
    from PIL import ImageOps

    expected = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    for min_side in (None, 40):
        results = load(path, min_side=min_side)
        assert results["size"] == (expected.shape[1], expected.shape[0])
        height, width = results["image"].shape[:2]
        resized = np.asarray(Image.fromarray(expected).resize((width, height), Image.BOX))
        assert np.abs(results["image"].astype(int) - resized).mean() < 4


@pytest.mark.parametrize(("min_side", "divisor"), [(None, 1), (121, 1), (61, 1), (60, 2), (15, 8)])
def test_min_side_chooses_the_decoded_scale(tmp_path, min_side, divisor):
    Image.fromarray(photo()).save(tmp_path / "a.jpg", quality=95)
    results = load(tmp_path / "a.jpg", min_side=min_side)
    assert results["image"].shape == (120 // divisor, 160 // divisor, 3)
    # Boxes stay in source pixels.
    assert results["size"] == (160, 120) and results["box"] == (0, 0, 160, 120)


@pytest.mark.parametrize("box", [(0, 0, 768, 576), (100, 60, 320, 276), (368, 120, 700, 440)])
def test_views_of_a_scaled_decode_look_like_those_of_all_pixels(tmp_path, monkeypatch, box):
    image = cv2.resize(photo(96, 72), (768, 576), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).normal(0, 12, image.shape)
    noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(tmp_path / "a.jpg", quality=90)
    views = []
    for min_side, divisor in ((None, 1), (140, 4)):
        transform = RandomResizedCrop(54)
        part = tuple(value // divisor for value in box)
        monkeypatch.setattr(transform, "_draw", lambda width, height, part=part: part)
        results = transform(load(tmp_path / "a.jpg", min_side=min_side))
        assert results["box"] == box
        views.append(results["image"].astype(float))
    difference = views[0] - views[1]
    assert np.abs(difference).mean() < 3 and abs(difference.mean()) < 0.3
    # Neither blurred nor sharpened.
    full, scaled = (np.abs(np.diff(view, axis=1)).mean() for view in views)
    assert scaled == pytest.approx(full, rel=0.2)


def test_bytes_are_decoded_without_a_file(tmp_path):
    Image.fromarray(photo()).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    results = LoadImage()(dict(path="shard.tar/a.png", bytes=data))
    assert results["image"].shape == (120, 160, 3)
    assert "bytes" not in results


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("kept", [0, 30, 0.5, 0.98])
def test_truncated_files_are_named_with_the_remedy(tmp_path, suffix, kept):
    path = tmp_path / f"broken.{suffix}"
    Image.fromarray(photo()).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: kept if kept >= 1 else int(kept * len(data))])
    with pytest.raises(UnreadableImageError, match=rf"broken\.{suffix}.*on_error='skip'"):
        load(path)


def test_missing_file_and_other_content(tmp_path):
    with pytest.raises(UnreadableImageError, match=r"none\.jpg: there is no such file"):
        load(tmp_path / "none.jpg")
    (tmp_path / "text.jpg").write_text("<html>not found</html>")
    with pytest.raises(UnreadableImageError, match="format is unknown"):
        load(tmp_path / "text.jpg")


def test_bad_argument():
    with pytest.raises(ValueError, match="min_side"):
        LoadImage(min_side=0)
