"""Files that cannot be read."""

from typing import ClassVar, Self


class UnreadableFileError(OSError):
    """A file is missing, corrupt or of a kind that a dataset cannot use.

    It can be constructed from a message alone, as a data loader does with the errors of its
    workers.
    """

    kind: ClassVar[str] = "file"

    def __init__(self, message: str, path: str = "", reason: str = ""):
        super().__init__(message)
        self.path = path
        self.reason = reason

    @classmethod
    def of(cls, path: str, reason: str) -> Self:
        """Return the error for the file ``path``, whose message includes the remedy."""
        message = (
            f"Cannot read the {cls.kind} {path}: {reason}. Repair or remove the file, or set "
            f"on_error='skip' in the dataset: it replaces such {cls.kind}s, counts them and lists "
            "them at the end."
        )
        return cls(message, path, reason)


class UnreadableVideoError(UnreadableFileError):
    """A video is missing, corrupt, incomplete or too short for the requested clip."""

    kind = "video"


class UnreadableSoundError(UnreadableFileError):
    """A sound is missing, corrupt, incomplete, silent or too short for the requested clip."""

    kind = "sound"
