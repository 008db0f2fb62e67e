r"""First-order Magnus in the frame that turns with the pulse, exact in the (N + 1)-space.

The paper's Eq. 15 without its two shortcuts: the exponent holds the integrals up to t, not T, and
is exponentiated exactly on the N + 1 Dicke levels:

    |psi(t)> = exp(-i phi Jx) exp(-i int_0^t V) |0>,   V = Delta Z + g Z^2,
    int V = Delta (C Jz + S Jy) + g (C2 Jz^2 + S2 Jy^2 + M (Jz Jy + Jy Jz)),

with C, S, C2, S2, M the running integrals of cos, sin, cos^2, sin^2 and sin cos of phi. The
populations are positive and add up to 1. What is left out are the commutators of V at different
times, of second order in Delta and eta.

Notation: Delta `level_splitting`, g `jz_squared_coefficient`, phi the pulse area up to t.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.panels import Panels
from rzqiskit.analytic.tier import Tier, divide_by_time, remember_last
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = ["LARGEST_MAGNUS", "magnus_exponent", "magnus_states", "magnus_tier"]

VALIDITY = (
    "(Delta T)^2 + (eta T)^2 <= 0.07 (T: length of the pulse, eta = g N/2): error of E below "
    "0.3 N Delta times that sum for any pulse; Sigma and S several times better than `leading`; "
    "N up to 100"
)
LARGEST_MAGNUS = 200
_LARGEST_BATCH = 2**24  # matrix entries diagonalised at once


@lru_cache(maxsize=8)
def _spin(num_qubits: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return m, Jy (real in the basis (-i)^k |k>), and the eigenvalues and eigenvectors of Jx."""
    k = np.arange(num_qubits, dtype=np.float64)
    step = 0.5 * np.sqrt((k + 1.0) * (num_qubits - k))
    ladder: FloatArray = np.diag(step, 1) + np.diag(step, -1)
    values, vectors = np.linalg.eigh(ladder)
    m: FloatArray = np.arange(num_qubits + 1.0) - 0.5 * num_qubits
    return m, ladder, values, vectors


def magnus_exponent(battery: RosenZenerBattery) -> Callable[[npt.ArrayLike], FloatArray]:
    """Return a function of times that gives the integral of V up to t.

    Args:
        battery: any battery.

    Returns:
        Times of shape (num_times,) -> real symmetric matrices of shape (num_times, N + 1, N + 1),
        dimensionless, in the basis (-i)^k |k>.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(0.0, 1.0))
        >>> magnus_exponent(battery)([1.0])
        array([[[-0.5,  0. ],
                [ 0. ,  0.5]]])
    """
    panels = Panels(battery.drive)
    sine, cosine = np.sin(panels.area), np.cos(panels.area)
    integrands = (cosine, sine, cosine**2, sine**2, sine * cosine)
    series = np.stack([panels.integrate(values)[0] for values in integrands])
    m, jy, _, _ = _spin(battery.num_qubits)
    square = jy @ jy
    mixed = m[:, None] * jy + jy * m
    delta, g = battery.level_splitting, battery.jz_squared_coefficient
    eye = np.eye(battery.num_qubits + 1)

    def at(times: npt.ArrayLike) -> FloatArray:
        C, S, C2, S2, M = panels.evaluate(series, times)[:, :, None, None]
        linear = delta * (C * (m * eye) + S * jy)
        return linear + g * (C2 * (m**2 * eye) + S2 * square + M * mixed)

    return at


def magnus_states(
    battery: RosenZenerBattery,
) -> Callable[[npt.ArrayLike], npt.NDArray[np.complex128]]:
    """Return a function of times that gives the lab state of first-order Magnus.

    Args:
        battery: any battery; a time costs one diagonalisation of N + 1 levels.

    Returns:
        Times of shape (num_times,) -> amplitudes of shape (num_times, N + 1) in the basis
        (-i)^k |k>, in which Jx is imaginary and Jy real.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> (abs(magnus_states(battery)([0.0])) ** 2).round(12).tolist()
        [[1.0, 0.0]]
    """
    exponent = magnus_exponent(battery)
    _, _, jx_values, jx_vectors = _spin(battery.num_qubits)
    phase = (-1j) ** np.arange(battery.num_qubits + 1)
    batch = max(1, _LARGEST_BATCH // (battery.num_qubits + 1) ** 2)

    def at(times: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        t = np.asarray(times, dtype=np.float64)
        parts = [_batch(t[first : first + batch]) for first in range(0, t.size, batch)]
        return np.concatenate(parts)

    def _batch(t: FloatArray) -> npt.NDArray[np.complex128]:
        values, vectors = np.linalg.eigh(exponent(t))
        turned = np.exp(-1j * values) * vectors[:, 0, :]
        inner = np.einsum("tkj,tj->tk", vectors, turned)
        phi = np.asarray(battery.drive.area(0.0, t), dtype=np.float64)
        rotation = np.exp(-1j * phi[:, None] * jx_values)
        return (((inner * phase) @ jx_vectors) * rotation) @ jx_vectors.T * phase.conj()

    return at


def magnus_tier(battery: RosenZenerBattery) -> Tier:
    """Return the tier "magnus" of `evolve_analytic` for this battery.

    Args:
        battery: a battery of up to 200 cells.

    Returns:
        The tier.

    Raises:
        ValueError: more than 200 cells.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> magnus_tier(battery).metrics["stored_energy"](np.array([1.0])).round(4)
        array([0.9021])
    """
    from rzqiskit import metrics as metric

    if battery.num_qubits > LARGEST_MAGNUS:
        raise ValueError(
            f"`num_qubits` must be at most {LARGEST_MAGNUS} in the method 'magnus', whose every "
            f"time is a diagonalisation of N + 1 levels, got {battery.num_qubits}."
        )
    states = remember_last(magnus_states(battery))
    delta = battery.level_splitting
    _, jy, _, _ = _spin(battery.num_qubits)

    def population(times: FloatArray) -> FloatArray:
        return np.abs(states(times)) ** 2

    def energy(times: FloatArray) -> FloatArray:
        return metric.stored_energy(population(times), delta)

    def power(times: FloatArray) -> FloatArray:
        psi = states(times)
        current = np.einsum("tk,tk->t", psi.conj(), psi @ jy).real
        return delta * np.asarray(battery.drive.value(times), dtype=np.float64) * current

    metrics: dict[str, Callable[[FloatArray], FloatArray]] = {
        "stored_energy": energy,
        "average_power": lambda t: divide_by_time(energy(t), t),
        "instantaneous_power": power,
        "energy_fluctuation": lambda t: metric.energy_fluctuation(population(t), delta),
        "diagonal_entropy": lambda t: metric.diagonal_entropy(population(t)),
    }
    return Tier(metrics=metrics, population=population, validity=VALIDITY)
