"""Write the sound of videos beside them as FLAC files, which are read faster than the videos."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from numpy.typing import NDArray

from mmcontrast.apis.data.each_video import for_each_video
from mmcontrast.datasets.errors import UnreadableFileError
from mmcontrast.datasets.sound import SoundReader, open_sound, write_flac
from mmcontrast.utils.atomic import open_atomically

SUFFIX = ".flac"
_PIECE_SECONDS = 60


def extract_audio_of(path: str, sample_rate: int = 16000, mono: bool = True) -> str:
    """Write the sound of one video, with the time at which it begins.

    Gaps are filled with silence. The file is ``<video>.flac`` beside the video; one that is newer
    than the video is kept.

    Args:
        path: Path of the video.
        sample_rate: Samples per second.
        mono: Whether the channels are mixed to one.

    Returns:
        ``'written'``, ``'kept'``, or why the sound cannot be read.
    """
    target = Path(path).with_suffix(SUFFIX)
    if target.is_file() and target.stat().st_mtime >= os.stat(path).st_mtime:
        return "kept"
    try:
        with open_sound(path) as sound, open_atomically(target) as file:
            start = round(sound.probe().start * sample_rate)
            pieces = _pieces(sound, start, sample_rate, mono)
            write_flac(file, pieces, sample_rate, start / sample_rate)
    except UnreadableFileError as error:
        return error.reason
    return "written"


def _pieces(sound: SoundReader, start: int, rate: int, mono: bool) -> Iterator[NDArray]:
    """Yield slices that follow each other, in samples of the result."""
    length = max(round(sound.probe().duration * rate), 1)
    for begin in range(0, length, _PIECE_SECONDS * rate):
        count = min(_PIECE_SECONDS * rate, length - begin)
        yield sound.read((start + begin) / rate, count / rate, rate, mono).samples


def extract_audio(
    root: str | os.PathLike[str],
    sample_rate: int = 16000,
    mono: bool = True,
    workers: int | None = None,
) -> Iterator[tuple[str, str]]:
    """Write the sound of all videos below a folder, several at a time.

    A run that was stopped is continued by another one: what is written is kept.

    Args:
        root: Folder of the videos; its sub-folders are searched too.
        sample_rate: Samples per second.
        mono: Whether the channels are mixed to one.
        workers: Number of processes; None for one for each core that this process may use.

    Returns:
        Path of each video relative to ``root``, in sorted order, and what
        :func:`extract_audio_of` returned, when it is done.

    Raises:
        FileNotFoundError: There is no video.
    """
    extract = partial(extract_audio_of, sample_rate=sample_rate, mono=mono)
    return for_each_video(root, extract, workers)
