"""Fig. 7: maxima of four metrics against the number of cells, from 1 to a million."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rzqiskit.cores import usable_cores
from rzqiskit.exact import evolve_exact
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import PAIR_COUNTINGS, RosenZenerBattery
from rzqiskit.reproduction.instances import (
    SCALING_INTERACTIONS,
    SCALING_NUM_QUBITS,
    paper_battery,
)
from rzqiskit.reproduction.measurement import measure_grid
from rzqiskit.schema import make_dataset, provenance

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SCALING_METRICS", "scaling", "solve_scaling", "solve_wide"]

SCALING_METRICS = ("stored_energy", "average_power", "energy_fluctuation", "diagonal_entropy")
WIDE_NUM_QUBITS = (100, 200, 500, 1000, 3000, 10**4, 10**5, 10**6)
WIDE_TOLERANCE = 1e-6
CIRCUIT_NUM_QUBITS = (2, 3, 5, 8, 12, 30, 100)
WIDE_CIRCUIT_NUM_QUBITS = (300, 1000, 10**4, 10**5, 10**6)
WIDE_INTERACTIONS = (-30.0, 1.0, 30.0)
"""Those of Fig. 7 that leave the state narrow enough for circuits of any width."""
TOLERANCE = 1e-8


def solve_scaling(
    num_qubits: tuple[int, ...] = tuple(SCALING_NUM_QUBITS), num_threads: int | None = None
) -> xr.Dataset:
    """Return the maxima for every interaction of Fig. 7 and both pair countings.

    Args:
        num_qubits: N, each.
        num_threads: all cores when None.

    Returns:
        Dims (num_qubits, pair_counting, interaction). Solved once; a copy each time.
    """
    return _solve_once(tuple(num_qubits), num_threads).copy(deep=True)


@lru_cache(maxsize=2)
def _solve_once(num_qubits: tuple[int, ...], num_threads: int | None) -> xr.Dataset:
    grid = BatteryGrid(
        paper_battery().drive,
        num_qubits=list(num_qubits),
        pair_counting=list(PAIR_COUNTINGS),
        interaction=list(SCALING_INTERACTIONS),
    )
    return evolve_exact(
        grid, quantities=SCALING_METRICS, tolerance=TOLERANCE, num_threads=num_threads
    )


def scaling(
    *,
    num_qubits: tuple[int, ...] = tuple(SCALING_NUM_QUBITS),
    wide_num_qubits: tuple[int, ...] = WIDE_NUM_QUBITS,
    circuit_num_qubits: tuple[int, ...] = CIRCUIT_NUM_QUBITS,
    wide_circuit_num_qubits: tuple[int, ...] = WIDE_CIRCUIT_NUM_QUBITS,
    shots: int = 4096,
    seed: int = 7,
    num_threads: int | None = None,
) -> xr.DataTree:
    """Return the data of Fig. 7, continued to a million cells.

    Args:
        num_qubits: N of the paper's panels.
        wide_num_qubits: N of their continuation.
        circuit_num_qubits: N at which circuits are run for every interaction.
        wide_circuit_num_qubits: N at which they are run for `WIDE_INTERACTIONS`.
        shots: shots of each circuit.
        seed: fixes them.
        num_threads: threads of the exact solver, all cores when None.

    Returns:
        ``exact``: every N from 1 to 100; ``wide``: N up to 10^6; ``circuit``: some N up to 100
        (Aer up to 14 cells, the emulator beyond), ``wide_circuit``: lambda = -30, 1, 30 up to
        10^6 cells on the emulator.
    """
    import xarray as xr

    drive = paper_battery().drive
    few = BatteryGrid(
        drive, num_qubits=list(circuit_num_qubits), interaction=list(SCALING_INTERACTIONS)
    )
    many = BatteryGrid(
        drive, num_qubits=list(wide_circuit_num_qubits), interaction=list(WIDE_INTERACTIONS)
    )
    measured = {
        "circuit": measure_grid(
            few, maxima=SCALING_METRICS, shots=shots, seed=seed, num_threads=num_threads
        ),
        # The levels that carry weight number a thousand: with few shots the entropy is all bias.
        "wide_circuit": measure_grid(
            many, maxima=SCALING_METRICS, shots=100 * shots, seed=seed, num_threads=num_threads
        ),
    }
    exact = {
        "exact": solve_scaling(num_qubits, num_threads),
        "wide": solve_wide(wide_num_qubits, num_threads=num_threads),
    }
    return xr.DataTree.from_dict(exact | measured)


def solve_wide(
    num_qubits: tuple[int, ...] = WIDE_NUM_QUBITS,
    interactions: tuple[float, ...] = SCALING_INTERACTIONS,
    num_threads: int | None = None,
) -> xr.Dataset:
    """Return the maxima for batteries of 100 to a million cells, see `scaling`.

    Args:
        num_qubits: N, each.
        interactions: lambda, each.
        num_threads: all cores when None.

    Returns:
        Dims (num_qubits, pair_counting, interaction).
    """
    along = {
        "num_qubits": num_qubits, "pair_counting": PAIR_COUNTINGS, "interaction": interactions
    }  # fmt: skip
    batteries = [
        paper_battery(num_qubits=n, pair_counting=counting, interaction=interaction)
        for n, counting, interaction in itertools.product(num_qubits, PAIR_COUNTINGS, interactions)
    ]
    # Pairs counted twice at lambda are pairs counted once at 2 lambda: most points come in twos.
    keys = [(battery.num_qubits, battery.jz_squared_coefficient) for battery in batteries]
    distinct = dict(zip(keys, batteries, strict=True))
    with ThreadPoolExecutor(num_threads or usable_cores()) as pool:
        solved = dict(zip(distinct, pool.map(_solve, distinct.values()), strict=True))
    shape = tuple(map(len, along.values()))
    values = {
        f"{kind}_{name}": np.array([solved[key][f"{kind}_{name}"].item() for key in keys])
        for name in SCALING_METRICS
        for kind in ("maximum", "time_of_maximum")
    }
    attrs = provenance(
        None, solver="exact", tolerance=WIDE_TOLERANCE, drive=paper_battery().drive.to_dict(),
        level_splitting=1.0,
    )  # fmt: skip
    return make_dataset(
        {name: (tuple(along), array.reshape(shape)) for name, array in values.items()},
        {name: ((name,), list(array)) for name, array in along.items()},
        attrs,
    )


def _solve(battery: RosenZenerBattery) -> xr.Dataset:
    """Return the maxima of one battery, whose state may spread over thousands of levels."""
    return evolve_exact(
        battery, [battery.drive.duration], quantities=SCALING_METRICS, tolerance=WIDE_TOLERANCE,
        max_levels=20_000,
    )  # fmt: skip
