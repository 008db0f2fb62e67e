r"""The interaction pictures in which a product formula is written.

With U0(t) the propagator of a rotation, the state is U0(t) T exp(-i int V dt) |0...0>, and a
product formula replaces the ordered exponential by factors exp(-i w V(t_j)). Seen from outside,
such a factor is diagonal and between two of them the circuit rotates by U0(t_j) U0(t_{j-1})^-1.

- "drive" takes f(t) Jx alone for the rotation: RX by the exact pulse area, and
  V = Delta Jz + g Jz^2 in that frame. Strang's formula in it is the usual one.
- "mean-field" takes the drive, the level splitting and the field that the other N - 1 cells
  make, a rotation about (f, 0, Delta - g (N - 1) a_3), where a_3 = -2 <Jz>/N of the rotated
  ground state. Only V = g [Jz^2 + (N - 1) a_3 Jz] is left: the squeezing. It does not couple
  |0...0> of the frame to its neighbour at all, hence the formula needs fewer layers. The circuit
  has the same gates but for RZ on both sides of an RX, which costs no two-qubit gate.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    from rzqiskit.model import RosenZenerBattery

__all__ = ["FRAMES", "Frame", "MeanField", "mean_field"]

ComplexArray = npt.NDArray[np.complex128]
Frame = Literal["mean-field", "drive"]
FRAMES: tuple[Frame, ...] = ("mean-field", "drive")
# Beyond this many kinks a restart of the integrator at each costs more than stepping over them.
_MOST_RESTARTS = 64


@dataclass(frozen=True, slots=True)
class MeanField:
    """The rotation U0(t) of one cell, [[a, -b*], [b, a*]] on (ground, excited).

    Attributes:
        edges: times at which the pieces of the solution join, ascending, inverse energy.
        pieces: dense solutions between the edges: Re a, Im a, Re b, Im b, and real and imaginary
            part of the integral of `pair_amplitude` from 0.
    """

    edges: tuple[float, ...]
    pieces: tuple[Any, ...]

    def _values(self, times: FloatArray) -> FloatArray:
        piece = np.searchsorted(self.edges, times, side="right") - 1
        piece = np.clip(piece, 0, len(self.pieces) - 1)
        values = np.empty((6, times.size))
        for index in np.unique(piece):
            where = piece == index
            values[:, where] = self.pieces[index](times[where])
        values[:4] /= np.sqrt((values[:4] ** 2).sum(axis=0))
        return values

    def amplitudes(self, times: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        """Return a and b at `times`, both of its shape (num_times,)."""
        values = self._values(times)
        return values[0] + 1j * values[1], values[2] + 1j * values[3]

    def pair_amplitude(self, times: FloatArray) -> ComplexArray:
        """Return (2 a b)^2 at `times`: up to a factor, how V takes |k = 0> to |k = 2>."""
        a, b = self.amplitudes(times)
        return (2.0 * a * b) ** 2

    def pair_integral(self, time: float) -> complex:
        """Return the integral of `pair_amplitude` from 0 to `time`."""
        values = self._values(np.array([time]))
        return complex(values[4, 0], values[5, 0])

    def imbalance(self, times: FloatArray) -> FloatArray:
        """Return a_3 = |a|^2 - |b|^2 at `times`: 1 in the ground state, -1 excited."""
        a, b = self.amplitudes(times)
        imbalance: FloatArray = np.abs(a) ** 2 - np.abs(b) ** 2
        return imbalance

    def rotations(self, times: FloatArray) -> FloatArray:
        """Return the Euler angles of U0 from each time to the next.

        Args:
            times: shape (num_times,), inverse energy.

        Returns:
            Angles (first z, x, last z), shape (num_times - 1, 3), rad: the rotation is
            exp(-i z' Jz) exp(-i x Jx) exp(-i z Jz), read from the right.
        """
        a, b = self.amplitudes(times)
        # Entries (ground, ground) and (excited, ground) of U0(t_j) U0(t_{j-1})^-1.
        stay = a[1:] * a[:-1].conj() + b[1:].conj() * b[:-1]
        move = b[1:] * a[:-1].conj() - a[1:].conj() * b[:-1]
        x = 2.0 * np.arctan2(np.abs(move), np.abs(stay))
        # stay = cos(x/2) exp(i (z + z')/2), move = -i sin(x/2) exp(i (z - z')/2)
        total = np.where(np.abs(stay) > 0.0, 2.0 * np.angle(stay), 0.0)
        difference = np.where(np.abs(move) > 0.0, 2.0 * np.angle(1j * move), 0.0)
        return np.stack([0.5 * (total + difference), x, 0.5 * (total - difference)], axis=-1)


def mean_field(battery: RosenZenerBattery) -> MeanField:
    """Return the mean-field rotation of `battery` over its pulse.

    Args:
        battery: what is charged.

    Returns:
        The solution of i (a, b)' = [f sx / 2 + (Delta - g (N - 1) a_3) sz / 2] (a, b) from the
        ground state, to about 1e-11.
    """
    try:
        return _cached_mean_field(battery)
    except TypeError:  # a drive that cannot be hashed
        return _solve_mean_field(battery)


def _solve_mean_field(battery: RosenZenerBattery) -> MeanField:
    from scipy.integrate import solve_ivp

    drive = battery.drive
    splitting = battery.level_splitting
    field = battery.jz_squared_coefficient * (battery.num_qubits - 1)

    def slope(t: float, y: FloatArray) -> list[float]:
        half_drive = 0.5 * float(drive.value(t))
        a3 = y[0] ** 2 + y[1] ** 2 - y[2] ** 2 - y[3] ** 2
        half_field = 0.5 * (splitting - field * a3)
        real, imag = y[0] * y[2] - y[1] * y[3], y[0] * y[3] + y[1] * y[2]  # of a b
        return [
            half_drive * y[3] - half_field * y[1],
            half_field * y[0] - half_drive * y[2],
            half_drive * y[1] + half_field * y[3],
            -half_drive * y[0] - half_field * y[2],
            4.0 * (real**2 - imag**2),
            8.0 * real * imag,
        ]

    breaks = drive.breakpoints
    step = np.inf
    if len(breaks) > _MOST_RESTARTS:
        step, breaks = drive.duration / len(breaks), ()
    edges = (0.0, *breaks, drive.duration)
    state = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    pieces = []
    for start, stop in itertools.pairwise(edges):
        result = solve_ivp(
            slope, (start, stop), state, method="DOP853", rtol=1e-12, atol=1e-13,
            max_step=step, dense_output=True,
        )  # fmt: skip
        state = result.y[:, -1]
        state[:4] /= np.linalg.norm(state[:4])
        pieces.append(result.sol)
    return MeanField(edges, tuple(pieces))


_cached_mean_field = functools.lru_cache(maxsize=32)(_solve_mean_field)
