"""Masks of object ids and their palette."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcontrast.datasets.masks import VOID, palette, read_mask, read_objects, write_mask
from mmcontrast.evaluation import region_similarity


def test_palette_is_that_of_voc():
    """Known colors, of VOC's label colormap: aeroplane, bicycle, tvmonitor and the void border."""
    colors = np.frombuffer(palette(), np.uint8).reshape(256, 3)
    assert colors[[0, 1, 2, 20, VOID]].tolist() == [
        [0, 0, 0], [128, 0, 0], [0, 128, 0], [0, 64, 128], [224, 224, 192],
    ]  # fmt: skip
    assert len(np.unique(colors, axis=0)) == 256


def test_palette_against_a_loop():
    for index, color in enumerate(np.frombuffer(palette(), np.uint8).reshape(256, 3).tolist()):
        expected, rest = [0, 0, 0], index
        for shift in range(7, -1, -1):
            for channel in range(3):
                expected[channel] |= (rest >> channel & 1) << shift
            rest >>= 3
        assert color == expected


def test_write_and_read(tmp_path):
    mask = np.array([[0, 1, 2], [VOID, 20, 1]], np.uint8)
    path = tmp_path / "new" / "mask.png"
    write_mask(path, mask)
    with Image.open(path) as image:
        assert image.mode == "P"
        assert bytes(image.getpalette()) == palette()
    assert read_mask(path).tolist() == [[0, 1, 2], [0, 20, 1]]
    assert read_mask(path, void_is_background=False).tolist() == mask.tolist()
    assert read_mask(path, binary=True).tolist() == [[0, 1, 1], [1, 1, 1]]


def test_images_of_colors_and_missing_files_are_refused(tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    Image.fromarray(colors).save(tmp_path / "colors.png")
    with pytest.raises(ValueError, match=r"colors\.png has colors \(mode RGB\)"):
        read_mask(tmp_path / "colors.png")
    with pytest.raises(ValueError, match=r"none\.png cannot be read"):
        read_mask(tmp_path / "none.png")


def disc(center, radius, size=200, subpixels=8):
    """Share of each pixel that a disc covers, in 0..1."""
    y, x = np.mgrid[: size * subpixels, : size * subpixels] / subpixels
    inside = (x - center[0]) ** 2 + (y - center[1]) ** 2 < radius**2
    return inside.reshape(size, subpixels, size, subpixels).mean((1, 3))


BIG, SMALL = disc((70, 80), 40), disc((140, 130), 25)
COLORS = np.frombuffer(palette(), np.uint8).reshape(256, 3)


def to_bytes(values):
    return np.rint(values).astype(np.uint8)


def saved(path, pixels, **settings):
    Image.fromarray(pixels).save(path, **settings)
    return path


def check_objects(ids, *shares, least=0.97):
    """Check the ids 1, 2... against the shares of pixels that objects cover."""
    assert ids.dtype == np.uint8 and set(np.unique(ids)) == set(range(len(shares) + 1))
    for number, share in enumerate(shares, start=1):
        assert region_similarity(ids == number, share > 0.5) > least


FORMATS = [("png", {}), *(("jpg", dict(quality=q)) for q in (95, 75, 50))]


@pytest.mark.parametrize(("suffix", "settings"), FORMATS)
def test_an_anti_aliased_disc_is_one_object(tmp_path, suffix, settings):
    path = saved(tmp_path / f"mask.{suffix}", to_bytes(BIG * 255), **settings)
    check_objects(read_objects(path), BIG, least=0.995)
    assert region_similarity(read_mask(path, binary=True) > 0, BIG > 0.5) > 0.995


@pytest.mark.parametrize(("suffix", "settings"), FORMATS)
def test_two_gray_levels_are_two_objects(tmp_path, suffix, settings):
    levels = to_bytes(np.maximum(BIG * 128, SMALL * 255))
    path = saved(tmp_path / f"mask.{suffix}", levels, **settings)
    check_objects(read_objects(path), BIG, SMALL)
    check_objects(read_objects(path, num_objects=2), BIG, SMALL)


@pytest.mark.parametrize(("suffix", "settings"), FORMATS[:3])
@pytest.mark.parametrize("soft", [False, True])
def test_colors_of_the_palette(tmp_path, suffix, settings, soft):
    shares = (SMALL, BIG) if soft else (SMALL > 0.5, BIG > 0.5)
    colors = to_bytes(sum(s[..., None] * COLORS[2 - i] for i, s in enumerate(shares)))
    path = saved(tmp_path / f"mask.{suffix}", colors, **settings)
    check_objects(read_mask(path), BIG, SMALL)
    # Colors are numbered in the order red, green, blue: (0, 128, 0) before (128, 0, 0).
    check_objects(read_objects(path), SMALL, BIG)


def test_a_frame_without_objects_in_colors(tmp_path):
    assert not read_mask(saved(tmp_path / "mask.png", np.zeros((9, 9, 3), np.uint8))).any()


def test_other_colors_are_numbered_for_a_first_mask_alone(tmp_path):
    colors = to_bytes(BIG[..., None] * [200, 40, 90])
    path = saved(tmp_path / "mask.png", colors)
    check_objects(read_objects(path), BIG)
    with pytest.raises(ValueError, match=r"not those of DAVIS.*\[\[200, 40, 90\]\]"):
        read_mask(path)
    with pytest.raises(ValueError, match="paint the background black"):
        read_objects(saved(tmp_path / "white.png", 255 - colors // 2))


@pytest.mark.parametrize("value", [1, 7, 200, 255])
def test_two_values_are_one_object(tmp_path, value):
    hard = (BIG > 0.5).astype(np.uint8)
    ids = read_objects(saved(tmp_path / "mask.png", hard * np.uint8(value)))
    assert np.array_equal(ids > 0, hard > 0) and len(np.unique(ids)) == 2
    Image.fromarray(hard > 0).save(tmp_path / "bits.png")
    assert np.array_equal(read_objects(tmp_path / "bits.png"), hard)


def test_other_pixel_types(tmp_path):
    white = np.full((200, 200, 3), 255, np.uint8)
    path = saved(tmp_path / "alpha.png", np.dstack([white, to_bytes(BIG * 255)]))
    check_objects(read_objects(path), BIG)
    check_objects(read_objects(saved(tmp_path / "gray.png", to_bytes(white * BIG[..., None]))), BIG)
    deep = np.rint(BIG * 65535).astype(np.uint16)
    check_objects(read_objects(saved(tmp_path / "deep.png", deep)), BIG)
    check_objects(read_objects(BIG), BIG)
    check_objects(read_objects(BIG > 0.5), BIG)
    check_objects(read_objects(to_bytes(BIG * 255)), BIG)


def test_ids_stay_as_they_are_whatever_their_shape(tmp_path):
    ids = np.zeros((40, 40), np.uint8)
    ids[3, 5:20], ids[10:30, 10:30], ids[20, 20], ids[0] = 3, 9, 41, VOID
    path = saved(tmp_path / "mask.png", ids)
    expected = np.where(ids == VOID, 0, ids)
    assert np.array_equal(read_mask(path), expected)
    assert np.array_equal(read_objects(path), expected)


def test_a_soft_mask_asks_for_the_number_of_objects_where_it_does_not_tell(tmp_path):
    soft = cv2.GaussianBlur(BIG, (0, 0), 20)
    path = saved(tmp_path / "mask.png", to_bytes(soft * 255))
    for read in (read_mask, read_objects):
        with pytest.raises(ValueError, match=r"mask\.png does not tell.*--num-objects"):
            read(path)
    check_objects(read_objects(path, num_objects=1), soft / soft.max(), least=0.99)
    check_objects(read_mask(path, num_objects=1), soft / soft.max(), least=0.99)


def test_an_object_without_area_is_not_lost(tmp_path):
    levels = to_bytes((BIG > 0.5) * 255.0)
    levels[150, 20:120] = 128
    path = saved(tmp_path / "mask.png", levels)
    with pytest.raises(ValueError, match="num_objects"):
        read_objects(path)
    ids = read_objects(path, num_objects=2)
    assert np.array_equal(ids == 1, levels == 128) and np.array_equal(ids == 2, levels == 255)
    with pytest.raises(ValueError, match="shows 2 objects, not 5"):
        read_objects(path, num_objects=5)


def test_ids_of_palette_images_are_exact_also_high_ones(tmp_path):
    ids = (np.arange(40 * 40).reshape(40, 40) % 200).astype(np.uint8)
    write_mask(tmp_path / "mask.png", ids)
    assert np.array_equal(read_mask(tmp_path / "mask.png"), ids)
    image = Image.fromarray((ids % 150 // 50 * 70).astype(np.uint8)).convert("P")
    image.putpalette((255 - np.arange(768) % 256).astype(np.uint8).tobytes())
    image.save(tmp_path / "other.png")
    assert read_mask(tmp_path / "other.png").tolist() == np.asarray(image).tolist()


def test_an_anti_aliased_disc_with_a_palette(tmp_path):
    gray = Image.fromarray(to_bytes(BIG * 255))
    ramp = gray.convert("P")
    ramp.putpalette(np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes())
    for number, image in enumerate((ramp, gray.convert("RGB").quantize(200))):
        image.save(tmp_path / f"{number}.png")
        check_objects(read_objects(tmp_path / f"{number}.png"), BIG)


def test_a_damaged_mask_is_named(tmp_path):
    """By Pillow it is a SyntaxError, which is no OSError."""
    path = tmp_path / "a.png"
    write_mask(path, np.eye(20, dtype=np.uint8))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"IDAT", b"I\x83AT"))
    with pytest.raises(ValueError, match=r"The mask \S*a\.png cannot be read"):
        read_mask(path)
