"""Load the compiled kernels once a process, and say how long that took.

The first use ever compiles them (numba, cached on disk); afterwards they are loaded.
"""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np

__all__ = ["kernel_loading_seconds"]


@lru_cache(maxsize=1)
def kernel_loading_seconds() -> float:
    """Load or compile the solver on the first call; return the seconds that this took."""
    start = time.perf_counter()
    from rzqiskit.dicke.observables import NUM_MOMENTS
    from rzqiskit.dicke.pulses import RECTANGULAR
    from rzqiskit.dicke.rotations import rotation_tables
    from rzqiskit.dicke.solver import NUM_METRICS, REPORT_FIELDS, solve_battery

    table, offsets = rotation_tables([1])
    solve_battery(
        1, 1.0, 0.0, RECTANGULAR, np.ones(4), np.array([0.0, 1.0]), np.empty((0, 1)),
        np.array([1.0]), 1.0, 1e-3, 2, 1000, table, offsets[0], True, np.zeros((NUM_METRICS, 1)),
        np.zeros((NUM_MOMENTS, 0)), np.zeros((NUM_METRICS, 2)), np.zeros(len(REPORT_FIELDS)),
        np.zeros((0, 0)), np.zeros(0, dtype=np.int64),
    )  # fmt: skip
    return time.perf_counter() - start
