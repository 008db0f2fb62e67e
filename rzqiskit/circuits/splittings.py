r"""Coefficients of splitting methods for two parts, by order of accuracy.

One slice of width h applies the diagonal part with the weights b_1 h, ..., b_{s+1} h at the times
0, c_1 h, ..., c_s h = h, where c_j = a_1 + ... + a_j. With time as a coordinate of its own, "move
time, and with it the frame" and "act at fixed time" are two exactly solved parts, so that every
splitting of an autonomous system keeps its order for a time-dependent one (Hatano, Suzuki, Lect.
Notes Phys. 679, 37 (2005), section 5). All times stay within the slice.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from rzqiskit.validation import check_positive_integer

__all__ = ["ORDERS", "SPLITTINGS", "Splitting", "find_splitting"]


@dataclass(frozen=True, slots=True)
class Splitting:
    """Coefficients of one slice, in units of its width; each row sums to 1.

    Attributes:
        advance: a_1 ... a_s, by how much time moves; negative ones run back.
        weights: b_1 ... b_{s+1}, weights of the diagonal part before, between and after.
    """

    advance: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def num_layers(self) -> int:
        """Diagonal layers a slice costs where slices follow each other and share one layer."""
        return len(self.advance)


def compose_strang(widths: tuple[float, ...]) -> Splitting:
    """Return the composition of Strang slices of the given relative widths.

    Args:
        widths: one for each Strang slice, of sum 1.

    Returns:
        The splitting.

    Examples:
        >>> compose_strang((1.0,))
        Splitting(advance=(1.0,), weights=(0.5, 0.5))
    """
    inner = tuple(0.5 * (left + right) for left, right in itertools.pairwise(widths))
    return Splitting(widths, (0.5 * widths[0], *inner, 0.5 * widths[-1]))


def _symmetric(advance: tuple[float, ...], weights: tuple[float, ...]) -> Splitting:
    """Return the palindrome whose independent coefficients are given; the middle ones follow."""
    # An even number of advances has its middle pair fixed by the sum, an odd number of weights
    # its middle one.
    half = (*advance, 0.5 - sum(advance))
    return Splitting((*half, *half[::-1]), (*weights, 1.0 - 2.0 * sum(weights), *weights[::-1]))


# Order 1 acts first and moves then: the first layer is a phase on |0...0>, so it costs one layer
# less than the reverse in a Y or X basis.
SPLITTINGS: dict[int, Splitting] = {
    1: Splitting((1.0,), (1.0, 0.0)),
    2: compose_strang((1.0,)),
    # S6 and S10 of Blanes and Moan, J. Comput. Appl. Math. 142, 313 (2002), Table 2.
    4: _symmetric(
        (0.209515106613362, -0.143851773179818),
        (0.0792036964311957, 0.353172906049774, -0.0420650803577195),
    ),
    6: _symmetric(
        (0.148816447901042, -0.132385865767784, 0.067307604692185, 0.432666402578175),
        (
            0.0502627644003922,
            0.413514300428344,
            0.0450798897943977,
            -0.188054853819569,
            0.541960678450780,
        ),
    ),
}
ORDERS: tuple[int, ...] = tuple(SPLITTINGS)


def find_splitting(order: int) -> Splitting:
    """Return the splitting of an order of accuracy.

    Args:
        order: 1 (Lie), 2 (Strang), 4 or 6 (Blanes and Moan).

    Returns:
        The coefficients.

    Raises:
        TypeError: `order` is no integer.
        ValueError: there is none of that order here.

    Examples:
        >>> [find_splitting(order).num_layers for order in ORDERS]
        [1, 1, 6, 10]
    """
    order = check_positive_integer("order", order)
    if order not in SPLITTINGS:
        raise ValueError(f"`order` must be one of {', '.join(map(str, ORDERS))}, got {order}.")
    return SPLITTINGS[order]
