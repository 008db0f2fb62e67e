"""The bytes of a chunk as Zarr 3 keeps them, made where the chunk is solved.

A worker sends what will stand on the disk, so the one process that writes has nothing to compute.
The arrays of a store name the codecs used here in their metadata: little-endian numbers in C order
or ``vlen-utf8`` texts, then Zstandard.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numcodecs  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from rzqiskit.sweeps.solve import BlockResult
from rzqiskit.sweeps.specification import SweepSpecification

__all__ = [
    "FAILURE",
    "ChunkLayout",
    "EncodedBlock",
    "chunk_checksum",
    "chunk_layouts",
    "encode_block",
    "failure_texts",
]

FAILURE = "failure"
# Level 0 is Zstandard's default, a good half of a millisecond for a megabyte.
ZSTD_LEVEL = 0


class ChunkLayout(NamedTuple):
    """How one array of a store looks within a chunk.

    Attributes:
        shape: lengths of a whole chunk.
        dtype: "float64", "int64" or "string".
        fill: what stands where nothing was written.
    """

    shape: tuple[int, ...]
    dtype: str
    fill: Any


class EncodedBlock(NamedTuple):
    """A solved block as it is written.

    Attributes:
        files: array -> bytes of its chunk; arrays with nothing but their fill value have none.
        sha256: see `chunk_checksum`.
        num_failed: number of failed points.
        first_failure: index in the block and reason of the first of them.
    """

    files: dict[str, bytes]
    sha256: str
    num_failed: int
    first_failure: tuple[int, str] | None


def chunk_layouts(
    specification: SweepSpecification, chunk_shape: tuple[int, ...]
) -> dict[str, ChunkLayout]:
    """Return the layout of every array of a store, the reasons of failed points last.

    Args:
        specification: the whole sweep.
        chunk_shape: lengths of a chunk along the dims of the sweep.
    """
    layouts = {}
    for name in specification.quantities:
        _, shape, dtype, fill = specification.layout(name)
        layouts[name] = ChunkLayout((*chunk_shape, *shape[len(chunk_shape) :]), dtype, fill)
    return layouts | {FAILURE: ChunkLayout(chunk_shape, "string", "")}


def encode_block(
    layouts: Mapping[str, ChunkLayout], shape: tuple[int, ...], result: BlockResult
) -> EncodedBlock:
    """Return the bytes of one chunk.

    Args:
        layouts: of the store, see `chunk_layouts`.
        shape: of the block, which is shorter than a chunk at the end of a dim.
        result: the numbers of the block.
    """
    files = {}
    for name, layout in layouts.items():
        if name == FAILURE:
            data = _encode_texts(layout, failure_texts(shape, result))
        else:
            data = _encode_numbers(layout, result.values[name])
        if data is not None:
            files[name] = data
    return EncodedBlock(
        files, chunk_checksum(layouts, files), result.num_failed, result.first_failure
    )


def chunk_checksum(layouts: Mapping[str, ChunkLayout], files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of a chunk's files.

    Args:
        layouts: of the store.
        files: array -> bytes, for the arrays that have a file.
    """
    digest = hashlib.sha256()
    for name in layouts:
        digest.update(f"{name}:".encode())
        digest.update(files.get(name, b"fill value"))
    return digest.hexdigest()


def failure_texts(shape: tuple[int, ...], result: BlockResult) -> npt.NDArray[Any]:
    """Return why each point of a block failed, "" where it did not.

    Args:
        shape: of the block.
        result: the numbers of the block.
    """
    texts = np.full(shape, "", dtype=object)
    for index, reason in result.failures.items():
        texts.flat[index] = reason
    return texts


def _encode_numbers(layout: ChunkLayout, values: npt.NDArray[Any]) -> bytes | None:
    dtype = np.dtype(layout.dtype).newbyteorder("<")
    whole = np.full(layout.shape, layout.fill, dtype=dtype)
    whole[tuple(slice(0, length) for length in values.shape)] = values
    empty = np.isnan(whole).all() if math.isnan(layout.fill) else not (whole != layout.fill).any()
    return None if empty else _compress(whole.tobytes())


def _encode_texts(layout: ChunkLayout, texts: npt.NDArray[Any]) -> bytes | None:
    if not any(texts.flat):
        return None
    whole = np.full(layout.shape, layout.fill, dtype=object)
    # With the dots a sweep without dims gets its text, and not the array that holds it.
    region: tuple[Any, ...] = (..., *(slice(0, length) for length in texts.shape))
    whole[region] = texts
    return _compress(bytes(numcodecs.VLenUTF8().encode(whole.ravel())))


def _compress(data: bytes) -> bytes:
    return bytes(numcodecs.Zstd(level=ZSTD_LEVEL).encode(data))
