r"""Commutator-free formulas: exponentials whose coefficients are moments of the pulse.

H(t) = f(t) Jx + V with V = Delta Jz + g Jz^2 is not put into any interaction picture. A slice of
width h, middle t_m and pulse moments m_0 = int f dt, m_1 = int f (t - t_m) dt / h is replaced by

    exp(-i a_1 Jx) exp(-i b_1 h V) exp(-i a_2 Jx) ... exp(-i b_s h V) exp(-i a_{s+1} Jx),
    a_i = c_i m_0 + d_i m_1,

the first factor acting first. With c and b symmetric and d antisymmetric the slice is its own
inverse when time runs back, so that its errors are of odd order in h alone, and it has order 4 if

- b, c are a splitting of order 4 of an H that does not change: sum c = sum b = 1 and two more
  conditions at the third order, on [Jx, [Jx, V]] and [V, [Jx, V]];
- sum_i d_i tau_i = 1, where tau_i = b_1 + ... + b_{i-1} - 1/2 is how much of V has acted before
  the i-th rotation, counted from the middle. This makes the one term of third order that is new,
  [V, Jx] m_1 h, that of the Magnus series.

What then is free in d makes the term linear in Jx right for a pulse of constant slope one order
further, sum_i d_i tau_i^3 = 3/20. These are the conditions of T. N. Ikeda, A. Abrar, I. L. Chuang,
S. Sugiura, Quantum 7, 1168 (2023), arXiv:2212.06788, for time dependence in one of two parts:
7 exponentials are the fewest of order 4, 9 have smaller errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rzqiskit.circuits.splittings import compose_strang
from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    from rzqiskit.drives import Drive

__all__ = ["MOMENT_FORMULAS", "MomentFormula", "pulse_moments"]

_FEWEST_NODES = 32
_MOST_NODES = 2048


@dataclass(frozen=True, slots=True)
class MomentFormula:
    """Coefficients of one slice, rotations on both ends.

    Attributes:
        areas: c_1 ... c_{s+1}, weights of the area of the pulse in the rotations.
        slopes: d_1 ... d_{s+1}, weights of its first moment.
        weights: b_1 ... b_s, weights of the diagonal part between the rotations.
    """

    areas: tuple[float, ...]
    slopes: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def num_layers(self) -> int:
        """Diagonal layers of a slice."""
        return len(self.weights)

    def rotations(self, moments: FloatArray) -> FloatArray:
        """Return the angles of the rotations of each slice.

        Args:
            moments: m_0 and m_1 of each slice, shape (num_slices, 2), rad.

        Returns:
            The angles a_i, shape (num_slices, s + 1), rad.

        Examples:
            >>> angles = MOMENT_FORMULAS[7].rotations(np.array([[1.0, 0.0], [1.0, 0.1]]))
            >>> angles.sum(axis=1).round(12)
            array([1., 1.])
        """
        angles: FloatArray = moments @ np.array([self.areas, self.slopes])
        return angles


def _antisymmetric_slopes(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Return d of sum d tau = 1 and sum d tau^3 = 3/20, at most four of them not zero."""
    tau = np.concatenate(([0.0], np.cumsum(weights))) - 0.5
    half = tau[: tau.size // 2]
    first = np.linalg.solve(np.stack([2.0 * half, 2.0 * half**3]), [1.0, 0.15])
    middle = [0.0] * (tau.size % 2)
    return (*first.tolist(), *middle, *(-first[::-1]).tolist())


def _formula(areas: tuple[float, ...], weights: tuple[float, ...]) -> MomentFormula:
    return MomentFormula(areas, _antisymmetric_slopes(weights), weights)


def _seven() -> MomentFormula:
    # Forest and Ruth, Physica D 43, 105 (1990): three Strang slices, the middle one backwards.
    width = 1.0 / (2.0 - 2.0 ** (1.0 / 3.0))
    splitting = compose_strang((width, 1.0 - 2.0 * width, width))
    return _formula(splitting.weights, splitting.advance)


def _nine() -> MomentFormula:
    # Omelyan, Mryglod, Folk, Comput. Phys. Commun. 146, 188 (2002): the least error of its length.
    outer, inner, next_inner = 0.1786178958448091, -0.2123418310626054, -0.06626458266981849
    areas = (outer, next_inner, 1.0 - 2.0 * (outer + next_inner), next_inner, outer)
    return _formula(areas, (0.5 - inner, inner, inner, 0.5 - inner))


MOMENT_FORMULAS: dict[int, MomentFormula] = {7: _seven(), 9: _nine()}
"""Formulas of order 4 by their number of exponentials."""


def pulse_moments(drive: Drive, edges: FloatArray) -> FloatArray:
    """Return area and first moment of a pulse over slices, to rounding.

    Args:
        drive: the pulse.
        edges: shape (num_slices + 1,), ends of the slices, inverse energy, ascending.

    Returns:
        Shape (num_slices, 2), rad: the integral of f, and that of f (t - t_m) over the width of
        the slice, t_m its middle.

    Notes:
        Integrals are cut at the landmarks of the pulse, and take as many Gauss nodes as give
        the known area of each piece, at most 2048.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> moments = pulse_moments(RectangularDrive(3.0, 1.0), np.array([0.0, 0.5, 1.0]))
        >>> abs(moments).round(12)
        array([[1.5, 0. ],
               [1.5, 0. ]])
    """
    breaks = [b for b in drive.landmarks if edges[0] < b < edges[-1]]
    cuts = np.union1d(edges, breaks)
    slices = np.searchsorted(edges, cuts[:-1], side="right") - 1
    middles = 0.5 * (edges[1:] + edges[:-1])
    widths = np.where(np.diff(edges) > 0.0, np.diff(edges), 1.0)
    areas = np.asarray(drive.area(cuts[:-1], cuts[1:]))
    centers, halves = 0.5 * (cuts[1:] + cuts[:-1]), 0.5 * np.diff(cuts)
    num_nodes = _FEWEST_NODES
    while True:
        nodes, weights = np.polynomial.legendre.leggauss(num_nodes)
        times = centers[:, None] + halves[:, None] * nodes
        values = np.asarray(drive.value(times)) * weights * halves[:, None]
        scale = np.abs(values).sum()
        missing = np.abs(values.sum(axis=1) - areas).max(initial=0.0)
        if missing <= 1e-13 * scale or num_nodes >= _MOST_NODES:
            break
        num_nodes *= 4
    inner = (values * (times - middles[slices][:, None])).sum(axis=1) / widths[slices]
    moments = np.zeros((edges.size - 1, 2))
    np.add.at(moments, slices, np.stack([areas, inner], axis=1))
    return moments
