"""A sweep on disk: a Zarr group, and beside it the manifest of the chunks that are done.

The manifest ``manifest.jsonl`` holds one JSON text a line: first the specification, its SHA-256
and the shape of the chunks, then a line for every finished chunk, with the SHA-256 of the bytes
that Zarr wrote for it and the reasons of failed points. A line is appended after the chunk has
been written, so that whatever kills the process, a chunk without a line is not believed; a chunk
whose bytes no longer have the checksum is not believed either.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rzqiskit.schema import describe
from rzqiskit.sweeps.chunks import chunk_regions, from_the_end, num_chunks
from rzqiskit.sweeps.encoding import (
    FAILURE,
    ZSTD_LEVEL,
    EncodedBlock,
    chunk_checksum,
    chunk_layouts,
    encode_block,
)
from rzqiskit.sweeps.provenance import devices_of, sweep_provenance
from rzqiskit.sweeps.solve import BlockResult
from rzqiskit.sweeps.specification import SpecificationError, SweepSpecification

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "StoreError",
    "SweepStore",
    "open_sweep",
    "stored_specification",
]

MANIFEST = "manifest.jsonl"
MANIFEST_FORMAT_VERSION = 1


class StoreError(ValueError):
    """A folder is no store of a sweep, or one that something else is writing to."""


class SweepStore:
    """A store opened for writing; close it, or use it as a context manager.

    Attributes:
        path: the folder.
        specification: what is swept.
        chunk_shape: lengths of a chunk.
        layouts: how each array looks within a chunk.
        regions: of the chunks.
        done: shape (number of chunks,), which chunks are finished and intact.
        num_damaged: chunks in the manifest whose bytes did not have their checksum.
    """

    def __init__(self, path: Path) -> None:
        header, lines = _read_manifest(path)
        self.path = path
        self._devices = header.get("devices", {})
        self.specification = SweepSpecification.from_dict(header["specification"])
        self.chunk_shape = tuple(header["chunk_shape"])
        self.layouts = chunk_layouts(self.specification, self.chunk_shape)
        _check_metadata(path)
        for name in self.layouts:
            if not (path / name / "zarr.json").is_file():
                raise StoreError(f"`store` must hold the array {name!r}, got {path} without it.")
            _check_metadata(path / name, self.layouts[name].shape)
        self._manifest = _open_exclusively(path / MANIFEST)
        self.regions = list(chunk_regions(self.specification.shape, self.chunk_shape))
        self.done = np.zeros(len(self.regions), dtype=bool)
        self.num_damaged = 0
        for chunk, line in lines.items():
            if self._checksum(chunk) == line["sha256"]:
                self.done[chunk] = True
            else:
                self.num_damaged += 1

    @classmethod
    def create(
        cls, path: Path, specification: SweepSpecification, chunk_shape: tuple[int, ...]
    ) -> SweepStore:
        """Make a store at `path`, which must not exist; it appears whole or not at all.

        Where another process makes one there meanwhile, that one is opened.

        Raises:
            StoreError: `path` exists, or another process writes to what it has made there.
        """
        if path.exists():
            raise StoreError(f"`store` must not exist yet, got {path}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}.part")
        header = {
            "format": MANIFEST_FORMAT_VERSION,
            "sha256": specification.identity(),
            "chunk_shape": list(chunk_shape),
            "specification": specification.to_dict(),
            "devices": devices_of(specification),
        }
        try:
            _write_skeleton(part, specification, chunk_shape)
            (part / MANIFEST).write_text(json.dumps(header) + "\n", encoding="utf-8")
            try:
                part.rename(path)
            except OSError:
                if not path.exists():
                    raise
        finally:  # gone where all went well
            shutil.rmtree(part, ignore_errors=True)
        return cls(path)

    def check_specification(self, specification: SweepSpecification) -> None:
        """Raise `SpecificationError` unless the store holds this sweep."""
        if specification.identity() != self.specification.identity():
            differences = "; ".join(specification.differences(self.specification))
            raise SpecificationError(
                f"`store` must hold the same sweep, but {self.path} holds another: {differences}."
            )
        if self._devices and not self.done.all():
            for name, now in devices_of(specification).items():
                then = self._devices[name]
                if now["calibration_sha256"] != then["calibration_sha256"]:
                    raise SpecificationError(
                        f"`store` must hold the same sweep, but the noise of {name} in {self.path} "
                        f"is that of {then['calibrated']}, here of {now['calibrated']}: install "
                        f"qiskit-ibm-runtime {then['qiskit-ibm-runtime']} to go on."
                    )

    def missing(self) -> Iterator[tuple[int, tuple[slice, ...]]]:
        """Yield number and region of every chunk that is not done, see `from_the_end`."""
        for chunk, region in from_the_end(self.regions):
            if not self.done[chunk]:
                yield chunk, region

    def write(self, chunk: int, result: BlockResult | EncodedBlock) -> None:
        """Write a chunk, then note in the manifest that it is there.

        Args:
            chunk: its number.
            result: its numbers, or already their bytes.

        Raises:
            OSError: the disk is full, or gone; what was finished before stays finished.
        """
        if isinstance(result, BlockResult):
            region = self.regions[chunk]
            shape = tuple(part.stop - part.start for part in region)
            result = encode_block(self.layouts, shape, result)
        for name, path in self._files(chunk):
            if name in result.files:
                _write_whole(path, result.files[name])
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        line = {"chunk": chunk, "sha256": result.sha256, "failed": result.num_failed}
        # One write, so that a line is torn only at the end of the file.
        data = (json.dumps(line) + "\n").encode()
        if os.write(self._manifest, data) != len(data):
            raise OSError(f"the manifest of {self.path} could not be written.")
        self.done[chunk] = True

    def _files(self, chunk: int) -> Iterator[tuple[str, str]]:
        """Yield each array and the file in which it has this chunk."""
        place = "".join(
            f"/{part.start // step}"
            for part, step in zip(self.regions[chunk], self.chunk_shape, strict=True)
        )
        for name, layout in self.layouts.items():
            further = "/0" * (len(layout.shape) - len(self.chunk_shape))  # whole in every chunk
            # Texts: with a `Path` each, opening a store of thousands of chunks takes twice as long.
            yield name, f"{self.path}/{name}/c{place}{further}"

    def _checksum(self, chunk: int) -> str:
        files = {}
        for name, path in self._files(chunk):
            # There is no file for a chunk of nothing but the fill value.
            with contextlib.suppress(FileNotFoundError), open(path, "rb", buffering=0) as file:
                files[name] = file.read()
        return chunk_checksum(self.layouts, files)

    def close(self) -> None:
        """Let another process write to the store."""
        os.close(self._manifest)

    def __enter__(self) -> SweepStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_sweep(store: str | os.PathLike[str]) -> xr.Dataset:
    """Return the results in a store, finished or not, without loading them.

    Args:
        store: the folder that `sweep` wrote.

    Returns:
        The Dataset, read from disk where it is used; NaN at points that failed or are not done.
        The attribute `chunks_done` tells how far the sweep is.

    Raises:
        StoreError: `store` is no store of a sweep, or one whose metadata are damaged.

    Examples:
        >>> import tempfile
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.sweeps import sweep
        >>> grid = {"drive": SineSquaredDrive(20.0, 0.3), "num_qubits": [2, 4]}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = sweep(grid, quantities=["final_stored_energy"], store=f"{folder}/study.zarr")
        ...     data = open_sweep(f"{folder}/study.zarr").load()
        >>> done, total = data.attrs["chunks_done"].split(" of ")
        >>> done == total
        True
        >>> data.final_stored_energy.values.round(2)
        array([1.98, 3.97])
    """
    import xarray as xr

    path = Path(store)
    header, lines = _read_manifest(path)
    _check_metadata(path)
    data = xr.open_zarr(path, chunks=None)
    specification = SweepSpecification.from_dict(header["specification"])
    data = data[[*specification.quantities, FAILURE]]  # in the order asked for
    # From the manifest, which has a checksum: a lost chunk of a coordinate would read as zeros, and
    # what is not a dim, as in a paired sweep, is none to xarray.
    data = data.assign_coords(specification.coords)
    total = num_chunks(specification.shape, tuple(header["chunk_shape"]))
    data.attrs["chunks_done"] = f"{len(lines)} of {total}"
    return data


def stored_specification(store: str | os.PathLike[str]) -> SweepSpecification:
    """Return what a store holds, or will hold when it is finished.

    Args:
        store: the folder that `sweep` wrote.

    Raises:
        StoreError: `store` is no store of a sweep.
    """
    header, _ = _read_manifest(Path(store))
    return SweepSpecification.from_dict(header["specification"])


def _read_manifest(path: Path) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    try:
        text = (path / MANIFEST).read_bytes().decode("utf-8", errors="replace")
    except OSError:
        raise StoreError(
            f"`store` must be a folder that a sweep has written, got {path}."
        ) from None
    first, *rest = text.split("\n")
    try:
        header = json.loads(first)
        specification = SweepSpecification.from_dict(header["specification"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"`store` must have a readable manifest, got {path}: {error}.") from None
    if header.get("format") != MANIFEST_FORMAT_VERSION:
        raise StoreError(f"`store` has a manifest of another format, {header.get('format')!r}.")
    if header["sha256"] != specification.identity():
        raise StoreError(f"`store` has a manifest whose specification was changed, got {path}.")
    lines: dict[int, dict[str, Any]] = {}
    for line in rest:
        try:
            entry = json.loads(line)
            lines[int(entry["chunk"])] = entry
        except (ValueError, KeyError, TypeError):
            continue  # the process was killed while it wrote this line
    total = num_chunks(specification.shape, tuple(header["chunk_shape"]))
    return header, {chunk: entry for chunk, entry in lines.items() if 0 <= chunk < total}


def _check_metadata(folder: Path, chunk_shape: tuple[int, ...] | None = None) -> None:
    file = folder / "zarr.json"
    try:
        metadata = json.loads(file.read_text(encoding="utf-8"))
        known = metadata["zarr_format"] == 3
        reason = "of another format"
        if known and chunk_shape is not None:
            kept = tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"])
            known, reason = kept == chunk_shape, f"of chunks {kept}, the manifest of {chunk_shape}"
    except OSError as error:
        known, reason = False, error.strerror or "unreadable"
    except (ValueError, KeyError, TypeError) as error:
        known, reason = False, f"damaged ({error})"
    if not known:
        raise StoreError(
            f"`store` must have readable metadata, but {file} is {reason}; "
            "nothing was changed, and the chunks are still there."
        )


def _open_exclusively(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    except OSError as error:
        raise StoreError(
            f"`store` must be one to write to, got {path.parent}: {error.strerror}."
        ) from None
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # no such locks on this system
        pass
    except BlockingIOError:
        os.close(descriptor)
        raise StoreError(
            f"`store` must not be written to by another process, got {path.parent}."
        ) from None
    except OSError:  # a disk without locks, as those of some clusters
        pass
    # A torn last line must not swallow the next one.
    size = os.lseek(descriptor, 0, os.SEEK_END)
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    if os.read(descriptor, 1) != b"\n":
        os.write(descriptor, b"\n")
    return descriptor


def _write_skeleton(
    path: Path, specification: SweepSpecification, chunk_shape: tuple[int, ...]
) -> None:
    import zarr
    from zarr.codecs import BytesCodec, VLenUTF8Codec, ZstdCodec

    group = zarr.create_group(str(path), attributes=sweep_provenance(specification), zarr_format=3)
    for name, (dims, values) in specification.coords.items():
        text = values.dtype.kind == "U"
        array = group.create_array(
            name, shape=values.shape, dtype="string" if text else values.dtype, dimension_names=dims
        )
        array[:] = values.astype(object) if text else values
    # Said rather than left to Zarr's defaults: `encode_block` writes what stands here.
    codecs: dict[str, Any] = {
        "compressors": ZstdCodec(level=ZSTD_LEVEL, checksum=False),
        "chunk_key_encoding": {"name": "default", "separator": "/"},
    }
    layouts = chunk_layouts(specification, chunk_shape)
    for name in specification.quantities:
        entry = describe(name)
        dims, shape, dtype, empty = specification.layout(name)
        group.create_array(
            name, shape=shape, chunks=layouts[name].shape, dtype=dtype, fill_value=empty,
            dimension_names=dims, serializer=BytesCodec(endian="little"), **codecs,
            attributes={"long_name": entry.long_name, "symbol": entry.symbol, "units": entry.unit},
        )  # fmt: skip
    group.create_array(
        FAILURE, shape=specification.shape, chunks=chunk_shape, dtype="string",
        dimension_names=specification.dims, serializer=VLenUTF8Codec(), **codecs,
        attributes={"long_name": "why the point failed"},
    )  # fmt: skip

    with warnings.catch_warnings():
        # Not in the specification of Zarr 3 yet. Readers without it list the folder, and wonder at
        # the manifest.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(str(path), zarr_format=3)


def _write_whole(path: str, data: bytes) -> None:
    # Renamed when complete: who reads a sweep that is still running sees no half of a chunk.
    folder, name = os.path.split(path)
    part = f"{folder}/.{name}.part"
    os.makedirs(folder, exist_ok=True)
    with open(part, "wb") as file:
        file.write(data)
    os.replace(part, path)
