"""How the kernels are compiled: cached on disk, without the lock, IEEE arithmetic as written."""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["inner", "kernel"]

kernel: Any = njit(cache=True, nogil=True, error_model="numpy")
"""Decorates what Python calls."""

inner: Any = njit(
    cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""Decorates what only other kernels call: it compiles faster without the ways in from outside."""
