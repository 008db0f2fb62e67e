"""Files that appear whole or not at all, and never in place of another."""

from __future__ import annotations

import contextlib
import itertools
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["open_output_folder", "write_netcdf", "write_whole"]


@contextlib.contextmanager
def open_output_folder(
    folder: Path | None, *, default: str, names: Sequence[str], overwrite: bool
) -> Iterator[Path]:
    """Provide the folder for the files `names`; remove it again if it stays empty.

    Args:
        folder: the folder, made where it does not exist; when None, the first of `default`,
            ``default-2``, ``default-3``, ... that does not exist in the current folder.
        default: see above.
        names: the files that will be written.
        overwrite: whether files of those names may be there already.

    Yields:
        The folder.

    Raises:
        ValueError: the folder cannot be made or written to, or has one of the files.
    """
    made = []
    try:
        if folder is None:
            folder = _make_numbered(default)
            made = [folder]
        else:
            made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"`output` must be a folder that can be made, got {folder or default}: "
            f"{error.strerror}."
        ) from None
    try:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ValueError(f"`output` must be a folder that can be written to, got {folder}.")
        for name in names:
            if (folder / name).exists() and not overwrite:
                raise ValueError(
                    f"`output` must not hold {name} already (or give --overwrite), got {folder}."
                )
        yield folder
    finally:
        for path in made:
            with contextlib.suppress(OSError):  # not empty: it holds results
                path.rmdir()


def _make_numbered(default: str) -> Path:
    for number in itertools.count(1):
        folder = Path(default if number == 1 else f"{default}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError


def write_netcdf(data: xr.Dataset | xr.DataTree, path: Path, *, overwrite: bool) -> None:
    """Write results to a netCDF-4 file.

    Args:
        data: the results.
        path: where the file is to appear.
        overwrite: whether a file may be there already.

    Raises:
        ValueError: the file cannot be written, or is there already.
    """
    # In memory first: on a full disk HDF5 ends the process with a segmentation fault.
    content = data.to_netcdf(None, engine="h5netcdf")
    with write_whole(path, overwrite=overwrite) as part:
        part.write_bytes(content)


@contextlib.contextmanager
def write_whole(path: Path, *, overwrite: bool, option: str = "output") -> Iterator[Path]:
    """Provide a temporary path beside `path`, and move what was written there to `path`.

    Args:
        path: where the file is to appear.
        overwrite: whether a file may be there already.
        option: the option that named the file, for errors.

    Yields:
        The path to write to.

    Raises:
        ValueError: the file cannot be written, or is there already.
    """
    part = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:8]}.part{path.suffix}")
    try:
        yield part
        if overwrite:
            os.replace(part, path)
        else:
            _move_exclusively(part, path)
    except FileExistsError:
        raise ValueError(
            f"`{option}` must not hold {path.name} already (or give --overwrite), got "
            f"{path.parent}."
        ) from None
    except OSError as error:
        raise ValueError(f"`{option}` must be writable, got {path}: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


def _move_exclusively(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: check and move, which another process could outrun.
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(part, path)
