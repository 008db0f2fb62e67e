"""Fig. 6: levels of the undriven battery and the largest stored energy against the interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rzqiskit.exact import evolve_exact
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import PAIR_COUNTINGS
from rzqiskit.reproduction.instances import LEVEL_NUM_QUBITS, LEVEL_RANGE, paper_battery
from rzqiskit.reproduction.measurement import check_options, measure_grid
from rzqiskit.spectrum import undriven_spectrum
from rzqiskit.validation import check_positive_integer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CHARGING_RANGE", "CHARGING_SIZES", "transition"]

CHARGING_RANGE = (-3.0, 4.0)
"""lambda of Fig. 6(b): a choice, wide enough for the maximum with either pair counting."""
CHARGING_SIZES = (10, 100, 1000)
"""N = 100 is the paper's; the others show whether the maximum follows the transition."""


def transition(
    *,
    num_interactions: int = 281,
    num_circuit_points: int = 15,
    shots: int = 4096,
    seed: int = 7,
    num_threads: int | None = None,
) -> xr.DataTree:
    """Return the data of Fig. 6.

    Args:
        num_interactions: points on the axis lambda of panel (b).
        num_circuit_points: points at which circuits are run, on the emulator.
        shots: a sixteenth of the shots of each circuit: the whole effect is of a few 1e-3.
        seed: fixes them.
        num_threads: threads of the exact solver, all cores when None.

    Returns:
        ``spectrum/<pair counting>``: see `undriven_spectrum`; ``exact``: maximum_stored_energy on
        the dims (num_qubits, pair_counting, interaction); ``circuit``: the same at N = 100, pairs
        counted twice, at some interactions.
    """
    import xarray as xr

    check_options(shots, seed, num_threads)
    check_positive_integer("num_circuit_points", num_circuit_points)
    levels = np.linspace(*LEVEL_RANGE, 401)
    nodes = {
        f"spectrum/{counting}": undriven_spectrum(LEVEL_NUM_QUBITS, levels, pair_counting=counting)
        for counting in PAIR_COUNTINGS
    }
    drive = paper_battery().drive
    grid = BatteryGrid(
        drive,
        num_qubits=list(CHARGING_SIZES),
        pair_counting=list(PAIR_COUNTINGS),
        interaction=np.linspace(*CHARGING_RANGE, num_interactions),
    )
    nodes["exact"] = evolve_exact(
        grid, quantities=["stored_energy"], tolerance=1e-10, num_threads=num_threads
    )
    points = BatteryGrid(
        drive,
        num_qubits=LEVEL_NUM_QUBITS,
        interaction=np.linspace(*CHARGING_RANGE, num_circuit_points),
    )
    nodes["circuit"] = measure_grid(
        points, maxima=["stored_energy"], shots=16 * shots, seed=seed, num_threads=num_threads
    )
    return xr.DataTree.from_dict(nodes)
