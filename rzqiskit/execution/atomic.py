"""Files that appear whole or not at all, whatever happens to the process that writes them."""

from __future__ import annotations

import errno
import os
import uuid
from pathlib import Path

from rzqiskit.execution.locks import hold_lock

__all__ = ["move_folder", "write_atomically"]

_LOCK = ".exclusive.lock"


def write_atomically(path: Path, data: bytes, *, exclusive: bool = False) -> None:
    """Write a file beside its place, force it to the disk, and move it there.

    Args:
        path: where the file is to be; one that is there already is replaced.
        data: what it holds.
        exclusive: refuse to replace a file.

    Raises:
        FileExistsError: `exclusive`, and there is a file.
        OSError: the disk does not take the file; or `exclusive`, and it has neither hard links nor
            locks.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_atomically(folder / "a.json", b"{}")
        >>> [path.name for path in folder.iterdir()]
        ['a.json']
    """
    part = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if exclusive:
            _move_exclusively(part, path)
        else:
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _move_exclusively(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links: looking and moving take two steps, under a lock
        with hold_lock(path.with_name(_LOCK)) as locked:
            if not locked:
                raise
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
            os.replace(part, path)


def move_folder(part: Path, path: Path) -> None:
    """Move a finished folder to its place, where nothing may be yet.

    Args:
        part: the folder, on the same disk.
        path: its place; an empty folder may be there.

    Raises:
        OSError: something is there already.
    """
    os.rename(part, path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # The new name itself must reach the disk, too.
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # a system that opens no folders
        return
    try:
        os.fsync(descriptor)
    except OSError:  # a file system that syncs no folders
        pass
    finally:
        os.close(descriptor)
