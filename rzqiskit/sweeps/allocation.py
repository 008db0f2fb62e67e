"""Memory that a worker frees stays with it, to be used again by the next point.

Dask starts its workers with ``MALLOC_TRIM_THRESHOLD_=65536``, so that they give memory back to the
system at once. glibc then also stops adapting the size above which an array gets pages of its own:
a point of half a megabyte of workspace is mapped, cleared and unmapped again every time, which
makes a worker a quarter slower than the same kernels in a process of one's own.
"""

from __future__ import annotations

import ctypes
import functools

__all__ = ["keep_freed_memory"]

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
# What glibc arrives at by itself where it may adapt: the largest it allows, and twice that.
_LARGEST = 32 * 2**20


@functools.cache
def keep_freed_memory() -> bool:
    """Let this process keep up to 64 MB of freed memory; return whether its allocator can.

    Notes:
        glibc only. Elsewhere there is nothing to undo, and nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # another system, another C library
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST) and mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST))
