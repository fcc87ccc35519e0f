"""Locks of files, which the system releases when their process ends, however it ends."""

import errno
import fcntl

# File systems that know no locks, such as Lustre without the mount option ``flock``.
_UNSUPPORTED = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file for this process, without waiting.

    It is a POSIX lock: child processes do not inherit it, and it ends when this process ends or
    closes any descriptor of the file. It does not exclude other users in the same process.

    Args:
        descriptor: Descriptor of a file that is open for writing.

    Returns:
        Whether the lock was acquired; None where the file system has no locks.

    Raises:
        OSError: The descriptor cannot be used.
    """
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        if error.errno in _UNSUPPORTED:
            return None
        raise
    return True
