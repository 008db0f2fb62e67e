r"""The second-order state: amplitudes, populations and entropy (derived in docs/derivations.md).

Two readings of the same amplitudes on levels 0..4 of the turning frame. With few excitations the
populations are multiplied out and kept to second order, and right to fourth. With many, levels
0..4 cannot hold the state, but it is still a small tilt of a squeezed state, and taken as such.

Notation: N cells, g `jz_squared_coefficient`; G, Y, Q, R, K, L the integrals of
`rzqiskit.analytic.frame_integrals`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.binomial import sampled_levels
from rzqiskit.analytic.frame_integrals import FrameIntegrals
from rzqiskit.analytic.rotated_levels import rotated_levels
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = [
    "diagonal_entropy",
    "frame_amplitudes",
    "frame_excitations",
    "population",
    "tilted_pairs",
]


def frame_excitations(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return <k> in the turning frame to second order, N G^2/4 + N (N - 1) g^2 Q^2/4.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), dimensionless.

    Examples:
        >>> from rzqiskit.analytic.frame_integrals import frame_integrals_by_quadrature
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> frame_excitations(battery, frame_integrals_by_quadrature(battery)([0.3])).round(3)
        array([0.065])
    """
    n, g = battery.num_qubits, battery.jz_squared_coefficient
    return 0.25 * n * (at.G**2 + (n - 1) * g**2 * at.Q**2)


def frame_amplitudes(
    battery: RosenZenerBattery, at: FrameIntegrals
) -> tuple[FloatArray, FloatArray]:
    """Return the first- and second-order amplitudes on levels 0..4 of the turning frame.

    The state is sum_k (-i)^k [delta_k0 + second_k - i first_k] |k>, up to a phase.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        `first` and `second`, each real of shape (5, num_times).

    Examples:
        >>> from rzqiskit.analytic.frame_integrals import frame_integrals_by_quadrature
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(num_qubits=10, drive=SineSquaredDrive(20.0, 0.3))
        >>> first, second = frame_amplitudes(battery, frame_integrals_by_quadrature(battery)([0.3]))
        >>> bool(np.allclose(second[0], -0.5 * (first**2).sum(axis=0)))
        True
    """
    n, g = battery.num_qubits, battery.jz_squared_coefficient
    pair = math.sqrt(2.0 * n * (n - 1))
    triple = math.sqrt(6.0 * n * (n - 1) * max(n - 2, 0))
    quadruple = math.sqrt(24.0 * n * (n - 1) * max(n - 2, 0) * max(n - 3, 0))
    first, second = np.zeros((5, at.phi.size)), np.zeros((5, at.phi.size))
    first[1] = -0.5 * math.sqrt(n) * at.G
    first[2] = 0.25 * g * pair * at.Q
    second[0] = -0.5 * (first[1] ** 2 + first[2] ** 2)
    pull = at.Y - (n - 1) * g**2 * at.R + 0.5 * (n - 1) * g * at.G * at.Q
    second[1] = 0.5 * math.sqrt(n) * pull
    turn = 2.0 * at.L + 0.5 * (n - 2) * g * at.Q**2
    second[2] = -0.25 * pair * (0.5 * at.G**2 - 2.0 * g * at.K + g * turn)
    second[3] = 0.25 * g * triple * (0.5 * at.G * at.Q - 2.0 * g * at.R)
    second[4] = -(g**2) / 32.0 * quadruple * at.Q**2
    return first, second


def population(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return the populations to second order.

    They add up to 1 and have the mean and the variance of `stored_energy` and
    `energy_fluctuation`; beyond the validity of the tier some may be slightly negative.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times, N + 1), probability of k excited cells.

    Examples:
        >>> from rzqiskit.analytic.frame_integrals import frame_integrals_by_quadrature
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=2, drive=drive, interaction=2.0)
        >>> population(battery, frame_integrals_by_quadrature(battery)([drive.period])).round(4)
        array([[0.0077, 0.0075, 0.9848]])
    """
    num_levels = battery.num_qubits + 1
    levels = np.broadcast_to(np.arange(float(num_levels)), (at.phi.size, num_levels))
    return _population(battery, at, levels)


def _population(battery: RosenZenerBattery, at: FrameIntegrals, levels: FloatArray) -> FloatArray:
    columns = rotated_levels(battery.num_qubits, at.phi[:, None], levels)
    first, second = frame_amplitudes(battery, at)
    bare = columns[0]
    linear = np.einsum("ltk,lt->tk", columns, second)
    return bare**2 + 2.0 * bare * linear + np.einsum("ltk,lt->tk", columns, first) ** 2


def diagonal_entropy(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return the entropy of the populations to second order.

    A population that second order makes negative, beyond the validity of the tier, counts with
    the real part of -p log2 p.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), bit.

    Examples:
        >>> from rzqiskit.analytic.frame_integrals import frame_integrals_by_quadrature
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> at = frame_integrals_by_quadrature(battery)([0.0, drive.period])
        >>> diagonal_entropy(battery, at).round(3)
        array([0.  , 2.73])
    """
    levels, stride = sampled_levels(battery.num_qubits, at.phi)
    p = _population(battery, at, levels)
    size = np.where(p == 0.0, 1.0, np.abs(p))
    return -stride * np.sum(p * np.log2(size), axis=1) + 0.0


def tilted_pairs(
    battery: RosenZenerBattery, at: FrameIntegrals
) -> tuple[npt.NDArray[np.complex128], FloatArray]:
    """Return the second-order state as a squeezed vacuum in a tilted frame.

    The same amplitudes, read as exp(i (G Jy - Y' Jx)) on a state of pairs, with the tilt and the
    turning of the pairs not multiplied out: for many excitations, see `squeezed_populations`. Left
    out are level 3, of relative order N^(-1/2), and 1/N beside the pairs.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Ratio of the squeezed vacuum, shape (num_times,), and the lab's z axis in the tilted frame,
        shape (3, num_times).

    Examples:
        >>> from rzqiskit.analytic.frame_integrals import frame_integrals_by_quadrature
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(num_qubits=9, drive=SineSquaredDrive(20.0, 0.1 * np.pi))
        >>> at = frame_integrals_by_quadrature(battery)([0.1 * np.pi])
        >>> tilted_pairs(battery, at)[1].round(3)
        array([[ 0.122],
               [-0.013],
               [-0.992]])
    """
    n, g = battery.num_qubits, battery.jz_squared_coefficient
    s, c = np.sin(at.phi), np.cos(at.phi)
    about_x, about_y = at.Y - (n - 1) * g**2 * at.R, -at.G
    angle = np.hypot(about_x, about_y)
    # Rodrigues' rotation of (0, s, c) by -(about_x, about_y, 0).
    once = np.sinc(angle / np.pi)
    twice = 0.5 * np.sinc(angle / (2.0 * np.pi)) ** 2 * about_y * s
    axis = np.stack([
        -once * about_y * c + twice * about_x,
        s * np.cos(angle) + once * about_x * c + twice * about_y,
        c * np.cos(angle) - once * about_x * s,
    ])  # fmt: skip
    turn = 2.0 * at.K - 2.0 * at.L - 0.5 * (n - 2) * g * at.Q**2
    phase = np.divide(turn, at.Q, out=np.zeros_like(turn), where=at.Q > 0.0)
    strength = np.tanh(0.5 * math.sqrt(n * (n - 1.0)) * g * at.Q)
    return 1j * strength * np.exp(1j * phase), axis
