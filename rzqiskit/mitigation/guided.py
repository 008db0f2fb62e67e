r"""Everything together: readout undone, and noise extrapolated along what the conserved J^2 shows.

The counts in X, Y and Z of each noise factor give J^2, hence the noise x = -ln R (see `guide`), and
the means of m = k - N/2 and m^2 - N/4, which decay as exp(-kappa x). How fast compared with J^2 is
known within bounds: kappa = 1/2 for single cells that are depolarised each by itself, 1 for pairs,
or where all cells are hit at once. So kappa is fitted with 0.85 +- 0.3 known beforehand. Where the
signal is strong the counts decide; where it is weak (a mean that happens to be near zero) nothing
is left to fit a rate to, and without that knowledge noise would be amplified at will.

Nor is every mean's decay an exponential to zero: errors also turn one component into another, and
T1 pulls. Over fake devices and widths that comes to about the parts MODEL_ERROR of the largest mean
times the share 1 - R of it that noise has taken; it counts as an error of its own.

Where more than two noise factors scatter about the fitted decay by more than their shots allow
(chi^2 per degree of freedom above 1), the part of the error that comes from shots is widened by
the square root of that. Both the constants and this rule are measured by
tests/benchmarks/guided_calibration.py.

Errors are by derivatives of the whole chain with respect to the share of every weight in every
record: the same Z counts serve the guide, E and Sigma; the same readout calibration serves all
noise factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.estimation.counts import check_counts
from rzqiskit.estimation.moments import error_of_root, estimate_mean
from rzqiskit.metrics import average_power
from rzqiskit.mitigation.corrected import CorrectedCounts
from rzqiskit.mitigation.inversion import (
    calibration_slopes,
    check_width,
    mitigate_mean,
    pulled_back,
)
from rzqiskit.mitigation.readout import ReadoutErrors
from rzqiskit.mitigation.zero_noise import NoiseFit, fit_noise
from rzqiskit.validation import check_non_negative, check_times

__all__ = ["KAPPA", "MODEL_ERROR", "extrapolate_guided_metrics"]

FloatArray = npt.NDArray[np.float64]
Estimates = dict[str, tuple[FloatArray, FloatArray]]
Records = npt.ArrayLike | CorrectedCounts

KAPPA = (0.85, 0.3)  # decay relative to that of J^2, and how well that is known
# Of <Jz>, of <Jy> (whose circuits have a layer more) and of <Jz^2>.
MODEL_ERROR = {"z": 0.06, "y": 0.10, "zz": 0.03}
_BASES = ("x", "y", "z")


def extrapolate_guided_metrics(
    counts: Records,
    *,
    counts_x: Records,
    counts_y: Records,
    level_splitting: float,
    times: npt.ArrayLike,
    drive_values: npt.ArrayLike,
    readout: ReadoutErrors | Mapping[str, ReadoutErrors] | None = None,
) -> Estimates:
    r"""Return E, P, Sigma and P_I at zero noise, guided by J^2, with their standard errors.

    Args:
        counts: n_k measured in Z, shape (num_factors, num_times, N + 1), the circuit as it stands
            first, then with amplified noise; one factor is enough, more of them tell the rates.
            Plain counts or `CorrectedCounts`, here and below.
        counts_x: the same measured in X.
        counts_y: the same measured in Y.
        level_splitting: Delta, energy.
        times: t, shape (num_times,), not negative and strictly increasing.
        drive_values: f(t), shape (num_times,), energy.
        readout: readout errors to be undone first, of all bases or by basis ("x", "y", "z"), where
            each was measured on other qubits.

    Returns:
        name -> (values, standard errors), each of shape (num_times,): `stored_energy`,
        `average_power`, `energy_fluctuation`, `instantaneous_power`; NaN at times where J^2 shows
        no signal left even without amplification. The errors contain shots, calibration, the
        decay's uncertainty and MODEL_ERROR.

    Raises:
        TypeError: counts that are not integers, another argument that is not numeric.
        ValueError: arrays that do not match, a single cell, readout too bad to be inverted.

    Notes:
        With so few shots that J^2 tells no signal at most of the times, the others show it by
        luck, and their errors are too small: up to 2.1 times at 30 shots and N = 2, more below.
        At 300 shots (N = 2) or 30 (N = 4) that is over.

    Examples:
        >>> record = [[[2500, 4600, 2500]]]
        >>> result = extrapolate_guided_metrics(
        ...     [[[150, 1450, 8000]]], counts_x=record, counts_y=record, level_splitting=1.0,
        ...     times=[0.5], drive_values=[2.0],
        ... )
        >>> values, stderr = result["stored_energy"]
        >>> values.round(2), stderr.round(2)
        (array([2.01]), array([0.08]))
    """
    t = check_times(times)
    delta = check_non_negative("level_splitting", level_splitting)
    records: dict[str, Any] = {}
    for basis, given in (("z", counts), ("x", counts_x), ("y", counts_y)):
        name = "counts" if basis == "z" else f"counts_{basis}"
        records[basis] = given if isinstance(given, CorrectedCounts) else check_counts(name, given)
    shape = records["z"].shape
    if len(shape) != 3 or shape[1] != t.size or shape[2] < 3:
        raise ValueError(
            "`counts` must have the shape (num_factors, num_times, N + 1) with num_times = "
            f"{t.size} and N > 1, got {shape}."
        )
    for basis in ("x", "y"):
        if records[basis].shape != shape:
            raise ValueError(
                f"`counts_{basis}` must have the shape of `counts`, {shape}, got "
                f"{records[basis].shape}."
            )
    force = delta * np.asarray(drive_values, dtype=np.float64)
    if force.shape != t.shape or not np.isfinite(force).all():
        raise ValueError(f"`drive_values` must be {t.size} finite numbers, one for each time.")
    chain = _Chain(records, _by_basis(readout))
    num = shape[2] - 1

    first = chain.extrapolated("z", chain.levels, MODEL_ERROR["z"])
    energy, energy_error = delta * (first.value + 0.5 * num), delta * first.error
    spin = chain.extrapolated("y", chain.levels, MODEL_ERROR["y"])
    second = chain.extrapolated("z", chain.levels**2 - 0.25 * num, MODEL_ERROR["zz"])
    square = second.minus(first, 2.0 * first.value)
    # The square of an estimate is high by its variance.
    variance = np.maximum(second.value + 0.25 * num - first.value**2 + first.error**2, 0.0)
    spread = np.sqrt(square**2 + 2.0 * first.error**4)
    estimates: Estimates = {
        "stored_energy": (energy, energy_error),
        "average_power": (average_power(energy, t), average_power(energy_error, t)),
        "instantaneous_power": (force * spin.value, np.abs(force) * spin.error),
        "energy_fluctuation": (delta * np.sqrt(variance), delta * error_of_root(variance, spread)),
    }
    for name, pair in estimates.items():
        values, errors = (np.where(chain.usable[0], array, np.nan) for array in pair)
        estimates[name] = (values, errors)
    return estimates


def _by_basis(readout: Any) -> Mapping[str, ReadoutErrors | None]:
    if readout is None or isinstance(readout, ReadoutErrors):
        return dict.fromkeys(_BASES, readout)
    if not isinstance(readout, Mapping) or set(readout) != set(_BASES):
        raise ValueError(
            "`readout` must be ReadoutErrors, or one for each of 'x', 'y', 'z', got "
            f"{sorted(readout) if isinstance(readout, Mapping) else type(readout).__name__}."
        )
    return readout


@dataclass(frozen=True, slots=True)
class _Extrapolated:
    """A mean at zero noise, with its derivatives by the shares of all weights."""

    chain: _Chain
    value: FloatArray
    shares: dict[str, FloatArray]  # basis -> (num_factors, num_times, N + 1)
    systematic: FloatArray  # what rate and model add to the error, shape (num_times,)
    widening: FloatArray  # of the rest of the error, shape (num_times,)

    @property
    def error(self) -> FloatArray:
        return np.hypot(self.widening * self.chain.error(self.shares), self.systematic)

    def minus(self, other: _Extrapolated, factor: FloatArray) -> FloatArray:
        """Return the standard error of this less `factor` times the other."""
        shares = dict(self.shares)
        for basis, values in other.shares.items():
            shares[basis] = shares.get(basis, 0.0) - factor[:, np.newaxis] * values
        systematic = np.hypot(self.systematic, factor * other.systematic)
        # One for both: apart, less of their common shots could cancel, or more.
        widening = np.maximum(self.widening, other.widening)
        return np.hypot(widening * self.chain.error(shares), systematic)


class _Chain:
    """Records of three bases, their readout errors, and the noise that J^2 shows in them."""

    def __init__(
        self, records: Mapping[str, Any], readout: Mapping[str, ReadoutErrors | None]
    ) -> None:
        self.records, self.readout = records, readout
        num = records["z"].shape[-1] - 1
        self.levels = np.arange(num + 1) - 0.5 * num
        mixed, ideal = 0.75 * num, 0.5 * num * (0.5 * num + 1.0)
        squares = {basis: self._mean(basis, self.levels**2) for basis in _BASES}
        above = sum(mean for mean, _ in squares.values()) - mixed
        error = np.sqrt(sum(error**2 for _, error in squares.values()))
        # Three errors from the fully mixed state: beyond, the logarithm is no normal variable.
        self.usable = above > 3.0 * error
        kept = np.where(self.usable, above, ideal - mixed)
        self.noise = -np.log(kept / (ideal - mixed))
        self.noise_error = np.where(self.usable, error / kept, 0.0)
        self.noise_slope = np.where(self.usable, -1.0 / kept, 0.0)  # by J^2

    def extrapolated(self, basis: str, values: FloatArray, model: float) -> _Extrapolated:
        """Return the mean of `values`, which decays to zero, without noise."""
        fit = self._fit(*self._mean(basis, values))
        direct = fit.coefficients[..., np.newaxis] * values
        # A noise factor shifted by dx acts as a value shifted by -slope dx.
        by_guide = (-fit.coefficients * fit.slopes * self.noise_slope)[..., np.newaxis]
        shares = dict.fromkeys(_BASES, by_guide * self.levels**2)
        shares[basis] = shares[basis] + direct
        taken = np.maximum(-np.expm1(-self.noise[0]), 0.0)
        error = np.hypot(fit.rate_error, model * values[-1] * taken)
        # A factor is a point, what is known of the rate another; value and rate are fitted.
        widening = _widening(fit.chi_squared, self.usable.sum(axis=0) - 1)
        return _Extrapolated(self, fit.value, shares, error, widening)

    def _fit(self, mean: FloatArray, error: FloatArray) -> NoiseFit:
        # A factor without a signal left is known to nothing; its weight is zero.
        lost = ~self.usable
        weightless = np.where(lost, 1e9 * (1.0 + np.abs(mean)), error)
        fit = fit_noise(
            self.noise, np.where(lost, 0.0, mean), weightless, method="exponential",
            noise_stderr=self.noise_error, rate=KAPPA,
        )  # fmt: skip
        return replace(fit, coefficients=np.where(lost, 0.0, fit.coefficients))

    def _mean(self, basis: str, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        readout = self.readout[basis]
        if readout is None:
            return estimate_mean(self.records[basis], values)
        return mitigate_mean(self.records[basis], values, readout)

    def error(self, shares: Mapping[str, FloatArray]) -> FloatArray:
        """Return the error of sum_f shares . p_f by shots and calibration, (num_times,)."""
        total = np.zeros(self.noise.shape[1])
        for basis, values in shares.items():
            counts, readout = self.records[basis], self.readout[basis]
            if readout is None:
                _, error = estimate_mean(counts, values)
            else:
                read, inverse = check_width(counts, readout)
                weights = pulled_back(values, inverse)
                _, error = estimate_mean(read, weights)
                # The calibration is common to all noise factors: slopes add up first.
                slopes = calibration_slopes(read, weights, inverse, readout).sum(axis=0)
                total += np.sum((slopes * np.concatenate(readout.stderr)) ** 2, axis=-1)
            total += np.sum(error**2, axis=0)
        return np.sqrt(total)


def _widening(chi_squared: FloatArray, freedom: npt.NDArray[np.int_]) -> FloatArray:
    """Return by how much points scatter more about a fitted curve than their errors say.

    Two factors tell as much as value and rate need, with what is known of the rate as a judge;
    measured on fake devices their errors hold as they are, and widened they would be too large.
    """
    per_freedom = chi_squared / np.maximum(freedom, 1)
    return np.where(freedom > 1, np.sqrt(np.maximum(per_freedom, 1.0)), 1.0)
