r"""The battery's metrics from counts, with standard errors; the witness J^2.

Everything here sees arrays of counts of Hamming weights and never asks where they came from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.estimation.counts import check_counts
from rzqiskit.estimation.entropy import estimate_entropy
from rzqiskit.estimation.moments import (
    estimate_mean,
    estimate_populations,
    estimate_standard_deviation,
)
from rzqiskit.metrics import average_power
from rzqiskit.validation import check_non_negative, check_real_array, check_times

__all__ = ["estimate_metrics", "estimate_total_spin_squared"]

FloatArray = npt.NDArray[np.float64]
Estimates = dict[str, tuple[FloatArray, FloatArray]]


def estimate_metrics(
    counts: npt.ArrayLike,
    *,
    level_splitting: float,
    times: npt.ArrayLike,
    counts_y: npt.ArrayLike | None = None,
    drive_values: npt.ArrayLike | None = None,
) -> Estimates:
    """Return populations and metrics with their standard errors, by the schema's names.

    Args:
        counts: n_k measured in Z, shape (num_times, N + 1): how often k of N cells were found
            excited. The number of shots may differ between times.
        level_splitting: Delta, energy.
        times: t, shape (num_times,), not negative and strictly increasing.
        counts_y: the same measured in Y, where k - N/2 is the eigenvalue of Jy; None for no
            instantaneous power.
        drive_values: f(t), shape (num_times,), energy; goes with `counts_y`.

    Returns:
        name -> (values, standard errors): `population`, shape (num_times, N + 1), and, each of
        shape (num_times,), `stored_energy`, `average_power`, `energy_fluctuation`,
        `diagonal_entropy` and, with `counts_y`, `instantaneous_power` = Delta f(t) <Jy>.

    Raises:
        TypeError: counts that are not integers, another argument that is not numeric.
        ValueError: counts that are negative, empty or do not match the times; only one of
            `counts_y` and `drive_values`.

    Notes:
        No finite number of shots gives an error of zero (see `estimate_mean`). Two values are
        known without measuring and have the error 0: the average power at t = 0, which is 0, and
        the instantaneous power where f(t) = 0. From five shots on root mean square pulls
        are 0.67 to 1.37 for levels like those of independent cells (N = 4 to 1000, see
        docs/error_bars.md) unless a far level is rarer than one
        in the shots. Where these are fewer than the levels in use they hardly tell S, and its
        error says so. The five metrics of one time come from the same shots and are correlated.

    Examples:
        >>> estimates = estimate_metrics(
        ...     [[1000, 0, 0], [250, 500, 250]], level_splitting=1.0, times=[0.0, 0.5]
        ... )
        >>> values, stderr = estimates["stored_energy"]
        >>> values, stderr.round(4)
        (array([0., 1.]), array([0.001 , 0.0224]))
    """
    t = check_times(times)
    delta = check_non_negative("level_splitting", level_splitting)
    z = _check_record("counts", counts, t.size)
    excitations = np.arange(z.shape[-1], dtype=np.float64)

    mean, mean_error = estimate_mean(z, excitations)
    deviation, deviation_error = estimate_standard_deviation(z)
    energy, energy_error = delta * mean, delta * mean_error
    estimates: Estimates = {
        "population": estimate_populations(z),
        "stored_energy": (energy, energy_error),
        "average_power": (average_power(energy, t), average_power(energy_error, t)),
    }
    if (counts_y is None) != (drive_values is None):
        missing = "drive_values" if drive_values is None else "counts_y"
        given = "counts_y" if drive_values is None else "drive_values"
        raise ValueError(f"`{missing}` must be given with `{given}`, got None.")
    if counts_y is not None:
        y = _check_record("counts_y", counts_y, t.size)
        if y.shape != z.shape:
            raise ValueError(
                f"`counts_y` must have the shape of `counts`, {z.shape}, got {y.shape}."
            )
        force = delta * _check_drive_values(drive_values, t.size)
        spin, spin_error = estimate_mean(y, excitations - 0.5 * (y.shape[-1] - 1))
        estimates["instantaneous_power"] = (force * spin, np.abs(force) * spin_error)
    estimates["energy_fluctuation"] = (delta * deviation, delta * deviation_error)
    estimates["diagonal_entropy"] = estimate_entropy(z)
    return estimates


def estimate_total_spin_squared(
    counts_x: npt.ArrayLike, counts_y: npt.ArrayLike, counts_z: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return <J^2> from counts in X, Y and Z, and its standard error: a witness of errors.

    The Hamiltonian and every layer of its circuits conserve J^2 = N/2 (N/2 + 1), its largest
    value. What is measured below that is hardware error, whatever the parameters.

    Args:
        counts_x: n_k measured in X, shape (..., N + 1); k - N/2 is an eigenvalue of Jx.
        counts_y: the same for Jy, same shape.
        counts_z: the same for Jz, same shape.

    Returns:
        <Jx^2> + <Jy^2> + <Jz^2> and its standard error, both shape (...); the three bases are
        independent runs.

    Raises:
        TypeError: counts that are not integers.
        ValueError: a negative count, a record without a shot, different shapes.

    Examples:
        >>> value, stderr = estimate_total_spin_squared([[50, 0, 50]], [[0, 90, 0]], [[45, 0, 45]])
        >>> value, stderr.round(3)
        (array([2.]), array([0.018]))
    """
    z = check_counts("counts_z", counts_z)
    square = (np.arange(z.shape[-1]) - 0.5 * (z.shape[-1] - 1)) ** 2
    value, variance = np.zeros(z.shape[:-1]), np.zeros(z.shape[:-1])
    for name, counts in (("counts_x", counts_x), ("counts_y", counts_y), ("counts_z", z)):
        record = check_counts(name, counts)
        if record.shape != z.shape:
            raise ValueError(
                f"`{name}` must have the shape of `counts_z`, {z.shape}, got {record.shape}."
            )
        mean, error = estimate_mean(record, square)
        value, variance = value + mean, variance + error**2
    return value, np.sqrt(variance)


def _check_record(name: str, counts: Any, num_times: int) -> npt.NDArray[np.int64]:
    record = check_counts(name, counts)
    if record.ndim != 2 or record.shape[0] != num_times:
        raise ValueError(
            f"`{name}` must have the shape (num_times, N + 1) with num_times = {num_times}, "
            f"got {record.shape}."
        )
    return record


def _check_drive_values(drive_values: Any, num_times: int) -> FloatArray:
    array = check_real_array("drive_values", drive_values)
    if array.shape != (num_times,):
        raise ValueError(f"`drive_values` must have the shape ({num_times},), got {array.shape}.")
    return array
