"""Fig. 2: the four metrics against time, exact, analytic and on circuits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rzqiskit.reproduction.instances import AMPLITUDES, PERIOD, paper_battery

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["charging_curves"]

METHODS = ("paper", "leading", "second-order")


def charging_curves(
    *, num_times: int = 201, circuit_stride: int = 8, shots: int = 4096, seed: int = 7
) -> xr.DataTree:
    """Return the data of Fig. 2: what `rzqiskit.comparison.compare` finds for each amplitude.

    Args:
        num_times: number of times from 0 to T.
        circuit_stride: run circuits at every so many of them.
        shots: shots of each circuit.
        seed: fixes them.

    Returns:
        The tree of `join_reports` on the dim `drive_amplitude` with the closed forms of
        `METHODS`, for pairs counted twice as in Eq. 4, and the node ``unordered/exact`` with each
        pair counted once.
    """
    import xarray as xr

    from rzqiskit.comparison import compare, join_reports
    from rzqiskit.exact import evolve_exact

    times = np.linspace(0.0, PERIOD, num_times)
    reports = {
        amplitude: compare(
            paper_battery(amplitude=amplitude), times, methods=METHODS, shots=shots, seed=seed,
            circuit_stride=circuit_stride,
        )
        for amplitude in AMPLITUDES
    }  # fmt: skip
    tree = join_reports(reports)
    once = {
        amplitude: xr.DataTree.from_dict(
            {
                "exact": evolve_exact(
                    paper_battery(amplitude=amplitude, pair_counting="unordered"), times
                )
            }
        )
        for amplitude in AMPLITUDES
    }
    tree["unordered/exact"] = join_reports(once)["exact"]
    return tree
