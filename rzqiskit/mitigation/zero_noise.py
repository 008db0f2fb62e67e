r"""Zero-noise extrapolation: from measurements at amplified noise to the value without noise.

The same circuit is run with its noisy part repeated (folded) so that the noise is x = 1, 3, 5, ..
times as strong; y(0) is read off a curve through y(x). What is gained in bias is paid for in
variance: the error of y(0) is larger than that of y(1), and is reported so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import check_choice, check_real_array

__all__ = ["Extrapolation", "extrapolate_to_zero_noise"]

FloatArray = npt.NDArray[np.float64]
Extrapolation = Literal["linear", "quadratic", "exponential", "richardson"]

# Largest amplification e^c of the signal from the least noise to none that the exponential fit
# considers: beyond it there is no signal to amplify.
_LARGEST_EXPONENT = 3.0
# Factors nearer to each other, relatively, are one factor: a line through them leads anywhere.
_LEAST_GAP = 1e-6


def extrapolate_to_zero_noise(
    noise_factors: npt.ArrayLike,
    values: npt.ArrayLike,
    stderr: npt.ArrayLike,
    *,
    method: Extrapolation = "linear",
    asymptote: npt.ArrayLike = 0.0,
    noise_stderr: npt.ArrayLike = 0.0,
) -> tuple[FloatArray, FloatArray]:
    """Return the value at zero noise and its standard error.

    Args:
        noise_factors: x, shape (num_factors,) or that of `values` where each column has its own
            (noise measured by a guide, see `guide_noise`); 1 is the circuit as it stands.
        values: y(x), shape (num_factors, ...), each independent of the others.
        stderr: their standard errors, same shape.
        method: "linear" and "quadratic" are weighted least squares, "richardson" is the
            polynomial through all points, "exponential" fits b + a exp(-c x).
        asymptote: b, where infinite noise leads (N Delta/2 for E); scalar or shape (...).
        noise_stderr: standard errors of `noise_factors`, scalar or their shape; they enter by
            the slope of the curve (effective variance).

    Returns:
        y(0) and its standard error, shape (...). The error is that of the shots as amplified by
        the extrapolation; it knows nothing of a curve that is not of the assumed form.

    Raises:
        TypeError: arguments that are not numeric.
        ValueError: too few noise factors, or equal within a millionth, arrays that do not match,
            a negative error, an unknown method.

    Notes:
        The rate c is searched between a slight growth and an amplification of e^3 from the least
        noise to none, and its error counts no wider than that range. The error is that of the fit
        linearised, which is honest where the signal (above the asymptote) is five of its errors
        at the second noise factor, and where there is none at all (the value is the asymptote
        then). Between, the rate comes out anywhere, the value is too near to the asymptote and
        the error too small: for x = 1, 3, 5 and c = 1, root mean square pulls are 1.7, 2.5, 1.8,
        1.2 and 1.0 for a of 2, 5, 10, 30 and 100 errors (14, 14, 7, 3 and 1 % beyond three), and
        at most 1.2 (3 %) for c = 0.3.
        A column with an error of zero is fitted without weights.

    Examples:
        >>> value, stderr = extrapolate_to_zero_noise(
        ...     [1.0, 3.0], [[0.9], [0.7]], [[0.01], [0.01]], method="linear"
        ... )
        >>> value.round(3), stderr.round(4)
        (array([1.]), array([0.0158]))
        >>> value, _ = extrapolate_to_zero_noise(
        ...     [1.0, 2.0], [0.5, 0.25], [0.01, 0.01], method="exponential"
        ... )
        >>> float(value.round(6))
        1.0
    """
    y = check_real_array("values", values)
    sigma = _check_like("stderr", stderr, y)
    fit = fit_noise(
        noise_factors, y, sigma, method=method, asymptote=asymptote, noise_stderr=noise_stderr
    )
    return fit.value, fit.error(sigma)


@dataclass(frozen=True, slots=True)
class NoiseFit:
    """A fitted extrapolation, linearised in what was measured.

    Attributes:
        value: y(0), shape (...).
        coefficients: dy(0)/dy_f, shape (num_factors, ...).
        slopes: dy/dx of the curve at each noise factor, same shape.
        noise_stderr: standard errors of the noise factors, same shape.
        rate_error: what the unknown rate of an exponential adds to the error, shape (...).
        chi_squared: squared distances of the points from the curve over their errors, shape
            (...); that of a rate known beforehand from it is one of them.
    """

    value: FloatArray
    coefficients: FloatArray
    slopes: FloatArray
    noise_stderr: FloatArray
    rate_error: FloatArray
    chi_squared: FloatArray

    def error(self, stderr: FloatArray) -> FloatArray:
        """Return the error of `value` for measurements with the errors `stderr`."""
        total = np.hypot(stderr, self.slopes * self.noise_stderr)
        error: FloatArray = np.sqrt(np.sum((self.coefficients * total) ** 2, axis=0))
        return np.hypot(error, self.rate_error)


def fit_noise(
    noise_factors: npt.ArrayLike,
    values: FloatArray,
    stderr: FloatArray,
    *,
    method: Extrapolation,
    asymptote: npt.ArrayLike = 0.0,
    noise_stderr: npt.ArrayLike = 0.0,
    rate: tuple[float, float] | None = None,
) -> NoiseFit:
    """Return the fit behind `extrapolate_to_zero_noise`, which see for the arguments.

    With a `rate` the decay c of "exponential" is known beforehand, with a standard error; one
    noise factor is enough then.
    """
    check_choice("method", method, get_args(Extrapolation))
    y, sigma = values, stderr
    if y.ndim == 0 or y.shape[0] < (1 if rate else 2):
        raise ValueError(
            f"`values` must have at least 2 noise factors on the first axis, got shape {y.shape}."
        )
    x = check_real_array("noise_factors", noise_factors)
    if x.shape not in (y.shape[:1], y.shape):
        raise ValueError(
            f"`noise_factors` must have the shape {y.shape[:1]} or {y.shape}, got {x.shape}."
        )
    if x.ndim == 1:
        x = x.reshape(-1, *[1] * (y.ndim - 1))
    x_sigma = np.broadcast_to(_check_like("noise_stderr", noise_stderr, x), y.shape)
    x = np.broadcast_to(x, y.shape)
    degree = {"linear": 1, "quadratic": 2, "exponential": 1, "richardson": y.shape[0] - 1}[method]
    if y.shape[0] <= degree and not rate:
        raise ValueError(
            f"`noise_factors` must be at least {degree + 1} for {method!r}, got {y.shape[0]}."
        )
    gaps = np.diff(np.sort(x, axis=0), axis=0)
    if (gaps <= _LEAST_GAP * np.abs(x).max(axis=0)).any() and not rate:
        raise ValueError(
            "`noise_factors` must differ from each other by more than a millionth, got ones "
            f"{gaps.min():.1g} apart."
        )
    b = check_real_array("asymptote", asymptote)
    if b.shape not in ((), y.shape[1:]):
        raise ValueError(f"`asymptote` must have the shape {y.shape[1:]}, got {b.shape}.")
    b = np.broadcast_to(b, y.shape[1:])
    x, signal, sigma, spread = (
        array.reshape(y.shape[0], -1).T for array in (x, y - b, sigma, x_sigma)
    )
    # A polynomial follows any shift of y, so the asymptote does no harm there.
    fitted = (
        _exponential(x, signal, sigma, spread, rate)
        if method == "exponential"
        else _polynomial(x, signal, sigma, spread, degree)
    )
    value, coefficients, slopes, rate_error, chi_squared = fitted
    return NoiseFit(
        value.reshape(y.shape[1:]) + b,
        coefficients.T.reshape(y.shape),
        slopes.T.reshape(y.shape),
        x_sigma,
        rate_error.reshape(y.shape[1:]),
        chi_squared.reshape(y.shape[1:]),
    )


def _polynomial(
    x: FloatArray, y: FloatArray, sigma: FloatArray, x_sigma: FloatArray, degree: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return value at 0, its coefficients, slopes, zeros and chi^2, by columns."""
    scale = np.abs(x).max(axis=1, keepdims=True)
    powers = np.arange(degree + 1)
    design = (x / scale)[..., np.newaxis] ** powers
    total, slope = sigma, np.zeros_like(x)
    coefficients = np.empty((len(x), degree + 1))
    inverse = np.empty((len(x), degree + 1, x.shape[1]))
    # With an error of x the weights depend on the slope: two more rounds settle them.
    for _ in range(3 if x_sigma.any() else 1):
        weight = _weights(total)
        inverse = np.linalg.pinv(design * weight[..., np.newaxis]) * weight[:, np.newaxis]
        coefficients = np.einsum("mpf,mf->mp", inverse, y)
        slope = (design[..., :-1] @ (coefficients * powers)[:, 1:, np.newaxis])[..., 0] / scale
        total = np.hypot(sigma, slope * x_sigma)
    residuals = weight * (y - np.einsum("mfp,mp->mf", design, coefficients))
    return coefficients[:, 0], inverse[:, 0], slope, np.zeros(len(x)), np.sum(residuals**2, axis=1)


def _exponential(
    x: FloatArray,
    y: FloatArray,
    sigma: FloatArray,
    x_sigma: FloatArray,
    known_rate: tuple[float, float] | None,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return a of y = a exp(-c x), its coefficients, slopes, error due to c, and chi^2."""
    total, slope = sigma, np.zeros_like(x)
    value: FloatArray = np.empty(len(x))
    for _ in range(3 if x_sigma.any() else 1):
        weight = _weights(total)
        rate = _best_rate(x, y, weight, known_rate)
        shape = np.exp(-rate[:, np.newaxis] * x)
        value = np.sum(weight**2 * shape * y, axis=1) / np.sum((weight * shape) ** 2, axis=1)
        slope = -(value * rate)[:, np.newaxis] * shape
        total = np.hypot(sigma, slope * x_sigma)
    chi_squared = np.sum((weight * (y - value[:, np.newaxis] * shape)) ** 2, axis=1)
    # Linearised in a and c, with what is known of c beforehand, the width of its range: without
    # that the error would diverge where no signal is left (a = 0) to tell c.
    if known_rate is None:
        low, high = _range_of_rates(x)
        known = np.where((total > 0.0).all(axis=1), 12.0 / (high - low) ** 2, 0.0)
    else:
        known = np.full(len(x), known_rate[1] ** -2)
        chi_squared = chi_squared + known * (rate - known_rate[0]) ** 2
    design = np.stack([shape, -value[:, np.newaxis] * x * shape], axis=-1)
    design = design * weight[..., np.newaxis]
    normal = design.transpose(0, 2, 1) @ design
    normal[:, 1, 1] += known
    inverse = np.linalg.pinv(normal, hermitian=True)[:, 0]
    coefficients = np.einsum("mp,mfp->mf", inverse, design) * weight
    rate_error = np.abs(inverse[:, 1]) * np.sqrt(known)
    return value, coefficients, slope, rate_error, chi_squared


def _weights(errors: FloatArray) -> FloatArray:
    # A column with a value known exactly is fitted without weights.
    weights: FloatArray = 1.0 / np.where((errors > 0.0).all(axis=1, keepdims=True), errors, 1.0)
    return weights


def _best_rate(
    x: FloatArray, y: FloatArray, weight: FloatArray, known: tuple[float, float] | None
) -> FloatArray:
    """Return the decay rate c of least chi^2, by repeated zooming on a grid."""
    if known is None:
        low, high = lowest, highest = _range_of_rates(x)
    else:
        reach = 4.0 * known[1]
        low = lowest = np.full(len(x), known[0] - reach)
        high = highest = np.full(len(x), known[0] + reach)
    fractions = np.linspace(0.0, 1.0, 33)
    for _ in range(9):
        rates = low[:, np.newaxis] + (high - low)[:, np.newaxis] * fractions
        shape = weight[:, np.newaxis] * np.exp(-rates[..., np.newaxis] * x[:, np.newaxis])
        target = (weight * y)[:, np.newaxis]
        explained = np.sum(shape * target, axis=-1) ** 2 / np.sum(shape**2, axis=-1)
        if known is not None:
            explained = explained - ((rates - known[0]) / known[1]) ** 2
        best: FloatArray = rates[np.arange(len(x)), np.argmax(explained, axis=1)]
        step = (high - low) / 32.0
        low, high = np.maximum(best - step, lowest), np.minimum(best + step, highest)
    return best


def _range_of_rates(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    nearest, farthest = np.abs(x).min(axis=1), np.abs(x).max(axis=1)
    # A little growth is allowed for, or noise about c = 0 would bias the value.
    return -1.0 / farthest, _LARGEST_EXPONENT / np.maximum(nearest, 0.1 * farthest)


def _check_like(name: str, values: Any, other: FloatArray) -> FloatArray:
    array = check_real_array(name, values)
    if array.ndim and array.shape != other.shape and array.shape != other.shape[:1]:
        raise ValueError(f"`{name}` must have the shape {other.shape}, got {array.shape}.")
    if (array < 0.0).any():
        raise ValueError(f"`{name}` must not be negative, got {array.min():g}.")
    if array.ndim == 1:
        array = array.reshape(-1, *[1] * (other.ndim - 1))
    return np.broadcast_to(array, other.shape)
