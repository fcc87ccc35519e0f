"""Samples in a tar file of webdataset's layout: files with the same stem."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mmcontrast.datasets.files import is_image
from mmcontrast.utils.tar import Damage, OpenStream, read_members

# The key ends at the first dot of the file's name.
_NAME = re.compile(r"((?:.*/)?[^./][^./]*)\.([^/]*)")
_META = re.compile(r"__[^/]*__(?:$|/)")


@dataclass
class Sample:
    """The files of one key, which follow one another in a tar file.

    Attributes:
        key: Path without suffix.
        files: Contents by suffix, in lower case, without the dot; they are empty where only headers
            were read.
        beside_damage: Whether files of the sample may be lost.
    """

    key: str
    files: dict[str, bytes] = field(default_factory=dict)
    beside_damage: bool = False

    @property
    def image_suffix(self) -> str | None:
        """Suffix of the sample's first image."""
        return next((suffix for suffix in self.files if is_image(f"x.{suffix}")), None)


def read_samples(
    open_stream: OpenStream, path: str, contents: bool = True
) -> Iterator[Sample | Damage]:
    """Read the samples of a tar file.

    A sample beside damage is left out if it lacks a suffix that former ones, or the next one, have.

    Args:
        open_stream: Opens the tar file, which may be compressed.
        path: Name of the file in messages.
        contents: Whether to read the contents of the files; otherwise only headers are read.

    Yields:
        Samples in their order, and what is damaged or left out.

    Raises:
        ValueError: A sample has two files of one suffix.
    """
    suffixes: set[str] = set()
    former: Sample | None = None
    for item in _group(read_members(open_stream, path, contents), path):
        if isinstance(item, Damage):
            yield item
            continue
        suffixes |= item.files.keys()
        if former is not None:
            yield _whole(former, suffixes, path)
        former = item
    if former is not None:
        yield _whole(former, suffixes, path)


def _group(members: Iterable[tuple[str, bytes] | Damage], path: str) -> Iterator[Sample | Damage]:
    sample: Sample | None = None
    beside_damage = False
    for item in members:
        if isinstance(item, Damage):
            beside_damage = True
            if sample is not None:
                sample.beside_damage = True
            yield item
            continue
        name, content = item
        match = _NAME.fullmatch(name)
        if match is None or _META.match(name):
            continue
        key, suffix = match[1], match[2].lower()
        if sample is None or key != sample.key:
            if sample is not None:
                yield sample
            sample = Sample(key, beside_damage=beside_damage)
        beside_damage = False
        if suffix in sample.files:
            raise ValueError(f"{path} has two files {key}.{suffix} in a row: one of them is wrong")
        sample.files[suffix] = content
    if sample is not None:
        yield sample


def _whole(sample: Sample, suffixes: set[str], path: str) -> Sample | Damage:
    missing = suffixes - sample.files.keys()
    if sample.beside_damage and missing:
        return Damage(f"{path}/{sample.key} lacks .{', .'.join(sorted(missing))} beside the damage")
    return sample
