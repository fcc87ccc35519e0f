"""Every display matrix of multiples of 90 degrees and flips, in every backend."""

import struct

import numpy as np
import pytest

from mmcontrast.datasets.errors import UnreadableVideoError
from mmcontrast.datasets.video import BACKENDS, open_video
from mmcontrast.datasets.video.orientation import apply_display_matrix

av = pytest.importorskip("av")
from tests.datasets.video.files import write_video  # noqa: E402

# Elements a, b, c, d: the pixel (x, y) is displayed at (a x + c y, b x + d y), x to the right and
# y down. The operations on the array (H, W, 3) are those of FFmpeg's player.
UPRIGHT = {
    (1, 0, 0, 1): lambda image: image,
    (0, 1, -1, 0): lambda image: np.rot90(image, -1),  # clockwise: a phone held upright
    (-1, 0, 0, -1): lambda image: np.rot90(image, 2),
    (0, -1, 1, 0): np.rot90,
}
MIRRORED = {
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (0, 1, 1, 0): lambda image: image.transpose(1, 0, 2),
    (0, -1, -1, 0): lambda image: np.rot90(image, 2).transpose(1, 0, 2),
}
NUMBER = 11
"""A frame whose pattern differs under all eight operations."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("videos") / "v.mp4", "libx264", 20)


def with_matrix(plain, path, a, b, c, d):
    """Copy an MP4 file, with another display matrix in the header of its track."""
    content = bytearray(plain.read_bytes())
    begin = content.index(b"tkhd") + 44
    rows = [a, b, 0, c, d, 0, 0, 0, 1 << 14]
    content[begin : begin + 36] = struct.pack(">9i", *(int(element * 65536) for element in rows))
    path.write_bytes(content)
    return str(path)


def read(path, backend):
    with open_video(path, backend) as file:
        alone = file.read_times([(NUMBER + 0.5) / 25])[0]
        assert (file.read_all(NUMBER + 1)[NUMBER] == alone).all()
    return alone


@pytest.mark.parametrize("backend", sorted(BACKENDS))
@pytest.mark.parametrize("matrix", UPRIGHT)
def test_rotations(plain, tmp_path, backend, matrix):
    pytest.importorskip({"opencv": "cv2", "pyav": "av"}.get(backend, backend))
    expected = UPRIGHT[matrix](read(str(plain), backend))
    np.testing.assert_allclose(
        read(with_matrix(plain, tmp_path / "v.mp4", *matrix), backend).astype(int),
        expected.astype(int),
        atol=20,  # decord and OpenCV rotate the pixels before they convert the colors
    )


@pytest.mark.parametrize("matrix", MIRRORED)
def test_flips(plain, tmp_path, matrix):
    expected = MIRRORED[matrix](read(str(plain), "auto"))
    path = with_matrix(plain, tmp_path / "v.mp4", *matrix)
    np.testing.assert_array_equal(read(path, "auto"), expected)


@pytest.mark.parametrize("backend", ["decord", "opencv"])
@pytest.mark.parametrize("matrix", MIRRORED)
def test_backends_that_ignore_a_flip_refuse_it(plain, tmp_path, backend, matrix):
    pytest.importorskip({"opencv": "cv2"}.get(backend, backend))
    path = with_matrix(plain, tmp_path / "v.mp4", *matrix)
    with pytest.raises(UnreadableVideoError, match=r"v\.mp4.*flips it.*backend='auto'"):
        open_video(path, backend)


@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_other_angles_are_refused_with_the_remedy(plain, tmp_path, backend):
    pytest.importorskip({"opencv": "cv2", "pyav": "av"}.get(backend, backend))
    path = with_matrix(plain, tmp_path / "v.mp4", 0.8, 0.6, -0.6, 0.8)
    with pytest.raises(UnreadableVideoError, match=r"v\.mp4.*90 degrees.*ffmpeg -i"):
        read(path, backend)


@pytest.mark.parametrize("scale", [0, 1, 65536, 2 * 65536])
def test_scale_offset_and_small_angles_change_nothing(scale):
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    matrix = np.array([[scale, scale // 100, 0], [-(scale // 100), scale, 0], [9, 9, 1 << 30]])
    np.testing.assert_array_equal(apply_display_matrix(image, matrix, "v.mp4"), image)
