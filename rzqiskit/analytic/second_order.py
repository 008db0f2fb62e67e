r"""Closed forms complete to second order in Delta and eta (derived in docs/derivations.md).

In the frame that turns with the pulse the perturbation is V = Delta Z + g Z^2 with
Z = Jz cos(phi) + Jy sin(phi). With the six integrals of `rzqiskit.analytic.frame_integrals`,

    E = (N Delta/2) [1 - c + (G^2/2) c + Y s + (N - 1) g^2 (Q^2/2 c - R s)],
    P_I = (N Delta/2) f [s - (G^2/2) s + Y c - (N - 1) g^2 (Q^2/2 s + R c)] = dE/dt,

c = cos(phi), s = sin(phi): the first line of the bracket is the mean field of the other N - 1
cells, the rest the pairs of excitations that only the interaction makes. Odd orders vanish in
every population, so what is left out is of fourth order. The populations are those of amplitudes
on levels 0..4, multiplied out and kept to second order; E and Sigma are their mean and (for few
excitations of the frame) their standard deviation, S their entropy.

Notation: N cells, Delta `level_splitting`, f the drive, phi its area, g `jz_squared_coefficient`
(2 eta/N ordered). hbar = 1: energies in the unit of Delta, times in its inverse.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.frame_integrals import FrameIntegrals, frame_integrals_by_quadrature
from rzqiskit.analytic.rotated_levels import rotated_levels
from rzqiskit.analytic.tier import Tier, divide_by_time, remember_last
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = [
    "average_power",
    "diagonal_entropy",
    "energy_fluctuation",
    "frame_amplitudes",
    "frame_excitations",
    "instantaneous_power",
    "population",
    "second_order_tier",
    "stored_energy",
    "uniform_energy_fluctuation",
]

VALIDITY = (
    "E and powers: Delta T <= 1 and |g| N T <= 2 (|eta| T <= 1 ordered), "
    "any N: error of E below 1e-2 N Delta, and falling with the fourth power; Sigma, S and "
    "populations: at most about a quarter of an excitation in the turning frame"
)
# Up to here levels 0..4 hold the state and its own fluctuation is taken, else the uniform form.
FEW_EXCITATIONS = 0.25


def _excess(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return <X> = E/Delta - N sin^2(phi/2), all of it of second order."""
    n, g = battery.num_qubits, battery.jz_squared_coefficient
    s, c = np.sin(at.phi), np.cos(at.phi)
    pairs = (n - 1) * g**2 * (0.5 * at.Q**2 * c - at.R * s)
    return 0.5 * n * (0.5 * at.G**2 * c + at.Y * s + pairs)


def _variance(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return <X^2>, the variance of the excitations to second order."""
    n, g = battery.num_qubits, battery.jz_squared_coefficient
    s, c = np.sin(at.phi), np.cos(at.phi)
    tilt = s**2 + 2.0 * s * c * at.Y + c**2 * at.G**2
    pairs = g * (2.0 * c**2 * at.Q**2 - 2.0 * s * c * at.R)
    squeezing = 2.0 * s**2 * (at.K - at.L) - 2.0 * s * c * at.G * at.Q
    return 0.25 * n * (tilt + (n - 1) * g * (pairs + squeezing))


def stored_energy(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return the stored energy to second order.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), energy.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> at = frame_integrals_by_quadrature(battery)([0.0, drive.period])
        >>> stored_energy(battery, at).round(4)
        array([0.    , 4.9537])
    """
    bare = battery.num_qubits * np.sin(0.5 * at.phi) ** 2
    return battery.level_splitting * (bare + _excess(battery, at))


def average_power(
    battery: RosenZenerBattery, at: FrameIntegrals, times: npt.ArrayLike
) -> FloatArray:
    """Return the average power E/t to second order, zero at t = 0.

    Args:
        battery: any battery.
        at: its integrals at `times`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> at = frame_integrals_by_quadrature(battery)([0.0, 1.0])
        >>> average_power(battery, at, [0.0, 1.0]).round(4)
        array([0.    , 0.8987])
    """
    return divide_by_time(stored_energy(battery, at), times)


def instantaneous_power(
    battery: RosenZenerBattery, at: FrameIntegrals, times: npt.ArrayLike
) -> FloatArray:
    """Return the instantaneous power to second order, Delta f <Jy>.

    Args:
        battery: any battery.
        at: its integrals at `times`.
        times: shape (num_times,), inverse energy.

    Returns:
        Shape (num_times,), energy squared.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> at = frame_integrals_by_quadrature(battery)([0.0, 0.5])
        >>> instantaneous_power(battery, at, [0.0, 0.5]).round(4)
        array([0.    , 1.4912])
    """
    n, g, delta = battery.num_qubits, battery.jz_squared_coefficient, battery.level_splitting
    s, c = np.sin(at.phi), np.cos(at.phi)
    pairs = (n - 1) * g**2 * (0.5 * at.Q**2 * s + at.R * c)
    force = np.asarray(battery.drive.value(times), dtype=np.float64)
    return 0.5 * n * delta * force * (s - 0.5 * at.G**2 * s + at.Y * c - pairs)


def energy_fluctuation(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return the standard deviation of the energy, from <X^2> and <X> to second order.

    It belongs to `population`: Sigma^2 = Delta^2 (<X^2> - <X>^2), X the excitations beyond the
    bare rotation. Where that is negative, far outside the validity of the tier, the real part of
    the root is returned, zero. See `expanded_energy_fluctuation` for many cells.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), energy.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> at = frame_integrals_by_quadrature(battery)([0.0, drive.period])
        >>> energy_fluctuation(battery, at).round(3)
        array([0.   , 0.298])
    """
    variance = _variance(battery, at) - _excess(battery, at) ** 2
    return battery.level_splitting * np.sqrt(variance.astype(np.complex128)).real


def uniform_energy_fluctuation(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return the standard deviation of the energy in a form that is good for any N.

    Sigma^2 = Delta^2 (<X^2> - <X>^2/N): Eq. 20, the part of independent cells, with the mean of
    second order, plus the correlation of the pairs of cells to second order. It differs from
    `energy_fluctuation` at fourth order only, by a term that there grows like N^2 instead of N.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), energy; zero where the truncated variance is negative.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=1000, drive=drive, interaction=2.0)
        >>> at = frame_integrals_by_quadrature(battery)([0.0, drive.period])
        >>> uniform_energy_fluctuation(battery, at).round(2)
        array([0.  , 1.94])
    """
    variance = _variance(battery, at) - _excess(battery, at) ** 2 / battery.num_qubits
    return battery.level_splitting * np.sqrt(variance.astype(np.complex128)).real


def frame_excitations(battery: RosenZenerBattery, at: FrameIntegrals) -> FloatArray:
    """Return <k> in the turning frame to second order, N G^2/4 + N (N - 1) g^2 Q^2/4.

    Args:
        battery: any battery.
        at: its integrals at the times wanted.

    Returns:
        Shape (num_times,), dimensionless.

    Examples:
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
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
        >>> battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
        >>> at = frame_integrals_by_quadrature(battery)([0.0, drive.period])
        >>> diagonal_entropy(battery, at).round(3)
        array([0.  , 2.73])
    """
    n = battery.num_qubits
    # Levels beyond 12 standard deviations of the bare rotation (40 at least) carry nothing.
    reach = 6.0 * math.sqrt(n) + 40.0
    lowest = np.maximum(np.floor(n * np.sin(0.5 * at.phi) ** 2 - reach), 0.0)
    levels: FloatArray = lowest[:, None] + np.arange(float(min(n + 1, int(2.0 * reach) + 2)))
    p = _population(battery, at, levels)
    size = np.where(p == 0.0, 1.0, np.abs(p))
    return -np.sum(p * np.log2(size), axis=1) + 0.0


def second_order_tier(battery: RosenZenerBattery) -> Tier:
    """Return the tier "second-order" of `evolve_analytic` for this battery.

    Sigma is that of the populations while the turning frame holds less than a quarter of an
    excitation during the whole pulse (`frame_excitations`), else `uniform_energy_fluctuation`.

    Args:
        battery: any battery.

    Returns:
        The tier.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> second_order_tier(battery).metrics["stored_energy"](np.array([1.0])).round(4)
        array([0.8987])
    """
    at = remember_last(frame_integrals_by_quadrature(battery))
    whole = at(np.linspace(0.0, battery.drive.duration, 129))
    few = float(frame_excitations(battery, whole).max()) < FEW_EXCITATIONS
    fluctuation = energy_fluctuation if few else uniform_energy_fluctuation
    metrics: dict[str, Callable[[FloatArray], FloatArray]] = {
        "stored_energy": lambda t: stored_energy(battery, at(t)),
        "average_power": lambda t: average_power(battery, at(t), t),
        "instantaneous_power": lambda t: instantaneous_power(battery, at(t), t),
        "energy_fluctuation": lambda t: fluctuation(battery, at(t)),
        "diagonal_entropy": lambda t: diagonal_entropy(battery, at(t)),
    }
    return Tier(metrics=metrics, population=lambda t: population(battery, at(t)), validity=VALIDITY)
