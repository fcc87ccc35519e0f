"""Readers of sound, which address samples by time on the clock of the container.

    with open_sound("clip.mp4") as sound:
        samples, rate, valid_seconds = sound.read(start=3.0, seconds=2.0, sample_rate=16000)

Only what is asked for is decoded. Times are those of the container's clock, as
:attr:`mmcontrast.datasets.video.VideoInfo.start` is, so that images and sound of one file share
them. A file must be opened in the data loader's worker that reads it: a decoder does not survive a
fork.
"""

from mmcontrast.datasets.errors import UnreadableSoundError
from mmcontrast.datasets.sound.downmix import downmix_weights
from mmcontrast.datasets.sound.reader import Sound, SoundInfo, SoundReader
from mmcontrast.datasets.sound.writer import write_flac

_HEAD_BYTES = 64


def open_sound(path: str) -> SoundReader:
    """Open the sound of a file: a sound file, or the first sound track of a video.

    The first bytes choose the reader, not the extension: soundfile for WAVE, FLAC and Ogg Vorbis of
    one or two channels, PyAV for everything else.

    Raises:
        UnreadableSoundError: The file is missing, empty or damaged, or has no sound.
        ImportError: The package that reads it is not installed.
    """
    path = str(path)
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise UnreadableSoundError.of(path, error.strerror or str(error)) from error
    if not head:
        raise UnreadableSoundError.of(path, "it is empty")
    if _is_sound_file(head):
        from mmcontrast.datasets.sound.soundfile import SoundFileReader

        reader = SoundFileReader.open(path)
        if reader is not None:
            return reader
    from mmcontrast.datasets.sound.pyav import PyAVSoundReader

    return PyAVSoundReader(path)


def _is_sound_file(head: bytes) -> bool:
    is_wave = head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"
    return is_wave or head[:4] == b"fLaC" or (head[:4] == b"OggS" and b"\x01vorbis" in head)


__all__ = [
    "Sound",
    "SoundInfo",
    "SoundReader",
    "downmix_weights",
    "open_sound",
    "write_flac",
]
