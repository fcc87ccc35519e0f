import struct
from contextlib import suppress

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets.transforms import LoadImage, RandomResizedCrop, UnreadableImageError
from mmcontrast.datasets.transforms.loading import upright_size
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


def exif_of(kind, content, count=1):
    """EXIF data whose orientation is stored with a TIFF type: 2 text, 1 byte, 7 undefined..."""
    entry = struct.pack("<HHI", 0x0112, kind, count) + content.ljust(4, b"\0")
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


@pytest.mark.parametrize("min_side", [None, 40])
@pytest.mark.parametrize(
    ("exif", "orientation"),
    [
        (exif_of(2, b"6\0", 2), 6),
        (exif_of(1, b"\6"), 6),
        (exif_of(7, b"\6\0", 2), 6),
        (exif_of(3, struct.pack("<HH", 6, 1), 2), 6),
        (exif_of(11, struct.pack("<f", 6.0)), 6),
        (exif_of(2, b"up\0", 3), 1),
        (exif_of(7, b""), 1),
        (exif_of(3, struct.pack("<H", 9)), 1),
        (exif_of(3, struct.pack("<H", 0)), 1),
        (exif_of(11, struct.pack("<f", 5.5)), 1),
        (exif_of(12, b"zzzz"), 1),
        (b"Exif\0\0nonsense", 1),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_orientation_of_any_type(tmp_path, exif, orientation, min_side):
    Image.fromarray(photo()).save(tmp_path / "a.jpg", exif=exif)
    Image.fromarray(photo()).save(tmp_path / "plain.jpg")
    results = load(tmp_path / "a.jpg", min_side=min_side)
    expected = load(tmp_path / "plain.jpg", min_side=min_side)["image"]
    expected = np.rot90(expected, -1) if orientation == 6 else expected
    np.testing.assert_array_equal(results["image"], expected)
    assert results["size"] == ((120, 160) if orientation == 6 else (160, 120))
    assert results["box"] == (0, 0, *results["size"])
    assert upright_size(tmp_path / "a.jpg") == results["size"]


@pytest.mark.parametrize("offset", [0.3, 0.9, 0.9999])
def test_a_changed_byte_of_a_png_is_an_error(tmp_path, offset):
    """Also where Pillow has decoded the pixels once before, to find the orientation behind them."""
    path = tmp_path / "a.png"
    Image.fromarray(photo()).save(path)
    data = bytearray(path.read_bytes())
    data[int(len(data) * offset)] ^= 16
    path.write_bytes(data)
    with pytest.raises(UnreadableImageError, match=r"a\.png.*block at byte .*on_error='skip'"):
        load(path)


def test_damage_that_pillow_does_not_notice(tmp_path):
    """It has all pixels of a small image before it reads the checksum behind them."""
    path = tmp_path / "a.png"
    stored = photo(64, 48)[..., 0]
    Image.fromarray(stored).save(path)
    data = path.read_bytes()
    unnoticed = 0
    for place in range(len(data) - 100, len(data) - 20):
        path.write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
        with suppress(OSError), Image.open(path) as image:
            unnoticed += bool((np.asarray(image) != stored).any())
        with pytest.raises(UnreadableImageError, match=r"a\.png.*block at byte 33 is damaged"):
            load(path)
    assert unnoticed
    path.write_bytes(data[:12])  # ends within the head of a block
    with pytest.raises(UnreadableImageError):
        load(path)


def test_size_of_what_is_no_image(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(UnreadableImageError, match=r"a\.png: the file is empty or its format"):
        upright_size(tmp_path / "a.png")
    with pytest.raises(UnreadableImageError, match=r"b\.png: there is no such file"):
        upright_size(tmp_path / "b.png")


def test_a_damaged_tag_of_a_tiff_file_is_an_error(tmp_path):
    """Tag 259 tells the compression; without it tifffile takes the bytes for pixels."""
    pytest.importorskip("tifffile", reason="needs the extra 'bands'")
    path = tmp_path / "a.tif"
    Image.fromarray(photo()).save(path, compression="tiff_lzw")
    data = bytearray(path.read_bytes())
    start = data.rindex(struct.pack("<HHI", 259, 3, 1))
    data[start + 4 : start + 8] = b"\xff" * 4
    path.write_bytes(data)
    with pytest.raises(UnreadableImageError, match=r"a\.tif.*tifffile finds it damaged"):
        load(path)


def test_any_error_of_a_decoder_is_an_unreadable_image(tmp_path, monkeypatch):
    Image.fromarray(photo()).save(tmp_path / "a.png")

    def fail(*args):
        raise TypeError("'>=' not supported")

    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(UnreadableImageError, match=r"a\.png.*not supported.*on_error='skip'"):
        load(tmp_path / "a.png")


def test_twelve_bits_are_scaled_by_their_largest_value(tmp_path):
    levels = (np.arange(120 * 160).reshape(120, 160) % 4096).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "a.png")
    image = load(tmp_path / "a.png", max_value=4095)["image"]
    np.testing.assert_array_equal(image, np.repeat((levels >> 4)[..., None], 3, 2))
    color = np.dstack([levels, levels[::-1], levels[:, ::-1]])
    cv2.imwrite(str(tmp_path / "color.png"), color[..., ::-1])
    image = load(tmp_path / "color.png", max_value=4095)["image"]
    np.testing.assert_array_equal(image, color >> 4)
    np.testing.assert_array_equal(load(tmp_path / "color.png")["image"], color >> 8)


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(
        "mmcontrast.datasets.transforms.loading.print_log",
        lambda message, logger, level: lines.append(message),
    )
    return lines


def test_what_is_scaled_and_dropped_is_said_once(tmp_path, log):
    deep = np.zeros((8, 8), np.uint16)
    Image.fromarray(deep).save(tmp_path / "gray.png")
    cv2.imwrite(str(tmp_path / "color.png"), np.dstack([deep] * 3))
    Image.fromarray(np.zeros((8, 8, 4), np.uint8)).save(tmp_path / "alpha.png")
    Image.fromarray(photo(8, 8)).save(tmp_path / "plain.png")
    transform = LoadImage()
    transform(dict(path=tmp_path / "plain.png"))
    assert log == []
    for name in ("gray", "color", "alpha", "gray", "alpha"):
        transform(dict(path=tmp_path / f"{name}.png"))
    assert len(log) == 2
    assert "gray.png has more than 8 bits a channel" in log[0] and "65535 becomes 255" in log[0]
    assert "alpha.png has an alpha channel, which is dropped" in log[1]
    log.clear()
    LoadImage()(dict(path=tmp_path / "color.png"))
    assert "color.png has more than 8 bits" in log[0]


def test_gray_images(tmp_path):
    Image.fromarray(photo()).save(tmp_path / "a.png")
    Image.fromarray(photo()).save(tmp_path / "a.jpg")
    gray = load(tmp_path / "a.png", in_channels=1)["image"]
    np.testing.assert_array_equal(gray[..., 0], Image.fromarray(photo()).convert("L"))
    assert load(tmp_path / "a.jpg", in_channels=1, min_side=40)["image"].shape == (60, 80, 1)


@pytest.mark.parametrize("channels", [1, 3, 4, 6, 16])
@pytest.mark.parametrize("first", [False, True])
def test_arrays(tmp_path, channels, first):
    bands = np.random.default_rng(0).integers(0, 65536, (20, 30, channels), dtype=np.uint16)
    stored = bands.transpose(2, 0, 1) if first else bands
    np.save(tmp_path / "a.npy", stored)
    results = load(tmp_path / "a.npy", in_channels=channels)
    np.testing.assert_array_equal(results["image"], bands >> 8)
    assert results["size"] == (30, 20) and results["image"].flags.c_contiguous
    np.save(tmp_path / "b.npy", (stored >> 8).astype(np.uint8))
    np.testing.assert_array_equal(
        load(tmp_path / "b.npy", in_channels=channels)["image"], bands >> 8
    )
    np.save(tmp_path / "c.npy", (stored / 65535).astype(np.float32))
    image = load(tmp_path / "c.npy", in_channels=channels, max_value=1.0)["image"]
    np.testing.assert_array_equal(image, np.rint(bands / 257))


@pytest.mark.parametrize("channels", [4, 6, 16])
@pytest.mark.parametrize("layout", ["contig", "separate", "pages"])
def test_bands_of_tiff_files(tmp_path, channels, layout):
    tifffile = pytest.importorskip("tifffile", reason="needs the extra 'bands'")
    bands = np.random.default_rng(0).integers(0, 65536, (20, 30, channels), dtype=np.uint16)
    stored = bands if layout == "contig" else bands.transpose(2, 0, 1)
    plan = None if layout == "pages" else layout
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="minisblack", planarconfig=plan)
    np.testing.assert_array_equal(
        load(tmp_path / "a.tif", in_channels=channels)["image"], bands >> 8
    )


def test_alpha_can_be_kept(tmp_path):
    rgba = np.dstack([photo(), np.full((120, 160), 7, np.uint8)])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load(tmp_path / "a.png", in_channels=4)["image"], rgba)


def test_other_numbers_of_channels_are_refused(tmp_path):
    Image.fromarray(photo()).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", np.zeros((8, 9, 6), np.uint8))
    with pytest.raises(UnreadableImageError, match=r"a\.png: it has 3 channels.*in_channels=6"):
        load(tmp_path / "a.png", in_channels=6)
    with pytest.raises(UnreadableImageError, match=r"a\.npy: its shape is \(8, 9, 6\).*channels=3"):
        load(tmp_path / "a.npy")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableImageError, match="allow_pickle is off"):
        load(tmp_path / "objects.npy")


def test_the_limit_of_pixels_is_named_and_holds_after_min_side(tmp_path, monkeypatch):
    for suffix in ("jpg", "png"):
        Image.fromarray(photo()).save(tmp_path / f"a.{suffix}")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)
    for suffix in ("jpg", "png"):
        with pytest.raises(UnreadableImageError, match=r"limit of 10,000 \(twice.*min_side"):
            load(tmp_path / f"a.{suffix}")
    assert load(tmp_path / "a.jpg", min_side=60)["image"].shape == (60, 80, 3)
    with pytest.raises(UnreadableImageError, match=r"limit of 10,000"):
        load(tmp_path / "a.jpg", min_side=100)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert load(tmp_path / "a.png")["image"].shape == (120, 160, 3)


@pytest.mark.parametrize("arguments", [dict(in_channels=0), dict(max_value=0)])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        LoadImage(**arguments)
