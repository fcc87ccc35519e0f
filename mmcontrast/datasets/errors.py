"""Files that cannot be read."""

from typing import ClassVar, Self


class UnreadableFileError(OSError):
    """A file is missing, corrupt or of a kind that a data set cannot use.

    It can be made of a message alone, which is how it comes out of a data loader's worker.
    """

    kind: ClassVar[str] = "file"

    def __init__(self, message: str, path: str = "", reason: str = ""):
        super().__init__(message)
        self.path = path
        self.reason = reason

    @classmethod
    def of(cls, path: str, reason: str) -> Self:
        """The error for the file ``path``, with the remedy."""
        message = (
            f"Cannot read the {cls.kind} {path}: {reason}. Repair or remove the file, or set "
            f"on_error='skip' in the dataset: it replaces such {cls.kind}s, counts them and lists "
            "them at the end."
        )
        return cls(message, path, reason)


class UnreadableVideoError(UnreadableFileError):
    """A video is missing, corrupt, incomplete or too short for the clip that is wanted."""

    kind = "video"
