"""Logarithms of binomial probabilities by the thousand, with the exact solver's own formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from rzqiskit.dicke.binomial import log_binomial
from rzqiskit.dicke.compiled import kernel

__all__ = ["log_binomials"]


@kernel  # type: ignore[untyped-decorator]
def log_binomials(k: Any, num_qubits: float, excited: Any, ground: Any) -> Any:
    """Return the logarithms of the binomial probabilities of k.

    Args:
        k: shape (num,), integers 0 .. N as floats.
        num_qubits: N.
        excited: shape (num,), p.
        ground: shape (num,), 1 - p; the smaller of the two counts, lest a difference cancel.

    Returns:
        Shape (num,); -inf where the probability is zero.

    Examples:
        >>> one = np.ones(2)
        >>> np.exp(log_binomials(np.array([0.0, 2.0]), 2.0, 0.3 * one, 0.7 * one)).round(12)
        array([0.49, 0.09])
    """
    result = np.empty(k.size)
    for i in range(k.size):
        if excited[i] <= ground[i]:
            m, p = k[i], excited[i]
        else:
            m, p = num_qubits - k[i], ground[i]
        if p > 0.0:
            result[i] = log_binomial(m, num_qubits, p)
        else:
            result[i] = 0.0 if m == 0.0 else -np.inf
    return result
