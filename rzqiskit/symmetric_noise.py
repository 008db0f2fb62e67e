r"""Density matrices that are symmetric under exchange of the cells, under pulses and errors.

Errors averaged over all permutations of the cells leave a symmetric state symmetric. An element
<s|rho|s'> of such a state depends only on how many cells have (0, 0), (0, 1), (1, 0) and (1, 1) in
the pair of bit strings s, s': (N + 1)(N + 2)(N + 3)/6 numbers, 286 for N = 10, hold what takes 4^N
in full, exactly. In this basis

- RZ on every cell and RZZ on every pair are phases;
- one linear map on every cell is its symmetric power, see `symmetric_power`: so RX becomes phases
  in the basis of |+>, |->, and a Pauli channel becomes factors in the basis of Pauli products;
- an error on x random cells as X, y as Y and z as Z multiplies a product of Paulis by the average
  of its signs, the same symmetric power of the table of signs.

Beyond 20 cells `blurred_populations` puts all errors at the end, where only flips matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import expm
from scipy.special import comb, gammaln
from scipy.stats import binom, hypergeom

from rzqiskit.circuits.schedule import ChargingSchedule
from rzqiskit.validation import check_positive_integer

__all__ = ["MAX_CELLS", "blurred_populations", "noisy_populations", "symmetric_power"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MAX_CELLS = 20  # 1771 numbers, and half a second for its tables

# Signs of P Q P Q for P, Q in I, X, Y, Z.
_SIGNS = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], dtype=np.float64)
# From the elements 00, 01, 10, 11 of a cell's matrix to its means of I, X, Y, Z.
_TO_PAULIS = np.array([[1, 0, 0, 1], [0, 1, 1, 0], [0, 1j, -1j, 0], [1, 0, 0, -1]])
_HADAMARD = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2.0)


def symmetric_power(matrix: npt.ArrayLike, num_cells: int) -> npt.NDArray[Any]:
    """Return what a map of one cell, done to every cell, does to symmetric elements.

    Args:
        matrix: M, shape (4, 4): new element a of one cell is sum_b M[a, b] times old element b.
        num_cells: N.

    Returns:
        K, shape (D, D) with D = (N + 1)(N + 2)(N + 3)/6, row s and column e by the numbers of cells
        in each of the four elements, in the order of `compositions`: the coefficient of
        u_0^e_0 .. u_3^e_3 in the product over cells of their rows, sum_b M[a, b] u_b.

    Raises:
        TypeError: a matrix that is not numeric, a number of cells that is no integer.
        ValueError: another shape, elements that are not finite, no cells.

    Examples:
        >>> symmetric_power(np.eye(4), 3).shape, float(symmetric_power(np.eye(4), 3).trace())
        ((20, 20), 20.0)
    """
    m = np.asarray(matrix)
    if m.dtype.kind not in "iufc":
        raise TypeError(f"`matrix` must be an array of numbers, got dtype {m.dtype}.")
    if m.shape != (4, 4):
        raise ValueError(f"`matrix` must have the shape (4, 4), got {m.shape}.")
    if not np.isfinite(m).all():
        raise ValueError(f"`matrix` must be finite, got {m[~np.isfinite(m)][0]}.")
    power = np.ones((1, 1), dtype=m.dtype)
    for num in range(1, check_positive_integer("num_cells", num_cells) + 1):
        cells, fewer = compositions(num), compositions(num - 1)
        place, place_before = _places(num), _places(num - 1)
        # One cell split off from each row.
        kind = np.argmax(cells > 0, axis=1)
        rest = cells - np.eye(4, dtype=np.int64)[kind]
        rows = power[[place_before[tuple(row)] for row in rest.tolist()]]
        power = np.zeros((len(cells), len(cells)), dtype=m.dtype)
        for other in range(4):
            columns = (fewer + np.eye(4, dtype=np.int64)[other]).tolist()
            power[:, [place[tuple(column)] for column in columns]] += m[kind, other, None] * rows
    return power


@lru_cache(maxsize=32)
def compositions(num_cells: int) -> IntArray:
    """Return all ways to share N cells among four kinds, shape (D, 4)."""
    return np.array(
        [
            (a, b, c, num_cells - a - b - c)
            for a in range(num_cells + 1)
            for b in range(num_cells + 1 - a)
            for c in range(num_cells + 1 - a - b)
        ],
        dtype=np.int64,
    )


@lru_cache(maxsize=32)
def _places(num_cells: int) -> dict[tuple[int, ...], int]:
    return {tuple(row): place for place, row in enumerate(compositions(num_cells).tolist())}


@dataclass(frozen=True, slots=True)
class _Tables:
    ket: FloatArray  # m of the left bit string
    bra: FloatArray
    to_x: FloatArray  # into the basis of |+>, |->, and back
    to_paulis: npt.NDArray[np.complex128]
    from_paulis: npt.NDArray[np.complex128]
    signs: FloatArray  # mean sign by (product of Paulis, error)
    diagonal: IntArray  # where the populations are
    multiplicity: FloatArray  # bit strings of each weight


@lru_cache(maxsize=4)
def _tables(num_cells: int) -> _Tables:
    cells = compositions(num_cells)
    arrangements = np.exp(gammaln(num_cells + 1) - gammaln(cells + 1).sum(axis=1))
    weights = np.arange(num_cells + 1)
    places = _places(num_cells)
    return _Tables(
        ket=np.asarray(cells[:, 2] + cells[:, 3] - 0.5 * num_cells, dtype=np.float64),
        bra=np.asarray(cells[:, 1] + cells[:, 3] - 0.5 * num_cells, dtype=np.float64),
        to_x=symmetric_power(np.kron(_HADAMARD, _HADAMARD), num_cells),
        to_paulis=symmetric_power(_TO_PAULIS, num_cells),
        from_paulis=symmetric_power(np.linalg.inv(_TO_PAULIS), num_cells),
        signs=symmetric_power(_SIGNS, num_cells) / arrangements,
        diagonal=np.array([places[num_cells - k, 0, 0, k] for k in weights.tolist()]),
        multiplicity=comb(num_cells, weights),
    )


def noisy_populations(
    schedules: Sequence[ChargingSchedule],
    rates: Mapping[tuple[int, int, int], float],
    *,
    drift: float = 0.0,
) -> FloatArray:
    """Return the populations of the levels at the end of noisy charging circuits.

    Args:
        schedules: of one number of cells, at most 20.
        rates: (x, y, z) -> expected number of errors that act on x cells as X, on y as Y, on z as
            Z, in a whole circuit. They come behind the all-pairs layers in equal shares, or at the
            end of a circuit that has none.
        drift: pull of every cell's polarisation towards the ground state, in a whole circuit.

    Returns:
        Shape (num_schedules, N + 1).

    Raises:
        ValueError: too many cells, or schedules of different numbers of them.

    Examples:
        >>> from rzqiskit.circuits.schedule import Layer
        >>> layers = (Layer("x", np.pi),)
        >>> schedule = ChargingSchedule(2, 0.1, 1, 2, "z", layers)
        >>> noisy_populations([schedule], {(1, 0, 0): 0.1}).round(3)
        array([[0.002, 0.091, 0.907]])
    """
    widths = {schedule.num_qubits for schedule in schedules}
    if len(widths) != 1 or max(widths) > MAX_CELLS:
        raise ValueError(
            f"`schedules` must be of one number of cells of at most {MAX_CELLS}, got "
            f"{sorted(widths)}."
        )
    (num_cells,) = widths
    tables = _tables(num_cells)
    places = _places(num_cells)
    exponent = np.zeros(len(tables.ket))
    for (x, y, z), rate in rates.items():
        exponent += rate * (tables.signs[:, places[num_cells - x - y - z, x, y, z]] - 1.0)

    populations = np.empty((len(schedules), num_cells + 1))
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, schedule in enumerate(schedules):
        groups.setdefault(schedule.axes, []).append(index)
    for axes, members in groups.items():
        share = 1.0 / max(axes.count("zz"), 1)
        factors = np.exp(share * exponent)[:, np.newaxis]
        pulled = _drift_power(num_cells, share * drift)
        angles = np.array([schedules[index].angles for index in members]).reshape(len(members), -1)
        states = np.zeros((len(factors), len(members)), dtype=np.complex128)
        states[places[num_cells, 0, 0, 0]] = 1.0
        for axis, angle in zip(axes, angles.T, strict=True):
            phases = -1j * angle
            if axis == "x":
                # Jx = sum X / 2 is -m of the bit string in the basis of |+>, |->.
                turned = np.exp(-np.outer(tables.ket - tables.bra, phases))
                states = tables.to_x @ (turned * (tables.to_x @ states))
            elif axis == "z":
                states *= np.exp(np.outer(tables.ket - tables.bra, phases))
            else:
                states *= np.exp(np.outer(tables.ket**2 - tables.bra**2, phases))
                states = pulled @ (tables.from_paulis @ (factors * (tables.to_paulis @ states)))
        if "zz" not in axes:
            states = pulled @ (tables.from_paulis @ (factors * (tables.to_paulis @ states)))
        populations[members] = (states[tables.diagonal].real * tables.multiplicity[:, np.newaxis]).T
    return populations


def _drift_power(num_cells: int, drift: float) -> npt.NDArray[Any]:
    # <Z> of a cell grows by `drift`, which leaves all else as it is.
    pull = np.eye(4)
    pull[0] += 0.5 * drift * np.array([1.0, 0.0, 0.0, 1.0])
    pull[3] -= 0.5 * drift * np.array([1.0, 0.0, 0.0, 1.0])
    return symmetric_power(pull, num_cells)


def blurred_populations(
    populations: FloatArray, rates: Mapping[tuple[int, int, int], float]
) -> FloatArray:
    """Return populations after all errors of a circuit have come at its end.

    An X flips its cell. A Y or a Z flips it with probability 1/2, for it came before a last pulse
    of one angle or another.

    Args:
        populations: shape (num_times, N + 1), of any number of cells.
        rates: as in `noisy_populations`.

    Returns:
        Shape (num_times, N + 1).

    Examples:
        >>> blurred_populations(np.array([[0.0, 0.0, 1.0]]), {(1, 0, 0): 0.1}).round(3)
        array([[0.002, 0.091, 0.907]])
    """
    num_cells = populations.shape[-1] - 1
    flips = np.zeros(num_cells + 1)  # expected number of errors by how many cells they flip
    for (x, y, z), rate in rates.items():
        flips[x : x + y + z + 1] += rate * binom.pmf(np.arange(y + z + 1), y + z, 0.5)
    generator = np.zeros((num_cells + 1, num_cells + 1))
    levels = np.arange(num_cells + 1)
    for number in np.flatnonzero(flips[1:]) + 1:
        lost = np.arange(number + 1)  # of the flipped cells that were excited
        for k in levels:
            chance = hypergeom.pmf(lost, num_cells, k, number)
            reached = k + number - 2 * lost
            possible = chance > 0.0
            np.add.at(generator[k], reached[possible], flips[number] * chance[possible])
        generator[levels, levels] -= flips[number]
    blurred: FloatArray = populations @ expm(generator)
    return blurred
