"""What a file is that cannot be read as what its name says, by its first bytes."""

import os
import zipfile

from .pickles import holds_whole_pickle

PICKLED_OBJECTS = "Python objects, which are pickles and could run code (allow_pickle is off)"
"""What NumPy's files may hold beside numbers and texts, for messages."""

NPZ = "an archive of NumPy (.npz)"
"""The kind that :func:`kind_of_file` gives to a zip archive of arrays."""

TORCH_FILE = "a file of torch.save"

WEB_PAGE = "a page of the web or XML, as a failed download leaves it"

_BEGINNINGS = {
    b"\x89HDF": "a file of HDF5",
    b"\x93NUMPY": "an array of NumPy (.npy)",
    b"\x1f\x8b": "a gzip archive",
    b"<": WEB_PAGE,
}


def kind_of_file(path: str | os.PathLike) -> str:
    """Return what a file is, for a message, such as ``'a pickle, which could run code'``.

    Args:
        path: A file that exists. Nothing in it is executed.

    Returns:
        The empty string where the content is none of what is known here.
    """
    with open(path, "rb") as file:
        head = file.read(64)
    if kind := kind_of_content(head):
        return kind
    if zipfile.is_zipfile(path):
        return _kind_of_zip(path)
    # Protocols 0 and 1 have no mark of their own, and any text may begin like one.
    if holds_whole_pickle(path) and (head[0] == 0x80 or _last_byte(path) == b"."):
        return "a pickle, which could run code"
    return ""


def kind_of_content(head: bytes) -> str:
    """Return what the first bytes of a file say of it; empty where they are not known here.

    Args:
        head: At most the first 64 bytes are needed.
    """
    if not head:
        return "empty"
    text = head.lstrip(b"\xef\xbb\xbf \r\n")
    kinds = (kind for beginning, kind in _BEGINNINGS.items() if text.startswith(beginning))
    return next(kinds, "")


def _kind_of_zip(path: str | os.PathLike) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return ""
    if any(name.endswith("data.pkl") for name in names):
        return TORCH_FILE
    if names and all(name.endswith(".npy") for name in names):
        return NPZ
    return "a zip archive"


def _last_byte(path: str | os.PathLike) -> bytes:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read()
