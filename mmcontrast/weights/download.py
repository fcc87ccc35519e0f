"""Files from addresses: downloaded once, complete, and checked by the hash in their name."""

import hashlib
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

import torch
from mmengine.logging import print_log
from torch.hub import tqdm

from mmcontrast.utils.atomic import open_atomically
from mmcontrast.utils.errors import UserError
from mmcontrast.utils.file_kinds import WEB_PAGE, kind_of_content
from mmcontrast.utils.locks import try_lock

_HASH = re.compile(r"-([0-9a-f]{8,64})\.")
# OpenMMLab's names have dates in the same place, such as -20200130. or -20200130142353.
_DATE = re.compile(r"(19|20)\d{6}(\d{6})?")
_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 0.2
_MAX_NAME = 100


class DownloadError(UserError):
    """A file cannot be downloaded, or is not what its name says."""


def download(url: str) -> Path:
    """Return the file of an address, after downloading it if it is not in the cache.

    The cache is the folder ``checkpoints`` of ``torch.hub.get_dir()``. An address has a folder of
    its own in it; a file that torch has put there itself is taken if the hash in its name is right.
    Several processes that ask for the same address download it once.

    Args:
        url: An ``https://`` or ``http://`` address. Where the name of its file ends with ``-`` and
            8 to 64 hexadecimal digits, as in ``resnet50-0676ba61.pth``, these are the beginning of
            the file's SHA-256, and are compared at every use.

    Raises:
        DownloadError: The address cannot be reached, the connection breaks off, the hash is another
            one, or a web page is in the place of the file. Nothing is kept.
    """
    cache = Path(torch.hub.get_dir(), "checkpoints")
    name = unquote(urlsplit(url).path).rpartition("/")[2] or "download"
    name = re.sub(r"[^\w.+-]", "_", name)[-_MAX_NAME:]
    expected = expected_hash(name)
    path = cache / hashlib.sha256(url.encode()).hexdigest()[:16] / name
    places = [path, cache / name] if expected else [path]
    if cached := _find_cached(places, expected):
        return cached
    try:
        with _locked(path.parent):
            if cached := _find_cached(places, expected):  # by a process that was faster
                return cached
            _fetch(url, path, expected)
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(
            f"{url} cannot be downloaded: {error}. Try again, or download the file otherwise and "
            "give its path."
        ) from error
    return path


def expected_hash(name: str) -> str:
    """Return the beginning of the SHA-256 that the name of a file holds; empty without one."""
    matches = [digits for digits in _HASH.findall(name) if not _DATE.fullmatch(digits)]
    return matches[-1] if matches else ""


def _find_cached(places: list[Path], expected: str) -> Path | None:
    for path in places:
        if path.is_file():
            actual = _hash_of(path) if expected else ""
            if actual.startswith(expected):
                return path
            print_log(
                f"{path} is not used: its SHA-256 is {actual[: len(expected)]}... and its name "
                f"says {expected}.",
                logger="current",
                level=logging.WARNING,
            )
    return None


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(url: str, path: Path, expected: str) -> None:
    """Write the content of an address to a file, whole or not at all."""
    request = Request(url, headers={"User-Agent": "mmcontrast"})
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as response, open_atomically(path) as file:
        size = int(response.headers.get("Content-Length", -1))
        print_log(f"Downloading {url} ({_readable(size)}) to {path}", logger="current")
        with tqdm(
            total=max(size, 0), unit="B", unit_scale=True, disable=not sys.stderr.isatty()
        ) as progress:
            for chunk in iter(lambda: response.read(_CHUNK), b""):
                file.write(chunk)
                progress.update(len(chunk))
        if 0 <= size != file.tell():
            raise DownloadError(
                f"The download of {url} broke off after {file.tell():,} of {size:,} bytes, and "
                "nothing was kept. Try again."
            )
        _check_content(url, file, expected)


def _check_content(url: str, file: Any, expected: str) -> None:
    file.seek(0)
    if kind_of_content(file.read(64)) == WEB_PAGE:
        raise DownloadError(
            f"{url} answers with a web page in place of a file. Open it in a browser, download the "
            "file and give its path."
        )
    if expected:
        file.seek(0)
        actual = hashlib.file_digest(file, "sha256").hexdigest()
        if not actual.startswith(expected):
            raise DownloadError(
                f"{url} was downloaded and deleted again: its SHA-256 begins with "
                f"{actual[: len(expected)]}, and by its name it should be {expected}. Try again; "
                "if the digits in the name are no hash, download the file otherwise and give its "
                "path."
            )


def _readable(size: int) -> str:
    return "of unknown size" if size < 0 else f"{size / 1e6:,.1f} MB"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Wait until no other process downloads into a folder; the lock lies beside it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        while try_lock(lock.fileno()) is False:
            time.sleep(_POLL_SECONDS)
        yield
