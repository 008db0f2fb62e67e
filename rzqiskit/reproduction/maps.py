"""Figs. 3 and 5: maxima and final values over the amplitude and the period of the pulse."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rzqiskit.exact import evolve_exact
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import PAIR_COUNTINGS
from rzqiskit.reproduction.instances import (
    AMPLITUDE_RANGE,
    INTERACTION,
    MAP_PERIOD_RANGE,
    NUM_QUBITS,
    paper_battery,
    sample_range,
)
from rzqiskit.reproduction.measurement import measure_grid
from rzqiskit.validation import check_positive_integer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["amplitude_period_maps", "solve_maps"]

TOLERANCE = 1e-8


def solve_maps(num_amplitudes: int, num_periods: int, num_threads: int | None = None) -> xr.Dataset:
    """Return maxima and finals of all metrics over the maps' range, both pair countings.

    Args:
        num_amplitudes: points on the axis v0 / Delta.
        num_periods: points on the axis Delta T.
        num_threads: all cores when None.

    Returns:
        Dims (pair_counting, drive_amplitude, drive_period). Solved once; a copy each time.
    """
    return _solve_once(num_amplitudes, num_periods, num_threads).copy(deep=True)


@lru_cache(maxsize=4)
def _solve_once(num_amplitudes: int, num_periods: int, num_threads: int | None) -> xr.Dataset:
    grid = BatteryGrid(
        paper_battery().drive,
        num_qubits=NUM_QUBITS,
        interaction=INTERACTION,
        pair_counting=list(PAIR_COUNTINGS),
        drive_amplitude=sample_range(AMPLITUDE_RANGE, num_amplitudes),
        drive_period=sample_range(MAP_PERIOD_RANGE, num_periods),
    )
    return evolve_exact(grid, tolerance=TOLERANCE, num_threads=num_threads)


def amplitude_period_maps(
    *,
    num_amplitudes: int = 200,
    num_periods: int = 200,
    num_circuit_points: int = 6,
    shots: int = 4096,
    seed: int = 7,
    num_threads: int | None = None,
) -> xr.DataTree:
    """Return the data of Figs. 3 and 5.

    Args:
        num_amplitudes: points on the axis v0 / Delta.
        num_periods: points on the axis Delta T.
        num_circuit_points: points on each axis at which circuits are run.
        shots: shots of each circuit.
        seed: fixes them.
        num_threads: threads of the exact solver, all cores when None.

    Returns:
        ``exact``: `solve_maps`; ``circuit``: the same quantities of the figures at some points,
        measured on Aer with pairs counted twice.
    """
    import xarray as xr

    check_positive_integer("num_circuit_points", num_circuit_points)
    inner = (np.arange(num_circuit_points) + 0.5) / num_circuit_points
    points = BatteryGrid(
        paper_battery().drive,
        num_qubits=NUM_QUBITS,
        interaction=INTERACTION,
        drive_amplitude=inner * AMPLITUDE_RANGE[1],
        drive_period=inner * MAP_PERIOD_RANGE[1],
    )
    measured = measure_grid(
        points,
        maxima=("stored_energy",),
        finals=("stored_energy", "energy_fluctuation", "diagonal_entropy"),
        shots=shots,
        seed=seed,
        num_threads=num_threads,
    )
    exact = solve_maps(num_amplitudes, num_periods, num_threads)
    return xr.DataTree.from_dict({"exact": exact, "circuit": measured})
