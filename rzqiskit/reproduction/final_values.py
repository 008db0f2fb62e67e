"""Fig. 4: final energy, fluctuation and entropy along cuts through the maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rzqiskit.analytic import leading
from rzqiskit.exact import evolve_exact
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import PAIR_COUNTINGS
from rzqiskit.reproduction.instances import (
    AMPLITUDE_RANGE,
    CUT_AMPLITUDES,
    CUT_PERIODS,
    INTERACTION,
    MAP_PERIOD_RANGE,
    NUM_QUBITS,
    paper_battery,
    sample_range,
)
from rzqiskit.reproduction.measurement import check_options, measure_grid
from rzqiskit.schema import make_dataset, provenance
from rzqiskit.validation import check_positive_integer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FINAL_METRICS", "final_value_cuts"]

FINAL_METRICS = ("stored_energy", "energy_fluctuation", "diagonal_entropy")


def final_value_cuts(
    *,
    num_points: int = 300,
    num_circuit_points: int = 15,
    shots: int = 4096,
    seed: int = 7,
    num_threads: int | None = None,
) -> xr.DataTree:
    """Return the data of Fig. 4.

    Args:
        num_points: points along each cut.
        num_circuit_points: points along each cut at which circuits are run.
        shots: shots of each circuit.
        seed: fixes them.
        num_threads: threads of the exact solver, all cores when None.

    Returns:
        Under ``by_amplitude`` (panels a, b: dims drive_period, drive_amplitude) and ``by_period``
        (panels c, d: dims drive_amplitude, drive_period) the nodes ``exact`` (also on
        `pair_counting`), ``leading`` (Eqs. 25 and 26 and the binomial entropy) and ``circuit``.
    """
    import xarray as xr

    check_options(shots, seed, num_threads)
    check_positive_integer("num_circuit_points", num_circuit_points)
    nodes = {}
    for name, (cut, fixed, along, bounds) in {
        "by_amplitude": ("drive_period", CUT_PERIODS, "drive_amplitude", AMPLITUDE_RANGE),
        "by_period": ("drive_amplitude", CUT_AMPLITUDES, "drive_period", MAP_PERIOD_RANGE),
    }.items():
        fine = _grid(
            {
                "pair_counting": list(PAIR_COUNTINGS),
                cut: list(fixed),
                along: sample_range(bounds, num_points),
            }
        )
        some = {
            cut: list(fixed),
            along: bounds[1] * (np.arange(num_circuit_points) + 0.5) / num_circuit_points,
        }
        nodes[f"{name}/exact"] = evolve_exact(
            fine, quantities=FINAL_METRICS, tolerance=1e-9, num_threads=num_threads
        )
        nodes[f"{name}/leading"] = _leading(
            _grid({cut: list(fixed), along: sample_range(bounds, num_points)})
        )
        nodes[f"{name}/circuit"] = measure_grid(
            _grid(some), finals=FINAL_METRICS, shots=shots, seed=seed, num_threads=num_threads
        )
    return xr.DataTree.from_dict(nodes)


def _grid(parameters: dict[str, Any]) -> BatteryGrid:
    return BatteryGrid(
        paper_battery().drive, num_qubits=NUM_QUBITS, interaction=INTERACTION, **parameters
    )


def _leading(grid: BatteryGrid) -> xr.Dataset:
    batteries = [grid.battery(index) for index in range(grid.size)]
    values = {
        "final_stored_energy": [leading.final_stored_energy(b) for b in batteries],
        "final_energy_fluctuation": [leading.final_energy_fluctuation(b) for b in batteries],
        "final_diagonal_entropy": [
            float(leading.diagonal_entropy(b, [b.drive.duration])[0]) for b in batteries
        ],
    }
    attrs = provenance(None, solver="analytic", method="leading", grid=grid.to_dict())
    variables = {name: (grid.dims, np.reshape(flat, grid.shape)) for name, flat in values.items()}
    return make_dataset(variables, dict(grid.coords), attrs)
