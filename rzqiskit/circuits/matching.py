r"""Layers of squeezing that are right to second order in the interaction, in the mean-field frame.

There the state obeys i psi' = g (D^2 - a_3 D) psi with D = a . (Jx, Jy, k), the unit vector a(t)
known from the mean field (`frames`), and starts at k = 0. To second order it leaves |0> for |2>,
and from there for |1> and |3>, by the integrals `Moments`. A layer of weight w about any axis n
acts as g w (D_n^2 - n_3 D_n), which is quadratic in B = sqrt(w) n. With e_j = B_1 - i B_2 and
z_j = B_3 of the j-th layer, and Q_j = e_1^2 + ... + e_{j-1}^2 + e_j^2 / 2, a circuit has the same
integrals as sums,

    pair = sum e_j^2,   triple = sum z_j e_j Q_j,   N phase = sum [(N - 2) |e_j|^2 + 2 z_j^2] Q_j.

The vectors B_j are changed as little as makes these three complex sums right, each in units of the
amplitude that it gives. The change is the least one in the norm sum dB_j^2 / B_j^2, with a ridge
against the case where only huge ones could. What is left of `single` is an excitation of |1>, that
is a small rotation at the end of the circuit, and costs nothing. The last layer acts about a(t)
itself: in a Z basis it is not seen and left out, but its weight too is free.

From three slices on there are more unknowns (three a layer and the last weight) than real
conditions, six. Then these are met up to the ridge, and the state is right up to third order in the
interaction, until an error of about 1e-6 is left. Two slices have four unknowns and come near; a
single slice has the last weight alone and is wrong in first order, in a Z basis only in the second.
As the changes are of order h^2, the formula is of order 2 in the slices for any interaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rzqiskit.circuits.frames import MeanField
from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    from rzqiskit.model import RosenZenerBattery

__all__ = ["MatchedLayers", "match_layers"]

ComplexArray = npt.NDArray[np.complex128]
Vectors: TypeAlias = tuple[ComplexArray, FloatArray]  # e and z of each layer
# Share of the squeezing of a slice along the axis at its middle, below which its mean axis is
# the better start: slices within which the axis turns by more than about 1.6 rad.
_LEAST_ALIGNMENT = 0.8
_RIDGE = 1e-3
# Cost, in squares of the ridge, below which the conditions are met and no other start is tried.
_MET = 3.0
_MOST_ITERATIONS = 40


@dataclass(frozen=True, slots=True)
class MatchedLayers:
    """Layers in the mean-field frame, each with the rotation in which it is diagonal.

    Attributes:
        a: shape (num_layers + 2,), rotations [[a, -b*], [b, a*]]: at the start, at the layers, at
            the end.
        b: shape (num_layers + 2,).
        weights: shape (num_layers,), inverse energy.
        imbalance: shape (num_layers,), n_3 of each axis.
        last_weight: weight of a last layer at the end; it commutes with a Z measurement.
    """

    a: ComplexArray
    b: ComplexArray
    weights: FloatArray
    imbalance: FloatArray
    last_weight: float


def match_layers(battery: RosenZenerBattery, path: MeanField, edges: FloatArray) -> MatchedLayers:
    """Return one layer for each inner edge of the slices, right to second order at the last edge.

    Args:
        battery: what is charged; at least two cells that interact.
        path: its mean field.
        edges: shape (num_slices + 1,), ends of the slices, inverse energy, ascending from 0.

    Returns:
        The layers.
    """
    problem = _Problem(battery, path, edges)
    e, z, last = problem.solve()
    rest = problem.missing_single(e, z, last)
    weights = np.abs(e) ** 2 + z**2
    lengths = np.sqrt(weights)
    a, b = _rotation_to(e / lengths, z / lengths)
    end_a, end_b = _turned(problem.a, problem.b, battery, rest)
    return MatchedLayers(
        a=np.concatenate(([1.0], a, [end_a])),
        b=np.concatenate(([0.0], b, [end_b])),
        weights=weights,
        imbalance=z / lengths,
        last_weight=last,
    )


def _rotation_to(across: ComplexArray, along: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return a and b with 2 a b = n_1 - i n_2 = `across` and |a|^2 - |b|^2 = n_3 = `along`."""
    larger = np.sqrt(0.5 * (1.0 + np.abs(along)))
    smaller = across / (2.0 * larger)
    up = along >= 0.0
    return np.where(up, larger, smaller), np.where(up, smaller, larger)


def _turned(
    a: complex, b: complex, battery: RosenZenerBattery, rest: complex
) -> tuple[complex, complex]:
    """Return the rotation (a, b) after the small one that excites |0> to |1> by `rest`."""
    # <1| exp(-i (w_1 Jx + w_2 Jy)) |0> = -i (w_1 - i w_2) sqrt(N) / 2 to first order. Where the
    # rest is not small it means nothing, hence the damping.
    turn = 2j * rest / (np.sqrt(battery.num_qubits) * (1.0 + abs(rest) ** 2))
    angle = abs(turn)
    if angle == 0.0:
        return a, b
    stay, move = np.cos(0.5 * angle), -1j * np.sin(0.5 * angle) * turn / angle
    return a * stay - b.conjugate() * move, b * stay + a.conjugate() * move


class _Problem:
    """The conditions of second order, as functions of the layers' vectors."""

    def __init__(self, battery: RosenZenerBattery, path: MeanField, edges: FloatArray) -> None:
        self._num = battery.num_qubits
        coupling = battery.jz_squared_coefficient
        # Amplitudes of |2>, |3> and again |2>, in units of the first if all squeezed one axis.
        triple = 2.0 * np.sqrt(3.0 * max(self._num - 2, 0))
        self._scales = np.array([1.0, abs(coupling) * triple, abs(coupling)]) / edges[-1]
        # Of |1>, in units of 1: <1|V|2> <2|V|0> with sqrt(2 (N - 1)) and sqrt(N (N - 1) / 8).
        self._single_amplitude = -0.5 * coupling**2 * (self._num - 1) * np.sqrt(self._num)
        a, b = path.amplitudes(edges)
        self.a, self.b = complex(a[-1]), complex(b[-1])
        goal = path.moments(edges[-1:])
        self._goal = np.array([goal.pair[0], goal.triple[0], self._num * goal.phase[0]])
        self._goal_single = complex(goal.single[0])
        e, z = 2.0 * a * b, np.abs(a) ** 2 - np.abs(b) ** 2
        self._e_end, self._z_end = complex(e[-1]), float(z[-1])
        self._starts = self._make_starts(path, edges, e[1:-1], z[1:-1])
        self._last = 0.5 * float(edges[-1] - edges[-2])

    def _make_starts(
        self, path: MeanField, edges: FloatArray, e: ComplexArray, z: FloatArray
    ) -> list[Vectors]:
        """Return vectors that stand each for the slice around an inner edge.

        First the likely ones: the axis at the edge, or the mean axis where it turns fast. Then
        either throughout.
        """
        cuts = 0.5 * (edges[1:] + edges[:-1])
        cuts[0] = 0.0
        moments = path.moments(cuts)
        pair, tilt, along = np.diff(moments.pair), np.diff(moments.tilt), np.diff(moments.along)
        widths = np.diff(cuts)
        # n . M n for M the integral of a a^T, whose trace is the width.
        aligned = (
            0.5 * np.abs(e) ** 2 * (widths - along)
            + 0.5 * (e.conj() ** 2 * pair).real
            + 2.0 * z * (e.conj() * tilt).real
            + z**2 * along
        )
        mean_e, mean_z = _mean_axes(self._num, pair, tilt, along)
        strength = np.abs(mean_e) ** 2 + mean_z**2
        has_mean = strength > 0.05 * widths
        fast = has_mean & (aligned < _LEAST_ALIGNMENT * widths)
        root = np.sqrt(0.5 * (edges[2:] - edges[:-2]))
        return [
            (np.where(by_mean, mean_e, root * e), np.where(by_mean, mean_z, root * z))
            for by_mean in (fast, np.zeros_like(fast), has_mean)
        ]

    def missing_single(self, e: ComplexArray, z: FloatArray, last: float) -> complex:
        """Return the amplitude of |1> that the layers lack."""
        squares = e**2
        before = np.cumsum(squares) - 0.5 * squares
        at_end = squares.sum() + 0.5 * last * self._e_end**2
        made = (z * e.conj() * before).sum()
        made += last * self._z_end * self._e_end.conjugate() * at_end
        return complex(self._single_amplitude * (self._goal_single - made))

    def solve(self) -> tuple[ComplexArray, FloatArray, float]:
        """Return e, z and the last weight, from the start with which the conditions are met."""
        found = []
        for start in self._starts:
            change, cost = self._descend(start)
            found.append((cost, self._vectors(start, change)))
            if cost < _MET * _RIDGE**2:
                break
        return min(found, key=lambda pair: pair[0])[1]

    def _descend(self, start: Vectors) -> tuple[FloatArray, float]:
        """Return the least change with the ridge, by damped Newton, and its cost."""
        change = np.zeros(3 * start[0].size + 1)
        residual, slopes = self._conditions(start, change)
        cost = float(residual @ residual)
        damping = 1e-6
        for _ in range(_MOST_ITERATIONS):
            before = cost
            while True:
                step = _ridge_step(residual, slopes, change, damping)
                tried = change + step
                residual_tried, slopes_tried = self._conditions(start, tried)
                cost = float(residual_tried @ residual_tried + _RIDGE**2 * (tried @ tried))
                if cost <= before or damping > 1e6:
                    break
                damping *= 16.0
            if cost > before:
                return change, before
            change, residual, slopes = tried, residual_tried, slopes_tried
            damping /= 9.0
            if before - cost <= 1e-6 * before:
                break
        return change, cost

    def _vectors(
        self, start: Vectors, change: FloatArray
    ) -> tuple[ComplexArray, FloatArray, float]:
        e, z = start
        lengths = np.sqrt(np.abs(e) ** 2 + z**2)
        real, imag, along = change[:-1].reshape(3, -1) * lengths
        # The last weight starts as half a slice, and a whole one is its unit.
        return e + real + 1j * imag, z + along, float(self._last * (1.0 + 2.0 * change[-1]))

    def _conditions(self, start: Vectors, change: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the six residuals, and their derivatives with respect to `change`."""
        e, z, last = self._vectors(start, change)
        num, e_end, z_end = self._num, self._e_end, self._z_end
        squares, before = e**2, np.cumsum(e**2) - 0.5 * e**2
        phases = (num - 2) * np.abs(e) ** 2 + 2.0 * z**2
        phase_end = (num - 2) * abs(e_end) ** 2 + 2.0 * z_end**2
        at_end = squares.sum() + 0.5 * last * e_end**2
        sums = np.array(
            [
                squares.sum() + last * e_end**2,
                (z * e * before).sum() + last * z_end * e_end * at_end,
                (phases * before).sum() + last * phase_end * at_end,
            ]
        )
        # Q of all later layers changes with e_j by 2 e_j, that of its own by e_j.
        later_tilt = _later(z * e) + last * z_end * e_end + 0.5 * z * e
        later_phase = _later(phases) + last * phase_end + 0.5 * phases
        # By e and by its conjugate, as if they were two variables.
        by_e = np.array(
            [
                2.0 * e,
                2.0 * e * later_tilt + z * before,
                2.0 * e * later_phase + (num - 2) * e.conj() * before,
            ]
        )
        by_conjugate = np.zeros_like(by_e)
        by_conjugate[2] = (num - 2) * e * before
        by_z = np.array([np.zeros_like(e), e * before, 4.0 * z * before])
        later_end = at_end + 0.5 * last * e_end**2
        by_last = np.array([e_end**2, z_end * e_end * later_end, phase_end * later_end])
        lengths = np.sqrt(np.abs(start[0]) ** 2 + start[1] ** 2)
        slopes = np.concatenate(
            [
                (by_e + by_conjugate) * lengths,
                1j * (by_e - by_conjugate) * lengths,
                by_z * lengths,
                2.0 * self._last * by_last[:, None],
            ],
            axis=1,
        )
        residual = self._scales * (sums - self._goal)
        slopes = self._scales[:, None] * slopes
        return (
            np.concatenate([residual.real, residual.imag]),
            np.concatenate([slopes.real, slopes.imag]),
        )


def _later(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the sum of all later values, for each of them."""
    later: npt.NDArray[Any] = np.cumsum(values[::-1])[::-1] - values
    return later


def _ridge_step(
    residual: FloatArray, slopes: FloatArray, change: FloatArray, damping: float
) -> FloatArray:
    """Return the step of Levenberg and Marquardt for |residual|^2 + ridge^2 |change|^2."""
    ridge = _RIDGE**2
    total = ridge + damping
    # Six equations, however many layers: solved in their space.
    matrix = slopes @ slopes.T + total * np.eye(residual.size)
    goal = residual - ridge / total * (slopes @ change)
    step: FloatArray = -slopes.T @ np.linalg.solve(matrix, goal) - ridge / total * change
    return step


def _mean_axes(
    num_qubits: int, pair: ComplexArray, tilt: ComplexArray, along: FloatArray
) -> tuple[ComplexArray, FloatArray]:
    """Return the vectors whose layers squeeze as slices with these moments do.

    The pair amplitude is met. Along the spin the vector is that of least N |z e - tilt|^2 +
    (z^2 - along)^2, the squared matrix elements that it makes.
    """
    size = np.sqrt(np.abs(pair))
    phase = np.exp(0.5j * np.angle(pair))
    mixed = (tilt * phase.conj()).real
    phase = np.where(mixed < 0.0, -phase, phase)
    mixed = np.abs(mixed)
    z = np.sqrt(np.maximum(along, 0.0))
    for _ in range(30):
        slope = num_qubits * size * (z * size - mixed) + 2.0 * z * (z**2 - along)
        curvature = num_qubits * size**2 + 6.0 * z**2 - 2.0 * along
        # Newton's step from above the minimum; where it bends the wrong way, half way to zero.
        convex = curvature > 0.0
        z = np.maximum(z - np.where(convex, slope / np.where(convex, curvature, 1.0), 0.5 * z), 0.0)
    return size * phase, z
