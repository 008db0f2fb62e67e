"""Zero-noise extrapolation of the battery's metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.metrics import average_power
from rzqiskit.mitigation.zero_noise import Extrapolation, extrapolate_to_zero_noise
from rzqiskit.validation import check_non_negative, check_positive_integer, check_times

__all__ = ["extrapolate_metrics"]

FloatArray = npt.NDArray[np.float64]
Estimates = dict[str, tuple[FloatArray, FloatArray]]


def extrapolate_metrics(
    noise_factors: npt.ArrayLike,
    estimates: Sequence[Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]],
    *,
    num_qubits: int,
    level_splitting: float,
    times: npt.ArrayLike,
    method: Extrapolation = "linear",
    noise_stderr: npt.ArrayLike = 0.0,
) -> Estimates:
    """Return E, P, Sigma and P_I at zero noise with their standard errors.

    Args:
        noise_factors: x, shape (num_factors,) or, measured by a guide, (num_factors, num_times).
        estimates: for each noise factor what `estimate_metrics` or `mitigate_metrics` returned.
        num_qubits: N.
        level_splitting: Delta, energy.
        times: t, shape (num_times,).
        method: see `extrapolate_to_zero_noise`; the asymptote of "exponential" is that of the
            fully mixed state: N Delta / 2 for E, N Delta^2 / 4 for Sigma^2, 0 for P_I.
        noise_stderr: standard errors of `noise_factors`.

    Returns:
        name -> (values, standard errors), each of shape (num_times,): `stored_energy`,
        `average_power`, `energy_fluctuation` (by its square; 0 where that comes out negative)
        and, if every estimate has it, `instantaneous_power`. Populations and the entropy are no
        expectation values of a fixed operator and are not extrapolated.

    Raises:
        TypeError: arguments that are not numeric.
        ValueError: numbers of estimates, times and noise factors that do not match, an estimate
            without the stored energy or its fluctuation, an unknown method.

    Examples:
        >>> at_one = {"stored_energy": ([1.8], [0.02]), "energy_fluctuation": ([0.5], [0.02])}
        >>> at_three = {"stored_energy": ([1.4], [0.02]), "energy_fluctuation": ([0.7], [0.02])}
        >>> result = extrapolate_metrics(
        ...     [1, 3], [at_one, at_three], num_qubits=2, level_splitting=1.0, times=[0.5]
        ... )
        >>> values, stderr = result["stored_energy"]
        >>> values.round(3), stderr.round(3)
        (array([2.]), array([0.032]))
    """
    t = check_times(times)
    n = check_positive_integer("num_qubits", num_qubits)
    delta = check_non_negative("level_splitting", level_splitting)

    def stacked(name: str) -> tuple[FloatArray, FloatArray]:
        arrays = []
        for part in range(2):
            columns: list[Any] = []
            for index, record in enumerate(estimates):
                if name not in record:
                    raise ValueError(f"`estimates[{index}]` must have {name!r}, got none.")
                column = np.asarray(record[name][part], dtype=np.float64)
                if column.shape != t.shape:
                    raise ValueError(
                        f"`estimates[{index}]` must have {t.size} times, got shape {column.shape}."
                    )
                columns.append(column)
            arrays.append(np.array(columns))
        return arrays[0], arrays[1]

    def at_zero(values: FloatArray, errors: FloatArray, asymptote: float) -> Any:
        return extrapolate_to_zero_noise(
            noise_factors,
            values,
            errors,
            method=method,
            asymptote=asymptote,
            noise_stderr=noise_stderr,
        )

    energy, energy_error = at_zero(*stacked("stored_energy"), 0.5 * n * delta)
    sigma, sigma_error = stacked("energy_fluctuation")
    # e / sqrt(4 s^2 + e) is the error of a root; solved for e, that of the square.
    square_error = sigma_error * (0.5 * sigma_error + np.hypot(2.0 * sigma, 0.5 * sigma_error))
    square, error = at_zero(sigma**2, square_error, 0.25 * n * delta**2)
    square = np.maximum(square, 0.0)
    result: Estimates = {
        "stored_energy": (energy, energy_error),
        "average_power": (average_power(energy, t), average_power(energy_error, t)),
    }
    if all("instantaneous_power" in record for record in estimates):
        result["instantaneous_power"] = at_zero(*stacked("instantaneous_power"), 0.0)
    root = np.sqrt(4.0 * square + error)
    stderr = np.divide(error, root, out=np.zeros_like(error), where=root > 0.0)
    result["energy_fluctuation"] = (np.sqrt(square), stderr)
    return result
