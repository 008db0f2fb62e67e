r"""The conserved J^2 as a guide: how much noise there was, measured instead of assumed.

Every layer of the circuits conserves J^2 = N/2 (N/2 + 1). What is left of its excess over the
fully mixed value, R = (<J^2> - 3N/4) / (J^2 - 3N/4), tells the noise of the very circuits that
were run; -ln R takes the place of the nominal noise factor in an extrapolation, and is 0 exactly
where there is no noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import check_finite, check_positive, check_real_array

__all__ = ["guide_noise", "rescale_by_guide"]

FloatArray = npt.NDArray[np.float64]


def guide_noise(
    values: npt.ArrayLike, stderr: npt.ArrayLike, *, ideal: float, mixed: float
) -> tuple[FloatArray, FloatArray]:
    """Return the noise that a conserved quantity shows, x = -ln R, and its standard error.

    Args:
        values: measured expectation values of the conserved quantity, shape (...).
        stderr: their standard errors, same shape.
        ideal: its exact value; N/2 (N/2 + 1) for J^2.
        mixed: its value in the fully mixed state; 3 N / 4 for J^2.

    Returns:
        x and its standard error, shape (...); 0 without noise, negative by chance, a fit's
        abscissa for `extrapolate_to_zero_noise`.

    Raises:
        TypeError: arguments that are not numeric.
        ValueError: the guide is lost (R is not positive), or ideal and mixed are equal (N = 1).

    References:
        Guided extrapolation of symmetric observables, arXiv:2603.13060.

    Examples:
        >>> noise, stderr = guide_noise([6.0, 4.5], [0.03, 0.03], ideal=6.0, mixed=3.0)
        >>> noise.round(4) + 0.0, stderr.round(4)
        (array([0.    , 0.6931]), array([0.01, 0.02]))
    """
    top, bottom = check_finite("ideal", ideal), check_finite("mixed", mixed)
    if top == bottom:
        raise ValueError(f"`ideal` must differ from `mixed`, got {top:g} for both.")
    value, error = _check_pair(values, stderr)
    ratio = (value - bottom) / (top - bottom)
    if (ratio <= 0.0).any():
        lost = value[ratio <= 0.0][0]
        raise ValueError(
            f"`values` must lie on the side of `ideal`, {top:g}, from `mixed`, {bottom:g}, "
            f"got {lost:g}: no signal is left to guide."
        )
    return -np.log(ratio), error / np.abs(value - bottom)


def rescale_by_guide(
    values: npt.ArrayLike,
    stderr: npt.ArrayLike,
    noise: npt.ArrayLike,
    noise_stderr: npt.ArrayLike,
    *,
    asymptote: npt.ArrayLike,
    exponent: float,
) -> tuple[FloatArray, FloatArray]:
    """Return values with the decay undone that the guide shows, b + (y - b) exp(kappa x).

    Needs no amplified noise, but the relation of the decays: kappa = 1 where noise depolarises
    the whole register at once, 1/2 for sums of one-qubit operators (E, P_I) where it depolarises
    each qubit by itself (J^2 is made of pairs).

    Args:
        values: y, shape (...).
        stderr: its standard errors, same shape.
        noise: x from `guide_noise`, scalar or shape (...).
        noise_stderr: its standard errors.
        asymptote: b, the value in the fully mixed state (N Delta/2 for E, 0 for P_I), scalar or
            shape (...).
        exponent: kappa, the decay of y relative to the guide's.

    Returns:
        The values and their standard errors, shape (...), shots of y and of the guide together.

    Raises:
        TypeError: arguments that are not numeric.
        ValueError: arrays that do not match, a negative error, an exponent that is not positive.

    Examples:
        >>> value, stderr = rescale_by_guide(
        ...     [3.0], [0.01], 0.2, 0.01, asymptote=2.0, exponent=0.5
        ... )
        >>> value.round(4), stderr.round(4)
        (array([3.1052]), array([0.0124]))
    """
    y, error = _check_pair(values, stderr)
    x, x_error = _check_pair(noise, noise_stderr, "noise", "noise_stderr")
    kappa = check_positive("exponent", exponent)
    b = check_real_array("asymptote", asymptote)
    for name, array in (("noise", x), ("asymptote", b)):
        if array.shape not in ((), y.shape):
            raise ValueError(
                f"`{name}` must be a scalar or have the shape of `values`, {y.shape}, got "
                f"{array.shape}."
            )
    gain = np.exp(kappa * x)
    signal = gain * (y - b)
    return b + signal, np.hypot(gain * error, kappa * signal * x_error)


def _check_pair(
    values: Any, stderr: Any, name: str = "values", error_name: str = "stderr"
) -> tuple[FloatArray, FloatArray]:
    arrays = []
    for label, given in ((name, values), (error_name, stderr)):
        array = np.asarray(given)
        if array.dtype.kind not in "iuf":
            raise TypeError(f"`{label}` must be an array of real numbers, got dtype {array.dtype}.")
        if not np.isfinite(array).all():
            raise ValueError(f"`{label}` must be finite, got {array[~np.isfinite(array)][0]!s}.")
        arrays.append(array.astype(np.float64))
    if arrays[0].shape != arrays[1].shape:
        raise ValueError(
            f"`{error_name}` must have the shape of `{name}`, {arrays[0].shape}, "
            f"got {arrays[1].shape}."
        )
    if (arrays[1] < 0.0).any():
        raise ValueError(f"`{error_name}` must not be negative, got {arrays[1].min():g}.")
    return arrays[0], arrays[1]
