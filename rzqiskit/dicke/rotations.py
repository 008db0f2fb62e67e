"""Lab populations of a collective spin from its amplitudes on the levels of a tilted frame.

A state ``sum_k c_k |k~>`` is given on the Dicke levels k = 0..K-1 of a frame, and the unit vector
``a = (a1, a2, a3)`` is the lab's z axis written in that frame. Lab level m is the eigenvector of
``D = a1 J~x + a2 J~y + a3 k`` with eigenvalue ``m - N (1 - a3) / 2``, so

    p_m = | sum_k d_mk e^{i chi k} c_k |^2,   cos(theta) = a3,   e^{i chi} sin(theta) = a1 + i a2,

with the real Wigner matrix d of spin N/2. Three routes give d, each where it is stable:

*   dense, N <= DENSE_MAX_QUBITS: ``exp(i theta Jy)`` from the eigenvectors of Jx, tabulated per N;
*   forward: the three-term recurrence of the Krawtchouk functions in k, for many m at once. It is
    stable while every k < K lies below the second turning point, ``N sin^2((theta_m + theta)/2)``;
*   rotation: near the poles and for K close to N + 1 the forward recurrence would pick up the
    growing solution. There the rotation is short, or the ladder is needed whole anyway, and
    ``exp(theta (J+ - J-)/2) c`` is summed as a Chebyshev series: stable at every angle.

The lower half a3 < 0 is the upper one with m counted from the other end. Every kernel is callable
from compiled code, releases the lock and changes only its ``out`` argument.

Notation: N = num_qubits, K = num_levels, h = sin(theta), mu = m - N (1 - a3)/2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.dicke.compiled import kernel
from rzqiskit.dicke.dense_rotation import (
    DENSE_MAX_QUBITS,
    rotate_dense,
    rotation_table,
    rotation_tables,
)
from rzqiskit.dicke.krawtchouk import forward_populations, is_forward_stable
from rzqiskit.dicke.ladder_rotation import rotate_ladder
from rzqiskit.validation import check_positive_integer

__all__ = [
    "DENSE_MAX_QUBITS",
    "entropy_bits",
    "entropy_window",
    "lab_populations",
    "population_window",
    "populations_dense",
    "populations_window",
    "rotation_tables",
    "tilt",
    "turn_levels",
    "windowed_populations",
]

FloatArray = npt.NDArray[np.float64]

_TAIL = 1e-20  # weight outside the window that is searched for levels
_MAX_LISTED = 10**8
_TRIM = 1e-17  # weight that trimming may lose on either side
# least samples of an entropy, least stride that is worth it, and how well two have to agree
_FEWEST_SAMPLES = 1024
_LEAST_STRIDE = 16
_SAME = 1e-13


@kernel
def tilt(a1: float, a2: float, a3: float) -> Any:
    """Return theta in [0, pi/2], h, |a3|, 1 - |a3|, cos chi, sin chi and whether m is reversed."""
    reverse = a3 < 0.0
    if reverse:
        a1, a2, a3 = -a1, -a2, -a3
    h = math.hypot(a1, a2)
    # A tilt this small turns nothing, and near the smallest doubles a quotient has no digits left.
    cos_chi, sin_chi = (a1 / h, a2 / h) if h > 1e-100 else (1.0, 0.0)
    norm = math.hypot(h, a3)
    h /= norm
    a3 /= norm
    return math.atan2(h, a3), h, a3, h * h / (1.0 + a3), cos_chi, sin_chi, reverse


@kernel
def turn_levels(re: Any, im: Any, num_levels: int, cos_chi: float, sin_chi: float) -> Any:
    """Return the amplitudes times exp(i chi k), as shape (2, num_levels)."""
    turned = np.empty((2, num_levels))
    if sin_chi == 0.0:
        sign = 1.0
        for k in range(num_levels):
            turned[0, k] = sign * re[k]
            turned[1, k] = sign * im[k]
            sign *= cos_chi
        return turned
    chi = math.atan2(sin_chi, cos_chi)
    u = 1.0
    v = 0.0
    for k in range(num_levels):
        # A fresh evaluation now and then keeps the phase exact to rounding at every k.
        if k % 16 == 0:
            u = math.cos(chi * k)
            v = math.sin(chi * k)
        turned[0, k] = u * re[k] - v * im[k]
        turned[1, k] = u * im[k] + v * re[k]
        u, v = u * cos_chi - v * sin_chi, u * sin_chi + v * cos_chi
    return turned


@kernel
def populations_dense(
    re: Any,
    im: Any,
    num_levels: int,
    num_qubits: int,
    a1: float,
    a2: float,
    a3: float,
    table: Any,
    offset: int,
    out: Any,
) -> None:
    """Write the lab populations p_0..p_N into `out`, N <= DENSE_MAX_QUBITS.

    `re`, `im`: parts of the frame amplitudes, shape (>= num_levels,), num_levels <= N + 1;
    `a1`, `a2`, `a3`: the lab's z axis in the frame; `table`, `offset`: from `rotation_tables`;
    `out`: shape (>= N + 1,).
    """
    theta, _, _, _, cos_chi, sin_chi, reverse = tilt(a1, a2, a3)
    turned = turn_levels(re, im, num_levels, cos_chi, sin_chi)
    lab = np.empty((2, num_qubits + 1))
    rotate_dense(turned, num_qubits, theta, table, offset, lab)
    for m in range(num_qubits + 1):
        out[num_qubits - m if reverse else m] = lab[0, m] * lab[0, m] + lab[1, m] * lab[1, m]


@kernel
def _search_range(turned: Any, num_qubits: int, theta: float) -> Any:
    """Return the range of polar angles that holds all lab levels with weight, and the last k + 1.

    A level k fills the polar angles theta -+ theta_k, sin^2(theta_k/2) = k/N, up to Gaussian tails
    of width 1/sqrt(N); sqrt(2) makes that bound rigorous on the side where tails are heavier.
    """
    width = float(num_qubits)
    reach = 0.0
    levels = 1
    for k in range(turned.shape[1]):
        weight = turned[0, k] * turned[0, k] + turned[1, k] * turned[1, k]
        if weight > 1e-36:
            levels = k + 1
        if weight > _TAIL:
            angle = 2.0 * math.asin(math.sqrt(min((k + 0.5) / width, 1.0)))
            angle += 2.0 * math.sqrt(math.log(weight / (1e-3 * _TAIL)) / width)
            reach = max(reach, angle)
    return max(theta - reach, 0.0), min(theta + reach, math.pi), levels


@kernel
def population_window(
    re: Any, im: Any, num_levels: int, num_qubits: int, a1: float, a2: float, a3: float
) -> Any:
    """Return first and length of the range of lab levels that holds all but 1e-16 of the weight.

    Arguments are those of `populations_dense`, for any N.
    """
    theta, h, cosine, defect, cos_chi, sin_chi, reverse = tilt(a1, a2, a3)
    turned = turn_levels(re, im, num_levels, cos_chi, sin_chi)
    low, high, levels = _search_range(turned, num_qubits, theta)
    width = float(num_qubits)
    first = math.floor(width * math.sin(0.5 * low) ** 2)
    last = min(math.ceil(width * math.sin(0.5 * high) ** 2), num_qubits)
    if not is_forward_stable(num_qubits, theta, low, high, levels):
        # Amplitudes, not weights, must have died out at the cut of the truncated rotation.
        edge = 2.0 * math.asin(math.sqrt(min(levels / width, 1.0))) + 13.0 / math.sqrt(width)
        high = min(theta + edge, math.pi)
        last = min(math.ceil(width * math.sin(0.5 * high) ** 2), num_qubits)
        first = 0
        last = max(last, min(num_levels - 1, num_qubits))
    else:
        samples = max(256, 8 * levels)
        stride = (last - first) // samples
        if stride > 3:
            coarse = np.empty((last - first) // stride + 1)
            forward_populations(
                turned[:, :levels].copy(),
                num_qubits,
                h,
                cosine,
                0.5 * defect,
                first,
                stride,
                coarse,
            )
            left = 0
            lost = coarse[0] * stride
            while left < coarse.size - 1 and lost < _TRIM:
                left += 1
                lost += coarse[left] * stride
            right = coarse.size - 1
            lost = coarse[right] * stride
            while right > left and lost < _TRIM:
                right -= 1
                lost += coarse[right] * stride
            last = min(last, first + stride * (right + 1))
            first += stride * max(left - 1, 0)
    length = last - first + 1
    if reverse:
        first = num_qubits - last
    return first, length


@kernel
def populations_window(
    re: Any,
    im: Any,
    num_levels: int,
    num_qubits: int,
    a1: float,
    a2: float,
    a3: float,
    first: int,
    length: int,
    out: Any,
) -> None:
    """Write p_first..p_{first + length - 1} into `out`, for any N.

    Arguments are those of `populations_dense`; `first`, `length` come from `population_window`
    for the same state, for they fix the route; `out` has shape (>= length,).
    """
    theta, h, cosine, defect, cos_chi, sin_chi, reverse = tilt(a1, a2, a3)
    turned = turn_levels(re, im, num_levels, cos_chi, sin_chi)
    low, high, levels = _search_range(turned, num_qubits, theta)
    if reverse:
        first = num_qubits - (first + length - 1)
    if is_forward_stable(num_qubits, theta, low, high, levels):
        kept = turned[:, :levels].copy()
        forward_populations(
            kept, num_qubits, h, cosine, 0.5 * defect, first, np.int64(1), out[:length]
        )
    else:
        lab = np.empty((2, length))
        rotate_ladder(turned, num_qubits, theta, lab)
        for i in range(length):
            out[i] = lab[0, i] * lab[0, i] + lab[1, i] * lab[1, i]
    if reverse:
        for i in range(length // 2):
            out[i], out[length - 1 - i] = out[length - 1 - i], out[i]


@kernel
def entropy_bits(populations: Any, length: int) -> float:
    """Return -sum p log2 p over the first `length` entries, with 0 log 0 = 0, in bits.

    The largest population enters as one minus the others: its logarithm would be rounding where it
    is nearly one, and all of a small entropy's digits with it.
    """
    top = 0
    for i in range(length):
        if populations[i] > populations[top]:
            top = i
    total = 0.0
    rest = 0.0
    for start in range(0, length, 128):
        part = 0.0
        weight = 0.0
        for i in range(start, min(start + 128, length)):
            p = populations[i]
            if p > 0.0 and i != top:
                part -= p * math.log(p)
                weight += p
        total += part
        rest += weight
    if rest < 1.0:
        total -= (1.0 - rest) * math.log1p(-rest)
    return total * 1.4426950408889634


@kernel
def entropy_window(
    re: Any, im: Any, num_levels: int, num_qubits: int, a1: float, a2: float, a3: float
) -> float:
    """Return the entropy of the lab populations in bits, for any N.

    Arguments are those of `populations_dense`. Populations that are smooth over many levels are
    summed with a stride: the trapezoidal rule converges faster than any power of it, with the third
    where p nearly vanishes. It is halved until twice the stride gives the same to 1e-13, or until
    all levels are as cheap.
    """
    first, length = population_window(re, im, num_levels, num_qubits, a1, a2, a3)
    theta, h, cosine, defect, cos_chi, sin_chi, reverse = tilt(a1, a2, a3)
    turned = turn_levels(re, im, num_levels, cos_chi, sin_chi)
    low, high, levels = _search_range(turned, num_qubits, theta)
    stride = length // _FEWEST_SAMPLES
    if not is_forward_stable(num_qubits, theta, low, high, levels):
        stride = 1
    begin = num_qubits - (first + length - 1) if reverse else first
    kept = turned[:, :levels].copy()
    while stride >= _LEAST_STRIDE:
        populations = np.empty((length - 1) // stride + 1)
        forward_populations(
            kept, num_qubits, h, cosine, 0.5 * defect, begin, np.int64(stride), populations
        )
        even = odd = 0.0
        for i in range(populations.size):
            p = populations[i]
            if p > 0.0 and i % 2 == 0:
                even -= p * math.log(p)
            elif p > 0.0:
                odd -= p * math.log(p)
        if abs(even - odd) <= _SAME * (even + odd):
            return stride * (even + odd) * 1.4426950408889634
        stride //= 2
    populations = np.empty(length)
    populations_window(re, im, num_levels, num_qubits, a1, a2, a3, first, length, populations)
    return entropy_bits(populations, length)


def _checked_state(
    amplitudes: Any, num_qubits: int, axis: Any
) -> tuple[FloatArray, FloatArray, int, tuple[float, float, float]]:
    width = check_positive_integer("num_qubits", num_qubits)
    values = np.asarray(amplitudes, dtype=np.complex128)
    if values.ndim != 1 or not 1 <= values.size <= width + 1:
        raise ValueError(
            f"`amplitudes` must be one-dimensional with 1 to {width + 1} entries, "
            f"got shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError("`amplitudes` must be finite, got NaN or infinity.")
    direction = np.asarray(axis, dtype=np.float64)
    if direction.shape != (3,) or not abs(float(direction @ direction) - 1.0) < 1e-8:
        raise ValueError(f"`axis` must be a unit vector of three numbers, got {axis!r}.")
    a1, a2, a3 = (float(component) for component in direction)
    re = np.ascontiguousarray(values.real)
    im = np.ascontiguousarray(values.imag)
    return re, im, width, (a1, a2, a3)


def windowed_populations(
    amplitudes: npt.ArrayLike, num_qubits: int, axis: npt.ArrayLike
) -> tuple[int, FloatArray]:
    """Return the first lab level with weight and the populations from there on.

    Args:
        amplitudes: c_k on the frame levels k = 0..K-1, shape (K,), K <= num_qubits + 1.
        num_qubits: N, of any size.
        axis: the lab's z axis in the frame's triad, shape (3,), a unit vector.

    Returns:
        The level of the first entry, and the populations, shape (length,); what lies outside holds
        less than 1e-16 of the weight.

    Raises:
        ValueError: for wrong shapes, an axis that is no unit vector or amplitudes not finite.

    Examples:
        A million spins, all along the frame's -e_3, seen from a tilt of 0.3 rad:

        >>> first, populations = windowed_populations([1.0], 10**6, [np.sin(0.3), 0.0, np.cos(0.3)])
        >>> mean = first + populations @ np.arange(populations.size)
        >>> bool(abs(mean - 1e6 * np.sin(0.15) ** 2) < 1e-6)
        True
    """
    re, im, width, (a1, a2, a3) = _checked_state(amplitudes, num_qubits, axis)
    if width <= DENSE_MAX_QUBITS:
        out = np.empty(width + 1)
        populations_dense(re, im, re.size, width, a1, a2, a3, rotation_table(width), 0, out)
        return 0, out
    first, length = population_window(re, im, re.size, width, a1, a2, a3)
    out = np.empty(length)
    populations_window(re, im, re.size, width, a1, a2, a3, first, length, out)
    return int(first), out


def lab_populations(amplitudes: npt.ArrayLike, num_qubits: int, axis: npt.ArrayLike) -> FloatArray:
    """Return all N + 1 lab populations, shape (num_qubits + 1,).

    Arguments and errors are those of `windowed_populations`; a ``ValueError`` as well for more
    than 10^8 spins, whose populations fit a window only.

    Examples:
        >>> lab_populations([1.0], 2, [1.0, 0.0, 0.0]).round(12).tolist()
        [0.25, 0.5, 0.25]
    """
    if check_positive_integer("num_qubits", num_qubits) > _MAX_LISTED:
        raise ValueError(
            f"`num_qubits` must be at most {_MAX_LISTED} for all populations, got {num_qubits}; "
            "`windowed_populations` has no limit."
        )
    first, window = windowed_populations(amplitudes, num_qubits, axis)
    full = np.zeros(int(num_qubits) + 1)
    full[first : first + window.size] = window
    return full
