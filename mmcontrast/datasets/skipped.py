"""Files that were left out or replaced, since they cannot be read: counted, named and listed."""

from collections import Counter
from pathlib import Path

from mmcontrast.utils.atomic import write_atomically

_SHOWN_PATHS = 8


class SkippedFiles(Counter[str]):
    """How often each unreadable file was skipped, by path."""

    def write(self, path: str | Path) -> None:
        """Write all to a file: lines of count and path, separated by a tab.

        Raises:
            UnwritableError: The file cannot be written.
        """
        lines = [f"{times}\t{file}\n" for file, times in sorted(self.items())]
        write_atomically("".join(lines).encode("utf-8", "surrogateescape"), path)

    def describe(self, listing: str | Path | None = None) -> str:
        """Return the first paths in alphabetical order, and where the list of all is."""
        more = ", ..." if len(self) > _SHOWN_PATHS else ""
        where = "" if listing is None else f" (all in {listing})"
        return f"{', '.join(sorted(self)[:_SHOWN_PATHS])}{more}{where}"
