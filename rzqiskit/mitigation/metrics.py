r"""Zero-noise extrapolation of the battery's metrics, from counts.

What decays under noise in a known way are means: that of m = k - N/2 (one-qubit operators) and
that of m^2 (pairs). E and Sigma are put together from their extrapolated values; Sigma itself, or
its square, is no single exponential and often not even monotonic in the noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.estimation.counts import IntArray, check_counts
from rzqiskit.estimation.moments import error_of_root, estimate_mean
from rzqiskit.metrics import average_power
from rzqiskit.mitigation.corrected import CorrectedCounts
from rzqiskit.mitigation.inversion import mitigate_mean
from rzqiskit.mitigation.readout import ReadoutErrors
from rzqiskit.mitigation.zero_noise import Extrapolation, NoiseFit, fit_noise
from rzqiskit.validation import check_non_negative, check_real_array, check_times

__all__ = ["extrapolate_metrics"]

FloatArray = npt.NDArray[np.float64]
Estimates = dict[str, tuple[FloatArray, FloatArray]]


def extrapolate_metrics(
    noise_factors: npt.ArrayLike,
    counts: npt.ArrayLike | CorrectedCounts,
    *,
    level_splitting: float,
    times: npt.ArrayLike,
    counts_y: npt.ArrayLike | CorrectedCounts | None = None,
    drive_values: npt.ArrayLike | None = None,
    readout: ReadoutErrors | None = None,
    method: Extrapolation = "exponential",
    noise_stderr: npt.ArrayLike = 0.0,
) -> Estimates:
    r"""Return E, P, Sigma and P_I at zero noise with their standard errors.

    Args:
        noise_factors: x, shape (num_factors,), or (num_factors, num_times) as `guide_noise` gives
            it for each time.
        counts: n_k measured in Z, shape (num_factors, num_times, N + 1); `CorrectedCounts` are
            corrected as they say.
        level_splitting: Delta, energy.
        times: t, shape (num_times,), not negative and strictly increasing.
        counts_y: the same measured in Y, or None for no instantaneous power.
        drive_values: f(t), shape (num_times,), energy; goes with `counts_y`.
        readout: readout errors to be undone first (amplified noise does not amplify them), or
            None.
        method: see `extrapolate_to_zero_noise`; the asymptotes of "exponential" are those of the
            fully mixed state, <m> = 0 and <m^2> = N/4.
        noise_stderr: standard errors of `noise_factors`.

    Returns:
        name -> (values, standard errors), each of shape (num_times,): `stored_energy`,
        `average_power`, `energy_fluctuation` and, with `counts_y`, `instantaneous_power`.
        Populations and the entropy are no means of fixed operators and are not extrapolated.

    Raises:
        TypeError: counts that are not integers, another argument that is not numeric.
        ValueError: arrays that do not match, too few noise factors, an unknown method; readout
            too bad to be inverted.

    Notes:
        Sigma^2 = <m^2> - <m>^2, both at zero noise; <m> and <m^2> of one noise factor share
        their shots, and the error takes account of it. Where noise makes Sigma^2 negative Sigma is
        0, with an error that says so. The error of a readout calibration, common to all noise
        factors, is counted as if independent, which overestimates it.

    Examples:
        >>> counts = [[[0, 40, 960]], [[10, 100, 890]]]
        >>> result = extrapolate_metrics(
        ...     [1, 3], counts, level_splitting=1.0, times=[0.5], method="linear"
        ... )
        >>> values, stderr = result["stored_energy"]
        >>> values.round(3), stderr.round(3)
        (array([2.]), array([0.011]))
    """
    t = check_times(times)
    delta = check_non_negative("level_splitting", level_splitting)
    z = _check_runs("counts", counts, t.size)
    num_qubits = z.shape[-1] - 1
    m = np.arange(num_qubits + 1) - 0.5 * num_qubits

    def fitted(
        runs: IntArray | CorrectedCounts, values: FloatArray, asymptote: float
    ) -> tuple[NoiseFit, FloatArray]:
        mean, error = _mean(runs, values, readout)
        fit = fit_noise(
            noise_factors,
            mean,
            error,
            method=method,
            asymptote=asymptote,
            noise_stderr=noise_stderr,
        )
        return fit, fit.error(error)

    first, error = fitted(z, m, 0.0)
    energy, energy_error = delta * (first.value + 0.5 * num_qubits), delta * error
    result: Estimates = {
        "stored_energy": (energy, energy_error),
        "average_power": (average_power(energy, t), average_power(energy_error, t)),
    }
    if (counts_y is None) != (drive_values is None):
        missing = "drive_values" if drive_values is None else "counts_y"
        raise ValueError("`counts_y` and `drive_values` must go together, got no " + missing + ".")
    if counts_y is not None:
        y = _check_runs("counts_y", counts_y, t.size)
        if y.shape != z.shape:
            raise ValueError(
                f"`counts_y` must have the shape of `counts`, {z.shape}, got {y.shape}."
            )
        force = delta * check_real_array("drive_values", drive_values)
        if force.shape != t.shape:
            raise ValueError(f"`drive_values` must have the shape {t.shape}, got {force.shape}.")
        spin, spin_error = fitted(y, m, 0.0)
        result["instantaneous_power"] = (force * spin.value, np.abs(force) * spin_error)

    second, _ = fitted(z, m**2, 0.25 * num_qubits)
    # Sigma^2 by its derivatives: second.c <m^2> - 2 <m> first.c <m>, a mean over the same shots.
    pull = 2.0 * first.value * first.coefficients
    values = second.coefficients[..., np.newaxis] * m**2 - pull[..., np.newaxis] * m
    _, of_shots = _mean(z, values, readout)
    of_noise = (second.coefficients * second.slopes - pull * first.slopes) * first.noise_stderr
    square_error = np.sqrt(
        np.sum(of_shots**2 + of_noise**2, axis=0)
        + second.rate_error**2
        + (2.0 * first.value * first.rate_error) ** 2
        + 2.0 * error**4
    )
    # The square of an estimate is high by its variance.
    square = np.maximum(second.value - first.value**2 + error**2, 0.0)
    result["energy_fluctuation"] = (
        delta * np.sqrt(square),
        delta * error_of_root(square, square_error),
    )
    return result


def _mean(
    counts: IntArray | CorrectedCounts, values: FloatArray, readout: ReadoutErrors | None
) -> tuple[FloatArray, FloatArray]:
    if readout is None and not isinstance(counts, CorrectedCounts):
        return estimate_mean(counts, values)
    if readout is None:
        raise ValueError("`readout` must be given with `CorrectedCounts`, got None.")
    return mitigate_mean(counts, values, readout)


def _check_runs(name: str, counts: Any, num_times: int) -> IntArray | CorrectedCounts:
    runs = counts if isinstance(counts, CorrectedCounts) else check_counts(name, counts)
    if len(runs.shape) != 3 or runs.shape[1] != num_times:
        raise ValueError(
            f"`{name}` must have the shape (num_factors, num_times, N + 1) with num_times = "
            f"{num_times}, got {runs.shape}."
        )
    return runs
