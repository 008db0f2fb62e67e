r"""Multi-product formulas: populations of several step numbers combined into better ones.

A symmetric formula of order 2m with n slices has populations p(n) = p + c_1 n^-2m + c_2 n^-(2m+2)
+ ..., so a combination sum_j w_j p(n_j) with sum_j w_j = 1 and sum_j w_j n_j^-q = 0 for as many
powers q as there are circuits less one loses the leading errors, at the depth of the longest
circuit. What it costs is noise: the weights alternate in sign, and independent shots add up to
sum_j w_j^2 of the variance of one circuit. The layers that order 2 matches to each time in the
mean-field frame have no such series: combine those of the frame "drive", or of shared slices.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rzqiskit.circuits.splittings import ORDERS
from rzqiskit.validation import FloatArray, check_integer, check_positive_integer

__all__ = ["MultiProductFormula", "multi_product_formula"]


@dataclass(frozen=True, slots=True)
class MultiProductFormula:
    """Static weights of a multi-product formula.

    Attributes:
        num_steps: n_j, slices of each circuit, ascending.
        weights: w_j, of sum 1.
        noise_amplification: sqrt(k sum_j w_j^2) for k circuits: the standard error against that
            of a single circuit which gets all the shots that the k circuits share equally.
        optimal_noise_amplification: sum_j |w_j|, the same with the shots shared as abs(w_j).
    """

    num_steps: tuple[int, ...]
    weights: tuple[float, ...]

    @property
    def noise_amplification(self) -> float:
        """Ratio of standard errors at equal total shots, shared equally."""
        return float(np.sqrt(len(self.weights) * np.square(self.weights).sum()))

    @property
    def optimal_noise_amplification(self) -> float:
        """Ratio of standard errors at equal total shots, shared in proportion to abs(w_j)."""
        return float(np.abs(self.weights).sum())

    def combine(self, populations: npt.ArrayLike) -> FloatArray:
        """Return the combined populations (or any expectation values).

        Args:
            populations: shape (num_circuits, ...), in the order of `num_steps`.

        Returns:
            The combination, shape (...). Populations may come out slightly negative: they are
            an extrapolation, and are not clipped.

        Raises:
            ValueError: another number of circuits.
        """
        values = np.asarray(populations, dtype=np.float64)
        if values.ndim == 0 or values.shape[0] != len(self.weights):
            raise ValueError(
                f"`populations` must have {len(self.weights)} entries on its first axis, "
                f"got shape {values.shape}."
            )
        combined: FloatArray = np.tensordot(self.weights, values, axes=1)
        return combined

    def combine_stderr(self, stderr: npt.ArrayLike) -> FloatArray:
        """Return the standard error of the combination of independent circuits.

        Args:
            stderr: shape (num_circuits, ...), in the order of `num_steps`.

        Returns:
            The standard error, shape (...).

        Raises:
            ValueError: another number of circuits.
        """
        variances = np.square(np.asarray(stderr, dtype=np.float64))
        squared = MultiProductFormula(self.num_steps, tuple(np.square(self.weights).tolist()))
        return np.sqrt(squared.combine(variances))


def multi_product_formula(num_steps: Sequence[int], *, order: int = 2) -> MultiProductFormula:
    """Return the weights that cancel the leading errors of a symmetric product formula.

    Args:
        num_steps: slices of each circuit, ascending, at least two different numbers.
        order: order of accuracy of each circuit, 2, 4 or 6; k circuits reach order + 2 (k - 1).

    Returns:
        The formula.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: fewer than two circuits, step numbers that do not ascend, an order that is
            odd (Lie's formula has errors of every power) or unknown.

    References:
        A. M. Childs, N. Wiebe, Quantum Inf. Comput. 12, 901 (2012); A. Carrera Vazquez et al.,
        Quantum 7, 1067 (2023).

    Examples:
        >>> formula = multi_product_formula([2, 4])
        >>> [round(weight, 4) for weight in formula.weights]
        [-0.3333, 1.3333]
        >>> round(formula.noise_amplification, 2), round(formula.optimal_noise_amplification, 2)
        (1.94, 1.67)
    """
    steps = [check_positive_integer("num_steps", n) for n in num_steps]
    if len(steps) < 2 or any(left >= right for left, right in itertools.pairwise(steps)):
        raise ValueError(f"`num_steps` must hold at least two ascending numbers, got {steps}.")
    order = check_integer("order", order, minimum=1)
    symmetric = tuple(known for known in ORDERS if known % 2 == 0)
    if order not in symmetric:
        raise ValueError(f"`order` must be one of {', '.join(map(str, symmetric))}, got {order}.")
    powers = np.concatenate(([0], np.arange(order, order + 2 * (len(steps) - 1), 2)))
    # In units of the longest circuit, so that the matrix is well scaled.
    matrix = (steps[-1] / np.array(steps, dtype=np.float64)) ** powers[:, None]
    weights = np.linalg.solve(matrix, np.eye(len(steps))[0])
    return MultiProductFormula(tuple(steps), tuple(weights.tolist()))
