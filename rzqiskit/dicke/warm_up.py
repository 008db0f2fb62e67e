"""Load the compiled kernels once a process, and say how long that took.

The first use ever compiles them (numba, cached on disk); afterwards they are loaded.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Literal

import numpy as np

__all__ = ["kernel_loading_seconds"]


Route = Literal["moments", "dense", "window", "lanes"]
"""What is to be had of the populations: nothing, all of them, or those with weight; or a grid."""


@lru_cache(maxsize=4)
def kernel_loading_seconds(route: Route = "moments") -> float:
    """Load or compile the solver on the first call; return the seconds that this took.

    Each route is compiled on its own, when it is needed.
    """
    start = time.perf_counter()
    if route == "lanes":
        _load_lanes()
    else:
        _load_single(route)
    return time.perf_counter() - start


def _load_single(route: Route) -> None:
    from rzqiskit.dicke.dense_rotation import DENSE_MAX_QUBITS, rotation_tables
    from rzqiskit.dicke.observables import NUM_MOMENTS
    from rzqiskit.dicke.pulses import RECTANGULAR
    from rzqiskit.dicke.solver import NUM_METRICS, REPORT_FIELDS, solve_battery

    num_qubits = DENSE_MAX_QUBITS + 1 if route == "window" else 1
    rotation = rotation_tables([1])[0] if route == "dense" else None
    windowed = True if route == "window" else None
    solve_battery(
        num_qubits, 1.0, 0.0, RECTANGULAR, np.ones(4), np.array([0.0, 1.0]), np.empty((0, 1)),
        np.array([1.0]), 1.0, 1e-3, 2, 1000, 1, rotation, 0, windowed,
        None if route == "moments" else True, np.zeros((NUM_METRICS, 1)),
        np.zeros((NUM_MOMENTS, 0)), np.zeros((NUM_METRICS, 2)), np.zeros(len(REPORT_FIELDS)),
        np.zeros((0, 0)), np.zeros(0, dtype=np.int64),
    )  # fmt: skip


def _load_lanes() -> None:
    from rzqiskit.dicke.lanes import solve_lanes
    from rzqiskit.dicke.pulses import RECTANGULAR
    from rzqiskit.dicke.solver import NUM_METRICS, REPORT_FIELDS

    one = np.ones(1)
    solve_lanes(
        0, 1, np.ones(1, dtype=np.int64), one, 0.0 * one, RECTANGULAR, np.ones((1, 4)), one,
        np.empty((0, 1)), one, True, 1e-3, 2, 1000, 1, np.zeros((1, NUM_METRICS, 1)),
        np.zeros((1, NUM_METRICS, 2)), np.zeros((1, len(REPORT_FIELDS))),
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip
