r"""The interaction pictures in which a product formula is written.

With U0(t) the propagator of a rotation, the state is U0(t) T exp(-i int V dt) |0...0>, and a
product formula replaces the ordered exponential by factors exp(-i w V(t_j)). Seen from outside,
such a factor is diagonal and between two of them the circuit rotates by U0(t_j) U0(t_{j-1})^-1.

- "drive" takes f(t) Jx alone for the rotation: RX by the exact pulse area, and
  V = Delta Jz + g Jz^2 in that frame. Strang's formula in it is the usual one.
- "mean-field" takes the drive, the level splitting and the field that the other N - 1 cells
  make, a rotation about (f, 0, Delta - g (N - 1) a_3), where a_3 = -2 <Jz>/N of the rotated
  ground state. Only V = g [Jz^2 + (N - 1) a_3 Jz] is left: the squeezing. It does not couple
  |0...0> of the frame to its neighbour at all, hence the formula needs fewer layers, the fewest
  where they are matched to the whole run (`matching`). The circuit has the same gates but for RZ on
  both sides of an RX, which costs no two-qubit gate.
- "lab" is no picture at all: the commutator-free formula of order 4, see `moments`, and at orders 1
  and 2, where the area of the pulse is the only moment that counts, the same as "drive".
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from rzqiskit.drives.pieces import solve_in_pieces
from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    from rzqiskit.model import RosenZenerBattery

__all__ = ["FRAMES", "Frame", "MeanField", "Moments", "euler_angles", "mean_field"]

ComplexArray = npt.NDArray[np.complex128]
Frame = Literal["mean-field", "drive", "lab"]
FRAMES: tuple[Frame, ...] = get_args(Frame)
_NUM_UNKNOWNS = 15


@dataclass(frozen=True, slots=True)
class Moments:
    """Integrals from 0 to each time of what squeezes, all of shape (num_times,).

    With e = 2 a b and a_3 the components of the axis of squeezing across and along the spin, and
    Q = pair: powers of the inverse energy as there are integrals.

    Attributes:
        pair: integral of e^2; up to a factor, how V takes |k = 0> to |k = 2>.
        tilt: integral of a_3 e.
        along: integral of a_3^2.
        single: integral of a_3 e* Q, how it takes |2> on to |1>.
        triple: integral of a_3 e Q, on to |3>.
        phase: integral of [(1 - 2/N) (1 - a_3^2) + (2/N) a_3^2] Q, what |2> gathers on |0>, over N.
    """

    pair: ComplexArray
    tilt: ComplexArray
    along: FloatArray
    single: ComplexArray
    triple: ComplexArray
    phase: ComplexArray


@dataclass(frozen=True, slots=True)
class MeanField:
    """The rotation U0(t) of one cell, [[a, -b*], [b, a*]] on (ground, excited).

    Attributes:
        edges: times at which the pieces of the solution join, ascending, inverse energy.
        pieces: dense solutions between the edges: real and imaginary parts of a, b and the
            complex `Moments`, and last the real one.
    """

    edges: tuple[float, ...]
    pieces: tuple[Any, ...]

    def _values(self, times: FloatArray) -> FloatArray:
        piece = np.searchsorted(self.edges, times, side="right") - 1
        piece = np.clip(piece, 0, len(self.pieces) - 1)
        values = np.empty((_NUM_UNKNOWNS, times.size))
        for index in np.unique(piece):
            where = piece == index
            values[:, where] = self.pieces[index](times[where])
        values[:4] /= np.sqrt((values[:4] ** 2).sum(axis=0))
        return values

    def amplitudes(self, times: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        """Return a and b at `times`, both of its shape (num_times,)."""
        values = self._values(times)
        return values[0] + 1j * values[1], values[2] + 1j * values[3]

    def moments(self, times: FloatArray) -> Moments:
        """Return the moments of the squeezing from 0 to each of `times`."""
        values = self._values(times)
        pair, tilt, single, triple, phase = values[4:-1:2] + 1j * values[5:-1:2]
        return Moments(pair, tilt, values[-1], single, triple, phase)

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
        return euler_angles(*self.amplitudes(times))


def euler_angles(a: ComplexArray, b: ComplexArray) -> FloatArray:
    """Return the Euler angles of the rotations between rotations [[a, -b*], [b, a*]].

    Args:
        a: shape (num,), of (ground, ground).
        b: shape (num,), of (excited, ground).

    Returns:
        Angles (first z, x, last z) from each rotation to the next, shape (num - 1, 3), rad.

    Examples:
        >>> half = np.sqrt(0.5)
        >>> euler_angles(np.array([1.0, half]), np.array([0.0, -1j * half])).round(6) + 0.0
        array([[0.      , 1.570796, 0.      ]])
    """
    # Entries (ground, ground) and (excited, ground) of U_j U_{j-1}^-1.
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
    drive = battery.drive
    splitting = battery.level_splitting
    field = battery.jz_squared_coefficient * (battery.num_qubits - 1)

    along_share = 2.0 / battery.num_qubits

    def slope(t: float, y: FloatArray) -> list[float]:
        a, b, pair = complex(y[0], y[1]), complex(y[2], y[3]), complex(y[4], y[5])
        a3 = y[0] ** 2 + y[1] ** 2 - y[2] ** 2 - y[3] ** 2
        half_drive = 0.5 * float(drive.value(t))
        half_field = 0.5 * (splitting - field * a3)
        da, db = half_field * a - half_drive * b, -half_drive * a - half_field * b
        e = 2.0 * a * b
        square, tilt = e * e, a3 * e
        single, triple = tilt.conjugate() * pair, tilt * pair
        phase = (1.0 - along_share + (2.0 * along_share - 1.0) * a3**2) * pair
        return [
            -da.imag, da.real, -db.imag, db.real, square.real, square.imag, tilt.real, tilt.imag,
            single.real, single.imag, triple.real, triple.imag, phase.real, phase.imag, a3**2,
        ]  # fmt: skip

    def normalised(state: FloatArray) -> FloatArray:
        state[:4] /= np.linalg.norm(state[:4])
        return state

    edges, pieces = solve_in_pieces(
        drive, slope, np.eye(1, _NUM_UNKNOWNS)[0], rate=abs(splitting) + abs(field),
        rtol=1e-12, atol=1e-13, mend=normalised,
    )  # fmt: skip
    return MeanField(edges, pieces)


_cached_mean_field = functools.lru_cache(maxsize=32)(_solve_mean_field)
