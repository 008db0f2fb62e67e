"""How far each way of measuring is from the exact solver, beside what was planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rzqiskit.circuits.product_formula import Formula
from rzqiskit.planning import PLANNED_METRICS, error_budget
from rzqiskit.schema import METRICS
from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.model import RosenZenerBattery

__all__ = ["BUDGET_TERMS", "compare_nodes", "summarize_deviations"]

BUDGET_TERMS = ("trotter_error", "device_error", "bias", "shot_error")
_LONG_NAMES = {
    "measured": "largest deviation",
    "measured_stderr": "standard error of the largest deviation",
    "rms_deviation": "root-mean-square deviation, less that of the standard errors",
    "rms_deviation_stderr": "standard error of the root-mean-square deviation",
    "num_lost": "times without a signal",
}


def compare_nodes(
    nodes: Mapping[str, xr.Dataset],
    battery: RosenZenerBattery,
    backend: Any,
    *,
    line: Sequence[int],
    shots: int,
    formula: Formula,
    attrs: Mapping[str, Any],
) -> xr.Dataset:
    """Return deviations from the exact solver, measured and planned.

    Args:
        nodes: name -> metrics; "exact" at all the times of the others, which have the same.
        battery: what is charged.
        backend: as for `compare_on_device`.
        line: physical qubits of the circuits.
        shots: of each circuit.
        formula: of the circuits.
        attrs: of the Dataset.

    Returns:
        The node ``budget`` of `compare_on_device`.
    """
    import xarray as xr

    names = [name for name in nodes if name != "exact"]
    time = nodes[names[0]]["time"].values
    shape = (len(METRICS), len(names))
    found: dict[str, Any] = {name: np.full(shape, np.nan) for name in _LONG_NAMES}
    found["num_lost"] = np.zeros(shape, dtype=np.int64)
    for row, metric in enumerate(METRICS):
        exact = nodes["exact"][metric].sel(time=time).values
        for column, name in enumerate(names):
            if metric not in nodes[name]:
                continue
            values = nodes[name][metric].values
            stderr = nodes[name].get(f"{metric}_stderr", np.zeros_like(values))
            for key, value in summarize_deviations(values - exact, np.asarray(stderr)).items():
                found[key][row, column] = value
    planned = np.full((len(METRICS), len(BUDGET_TERMS)), np.nan)
    for metric in PLANNED_METRICS:
        # The simulation has the cells' waits free.
        budget = error_budget(
            battery, num_steps=formula["num_steps"], order=formula["order"],
            frame=formula["frame"], shots=shots, metric=metric, times=time, backend=backend,
            waits=False, line=line,
        )  # fmt: skip
        planned[METRICS.index(metric)] = [getattr(budget, term) for term in BUDGET_TERMS]
    variables: dict[str, Any] = {
        name: (("metric", "node"), values, {"long_name": _LONG_NAMES[name]})
        for name, values in found.items()
    }
    variables["planned"] = (
        ("metric", "term"), planned, {"long_name": "largest deviation planned"},
    )  # fmt: skip
    coords = {"metric": list(METRICS), "node": names, "term": list(BUDGET_TERMS)}
    return xr.Dataset(variables, coords, attrs)


def summarize_deviations(deviation: FloatArray, stderr: FloatArray) -> dict[str, float]:
    """Return the largest and the root-mean-square deviation with their errors, and what is lost.

    Args:
        deviation: shape (num_times,), NaN where a time is lost.
        stderr: standard errors, same shape.

    Returns:
        `num_lost` and, where a time is left, `measured` and `rms_deviation` with their errors, see
        `compare_on_device`.

    Examples:
        >>> told = summarize_deviations(np.array([0.3, -0.5, np.nan]), np.array([0.1, 0.2, np.nan]))
        >>> told["num_lost"], told["measured"], told["measured_stderr"]
        (1, 0.5, 0.2)
        >>> round(told["rms_deviation"], 3), round(told["rms_deviation_stderr"], 3)
        (0.381, 0.122)
    """
    known = np.isfinite(deviation)
    told: dict[str, float] = {"num_lost": int(np.sum(~known))}
    if not known.any():
        return told
    size, variance = np.abs(deviation[known]), stderr[known] ** 2
    largest = int(np.argmax(size))
    mean_square = max(float(np.mean(size**2 - variance)), 0.0)
    # The variance of d^2 is 4 delta^2 sigma^2 + 2 sigma^4, where d^2 - sigma^2 tells delta^2.
    least = 2.0 * np.sum(variance**2)
    spread = float(np.sqrt(max(np.sum(4.0 * size**2 * variance) - least, least)) / size.size)
    # To second order, so that the root has an error at zero too.
    error = spread / np.sqrt(4.0 * mean_square + spread) if spread > 0.0 else 0.0
    return told | {
        "measured": float(size[largest]),
        "measured_stderr": float(np.sqrt(variance[largest])),
        "rms_deviation": float(np.sqrt(mean_square)),
        "rms_deviation_stderr": float(error),
    }
