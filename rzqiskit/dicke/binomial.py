"""The binomial distribution to full relative accuracy, for any number of trials.

Loader's saddle-point expansion: the logarithms of factorials never appear, only the error of
Stirling's formula and two deviances, so no digits cancel however large the numbers are.

References:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from rzqiskit.dicke.compiled import kernel

__all__ = ["log_binomial"]

_HALF_LOG_2PI = 0.9189385332046727


def _small_stirling_errors() -> npt.NDArray[np.float64]:
    """Return the values of `_stirling_error` for n = 1..15; entry 0 is not used."""
    with localcontext() as context:
        context.prec = 40
        half_log_2pi = Decimal("0.9189385332046727417803297364056176398614")
        errors = [Decimal(0)]
        for n in range(1, 16):
            log_n = Decimal(n).ln()
            exact = Decimal(math.factorial(n)).ln()
            errors.append(exact - (n + Decimal("0.5")) * log_n + n - half_log_2pi)
    return np.array([float(error) for error in errors])


_SMALL_STIRLING_ERRORS = _small_stirling_errors()


@kernel
def _stirling_error(n: float) -> float:
    """Return log(n!) - log(sqrt(2 pi n) (n/e)^n), n >= 1."""
    if n < 16.0:
        return float(_SMALL_STIRLING_ERRORS[int(n)])
    r = 1.0 / (n * n)
    series = 1.0 / 1680.0 - r * (1.0 / 1188.0 - r * (691.0 / 360360.0 - r / 156.0))
    return (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * series))) / n


@kernel
def _deviance(x: float, mean: float, excess: float) -> float:
    """Return x log(x / mean) + mean - x for excess = x - mean, without cancellation."""
    if abs(excess) > 0.1 * (x + mean):
        return x * math.log(x / mean) - excess
    v = excess / (x + mean)
    total = excess * v
    term = 2.0 * x * v
    for j in range(1, 1000):
        term *= v * v
        following = total + term / (2 * j + 1)
        if following == total:
            break
        total = following
    return total


@kernel
def log_binomial(m: float, num_qubits: float, p: float) -> float:
    """Return the log of the binomial probability of m, by Loader's saddle-point expansion."""
    rest = num_qubits - m
    if m <= 0.0:
        return num_qubits * math.log1p(-p)
    if rest <= 0.0:
        return num_qubits * math.log(p)
    mean = num_qubits * p
    excess = m - mean
    log_p: float = (
        _stirling_error(num_qubits)
        - _stirling_error(m)
        - _stirling_error(rest)
        - _deviance(m, mean, excess)
        - _deviance(rest, num_qubits - mean, -excess)
        + 0.5 * math.log(num_qubits / (m * rest))
        - _HALF_LOG_2PI
    )
    return log_p
