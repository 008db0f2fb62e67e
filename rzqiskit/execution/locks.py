"""Locks that the operating system holds for a process, and drops when it dies."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without such locks
    fcntl = None  # type: ignore[assignment]

__all__ = ["hold_lock", "is_locked"]

# Who asks holds the lock for a moment, and must not pass for one who keeps it.
_NUM_LOOKS = 4
_PAUSE = 2e-3  # seconds


@contextlib.contextmanager
def hold_lock(path: Path, *, shared: bool = False) -> Iterator[bool]:
    """Hold the lock of a file, made if it is not there, as long as the block runs.

    Args:
        path: the file; it stays, and means nothing by itself.
        shared: whether others may share the lock.

    Yields:
        Whether it is held: False on systems and disks without locks, and in folders that one may
        only read.

    Examples:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "lock"
        >>> with hold_lock(path) as held:
        ...     held, is_locked(path)
        (True, True)
        >>> is_locked(path)
        False
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:  # a folder that one may only read
        yield False
        return
    try:
        yield _lock(descriptor, shared=shared, wait=True) is True
    finally:
        os.close(descriptor)  # which drops the lock, too


def is_locked(path: Path) -> bool | None:
    """Return whether anyone holds the lock of a file; None where that cannot be said.

    Args:
        path: the file; nobody holds the lock of one that is not there.
    """
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:  # another user's file
        return None
    try:
        free = _lock(descriptor, shared=False, wait=False)
        for _ in range(_NUM_LOOKS - 1):
            if free is not False:
                break
            time.sleep(_PAUSE)
            free = _lock(descriptor, shared=False, wait=False)
        return None if free is None else not free
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, shared: bool, wait: bool) -> bool | None:
    """Return whether the lock was taken; None where there are no locks."""
    if fcntl is None:
        return None
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    try:
        fcntl.flock(descriptor, kind)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return None
    return True
