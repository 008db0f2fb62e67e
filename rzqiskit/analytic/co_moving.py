r"""Mean field with Gaussian fluctuations: the co-moving frame to leading order in 1/N.

In a triad e_1, e_2, e_3 carried by the mean field of the other N - 1 cells,
e_i' = Omega x e_i with Omega = (f, 0, Delta - g (N - 1) a_3) and a_i = z.e_i, the Hamiltonian is

    H~ = g D^2 - g a_3 D,   D = a_1 J~x + a_2 J~y + a_3 k,

exactly. Its first-order part only makes pairs of excitations. With bosons, J~+ ~ sqrt(N) a^dagger,
the pairs are a squeezed vacuum, a = u a_0 + v a_0^dagger, exact to all orders in g N T, and their
pull displaces the mean by beta = <a> (docs/derivations.md):

    kappa = g (N - 1)/2,  x = conj(alpha) conj(v) + alpha u,  y = conj(alpha) conj(u) + alpha v,
    u' = -i kappa conj(alpha) x,   v' = -i kappa conj(alpha) y,
    beta' = -i conj(alpha) kappa (conj(alpha) conj(beta) + alpha beta)
            - i g a_3 sqrt(N - 1) (2 conj(alpha) |v|^2 + alpha u v),   alpha = a_1 + i a_2.

Relative errors fall like 1/N; Delta T and the mean field are exact. Fifteen ordinary differential
equations whatever N is, not a formula in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.squeezed import squeezed_entropy, squeezed_populations
from rzqiskit.analytic.tier import Tier, divide_by_time, remember_last
from rzqiskit.drives.pieces import solve_in_pieces
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = ["CoMovingState", "co_moving_states", "co_moving_tier"]

VALIDITY = (
    "N >= 10, any Delta T (T: length of the pulse, eta = g N/2): error of E below "
    "0.2 (eta T)^2 Delta/N for the sine-squared pulse and |eta| T <= 2, below 0.8 of it for any "
    "pulse and |eta| T <= 1; relative errors fall like 1/N and faster; exact without interaction"
)


@dataclass(frozen=True, slots=True)
class CoMovingState:
    """Mean field and Gaussian fluctuations at some times, arrays of shape (num_times,).

    Attributes:
        a: z in the triad, shape (3, num_times).
        b: y in the triad, shape (3, num_times).
        u: amplitude of a_0 in a.
        v: amplitude of a_0^dagger in a.
        beta: displacement <a>.
    """

    a: FloatArray
    b: FloatArray
    u: npt.NDArray[np.complex128]
    v: npt.NDArray[np.complex128]
    beta: npt.NDArray[np.complex128]


def co_moving_states(battery: RosenZenerBattery) -> Callable[[npt.ArrayLike], CoMovingState]:
    """Return a function of times that gives the mean field and its fluctuations.

    Args:
        battery: any battery; the cost does not depend on its number of cells.

    Returns:
        Times of shape (num_times,) -> state.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=8, drive=RectangularDrive(np.pi, 1.0), level_splitting=0.0
        ... )
        >>> co_moving_states(battery)([1.0]).a.round(6)
        array([[ 0.],
               [ 0.],
               [-1.]])
    """
    drive, n = battery.drive, battery.num_qubits
    delta, g = battery.level_splitting, battery.jz_squared_coefficient
    kappa, pull = 0.5 * g * (n - 1), g * math.sqrt(n - 1)

    def slope(time: float, state: Any) -> list[float]:
        # a, b, c: z, y, x in the triad; then the parts of u, v, beta.
        a1, a2, a3, b1, b2, b3, c1, c2, c3, ur, ui, vr, vi, br, bi = state.tolist()
        force, turn = float(drive.value(time)), delta - g * (n - 1) * a3
        alpha, u, v, beta = complex(a1, a2), complex(ur, ui), complex(vr, vi), complex(br, bi)
        down = alpha.conjugate()
        rate = -1j * kappa * down
        du = rate * (down * v.conjugate() + alpha * u)
        dv = rate * (down * u.conjugate() + alpha * v)
        dbeta = rate * 2.0 * (alpha * beta).real
        dbeta -= 1j * pull * a3 * (2.0 * down * abs(v) ** 2 + alpha * u * v)
        return [
            force * b1, force * b2, force * b3,
            turn * c1 - force * a1, turn * c2 - force * a2, turn * c3 - force * a3,
            -turn * b1, -turn * b2, -turn * b3,
            du.real, du.imag, dv.real, dv.imag, dbeta.real, dbeta.imag,
        ]  # fmt: skip

    start = np.array([0.0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    edges, solutions = solve_in_pieces(
        drive, slope, start, rate=abs(delta) + 2.0 * abs(kappa), rtol=1e-10, atol=1e-12
    )

    def at(times: npt.ArrayLike) -> CoMovingState:
        t = np.clip(np.asarray(times, dtype=np.float64), 0.0, drive.duration)
        values = np.empty((15, t.size))
        index = np.searchsorted(edges[1:-1], t)
        for number, solution in enumerate(solutions):
            here = index == number
            if here.any():
                values[:, here] = solution(t[here])
        u, v, beta = (values[i] + 1j * values[i + 1] for i in (9, 11, 13))
        return CoMovingState(a=values[:3], b=values[3:6], u=u, v=v, beta=beta)

    return at


def _energy(battery: RosenZenerBattery, at: CoMovingState) -> FloatArray:
    n, a3 = battery.num_qubits, at.a[2]
    pull = math.sqrt(n) * ((at.a[0] + 1j * at.a[1]) * at.beta).real
    # 1 - a_3 without cancellation at early times.
    tilt = (at.a[0] ** 2 + at.a[1] ** 2) / (1.0 + np.abs(a3))
    missing = np.where(a3 > 0.0, tilt, 1.0 - a3)
    return battery.level_splitting * (0.5 * n * missing + a3 * np.abs(at.v) ** 2 + pull)


def _power(battery: RosenZenerBattery, at: CoMovingState, times: FloatArray) -> FloatArray:
    n, pairs = battery.num_qubits, np.abs(at.v) ** 2
    pull = math.sqrt(n) * ((at.b[0] + 1j * at.b[1]) * at.beta).real
    current = at.b[2] * (pairs - 0.5 * n) + pull
    return battery.level_splitting * np.asarray(battery.drive.value(times)) * current


def _fluctuation(battery: RosenZenerBattery, at: CoMovingState) -> FloatArray:
    n, alpha = battery.num_qubits, at.a[0] + 1j * at.a[1]
    pairs, anomalous = np.abs(at.v) ** 2, at.u * at.v
    spread = np.abs(anomalous) ** 2
    raised = (alpha.conj() ** 2 * anomalous.conj()).real * (n - 0.5 - 3.0 * pairs)
    level = n + 2.0 * n * pairs - 2.0 * (spread + 2.0 * pairs**2 + pairs)
    along = at.a[2] ** 2 * (spread + pairs**2 + pairs)
    variance = 0.5 * raised + 0.25 * np.abs(alpha) ** 2 * level + along
    return battery.level_splitting * np.sqrt(variance.astype(np.complex128)).real


def _squeezing(
    battery: RosenZenerBattery, at: CoMovingState
) -> tuple[npt.NDArray[np.complex128], FloatArray]:
    """Return the ratio of the squeezed vacuum and its axis, the triad displaced by beta."""
    small = 2.0 * at.beta / math.sqrt(battery.num_qubits)
    down = at.a[0] - 1j * at.a[1] + at.a[2] * small
    a3 = at.a[2] - ((at.a[0] + 1j * at.a[1]) * small).real
    return at.v / at.u.conj(), np.stack([down.real, -down.imag, a3])


def co_moving_tier(battery: RosenZenerBattery) -> Tier:
    """Return the tier "co-moving" of `evolve_analytic` for this battery.

    Args:
        battery: any battery.

    Returns:
        The tier.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=100, drive=RectangularDrive(np.pi, 1.0))
        >>> co_moving_tier(battery).metrics["stored_energy"](np.array([1.0])).round(2)
        array([90.25])
    """
    at = remember_last(co_moving_states(battery))
    n = battery.num_qubits

    def population(times: FloatArray) -> FloatArray:
        return squeezed_populations(n, *_squeezing(battery, at(times)))

    metrics: dict[str, Callable[[FloatArray], FloatArray]] = {
        "stored_energy": lambda t: _energy(battery, at(t)),
        "average_power": lambda t: divide_by_time(_energy(battery, at(t)), t),
        "instantaneous_power": lambda t: _power(battery, at(t), t),
        "energy_fluctuation": lambda t: _fluctuation(battery, at(t)),
        "diagonal_entropy": lambda t: squeezed_entropy(n, *_squeezing(battery, at(t))),
    }
    return Tier(metrics=metrics, population=population, validity=VALIDITY)
