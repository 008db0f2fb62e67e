r"""Fourth order in Delta and eta by iterated integrals (derived in docs/derivations.md).

In the frame that turns with the pulse and in the basis (-i)^k |k>, V = Delta Z + g Z^2 is real and
the state is sum_n (-i)^n x_n with x_n = int_0^t V x_(n-1), x_0 = |0>. Every mean value is cut at
fourth order, term by term,

    <A>_m = sum_(a + b = m) (-1)^((a - b)/2) x_a . A x_b,   m = 0, 2, 4,

odd orders vanish. x_n lives on levels 0 .. 2 n, so nine levels hold all of it for any N.

Notation: N cells, Delta `level_splitting`, g `jz_squared_coefficient`, phi the pulse area up to t,
Z = Jz cos(phi) + Jy sin(phi), X = Z + (N/2) cos(phi).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.binomial import sampled_levels
from rzqiskit.analytic.frame_integrals import frame_integrals_by_quadrature
from rzqiskit.analytic.panels import NUM_NODES, Panels
from rzqiskit.analytic.rotated_levels import rotated_levels
from rzqiskit.analytic.second_order_state import frame_excitations, tilted_pairs
from rzqiskit.analytic.tier import Tier, divide_by_time, remember_last
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = ["ORDER", "fourth_order_tier", "iterated_amplitudes"]

ORDER = 4
# From here on the populations are not multiplied out any more.
MOST_EXCITATIONS = 0.5
VALIDITY = (
    "(Delta T)^2 + (eta T)^2 <= 4 (T: length of the pulse, eta = g N/2), any N: error of E below "
    "0.0001 N Delta times the cube of that sum for the sine-squared pulse, 0.1 for any pulse; S "
    "and populations: below half an excitation in the turning frame to sixth order, beyond it off "
    "by tenths of a bit at most with the sine-squared pulse"
)


def _spin(num_qubits: int, num_levels: int) -> tuple[FloatArray, FloatArray]:
    """Return k and Jy (real in this basis) on the lowest levels."""
    k = np.arange(float(num_levels))
    step = 0.5 * np.sqrt((k[:-1] + 1.0) * (num_qubits - k[:-1]))
    return k, np.diag(step, 1) + np.diag(step, -1)


def iterated_amplitudes(
    battery: RosenZenerBattery, *, order: int = ORDER
) -> Callable[[npt.ArrayLike], FloatArray]:
    """Return a function of times that gives the amplitudes x_0 .. x_order.

    Args:
        battery: any battery.
        order: the highest.

    Returns:
        Times of shape (num_times,) -> real amplitudes, shape (order + 1, num_levels, num_times)
        with num_levels = min(N, 2 order) + 1, the mean of V on level 0 divided out as a phase.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> iterated_amplitudes(battery)([1.0])[:2, :, 0].round(6)
        array([[1.     , 0.     ],
               [0.     , 0.31831]])
    """
    panels = Panels(battery.drive)
    n, delta, g = battery.num_qubits, battery.level_splitting, battery.jz_squared_coefficient
    num_levels = min(n, 2 * order) + 1
    # Two more levels than are kept, so that the square of Jy is right on the last ones.
    k, jy = _spin(n, min(n, num_levels + 1) + 1)
    jz = np.diag(k - 0.5 * n)
    kept = slice(0, num_levels)
    linear = [matrix[kept, kept] for matrix in (jz, jy)]
    square = [matrix[kept, kept] for matrix in (jz @ jz, jy @ jy, jz @ jy + jy @ jz)]
    sine, cosine = (wave(panels.area)[..., None, None] for wave in (np.sin, np.cos))
    potential = delta * (cosine * linear[0] + sine * linear[1]) + g * (
        cosine**2 * square[0] + sine**2 * square[1] + sine * cosine * square[2]
    )
    potential = potential - potential[..., :1, :1] * np.eye(num_levels)
    shape = (order + 1, num_levels, len(panels.edges) - 1, NUM_NODES + 1)
    series = np.zeros(shape)
    series[0, 0, :, 0] = 1.0
    values = np.zeros((*panels.area.shape, num_levels))
    values[..., 0] = 1.0
    for n_th in range(1, order + 1):
        slope = np.einsum("pnij,pnj->pni", potential, values)
        for level in range(num_levels):
            series[n_th, level], values[..., level] = panels.integrate(slope[..., level])
    flat = series.reshape(-1, *shape[2:])

    def at(times: npt.ArrayLike) -> FloatArray:
        return panels.evaluate(flat, times).reshape(order + 1, num_levels, -1)

    return at


def _truncated(left: FloatArray, right: FloatArray, order: int) -> FloatArray:
    """Return the sum of the terms of order up to `order` of <left|right>, summed over levels."""
    total = np.zeros(left.shape[2:])
    for a in range(order + 1):
        for b in range(a % 2, order + 1 - a, 2):
            total += (-1.0) ** ((a - b) // 2) * np.sum(left[a] * right[b], axis=0)
    return total


def fourth_order_tier(battery: RosenZenerBattery, *, order: int = ORDER) -> Tier:
    """Return the tier "fourth-order" of `evolve_analytic` for this battery.

    Populations multiplied out need few excitations; where the turning frame holds half of one or
    more (`frame_excitations`), S and the populations are those of second order's `tilted_pairs`.

    Args:
        battery: any battery.
        order: where mean values are cut; an even number.

    Returns:
        The tier.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=1, drive=RectangularDrive(np.pi, 1.0))
        >>> fourth_order_tier(battery).metrics["stored_energy"](np.array([1.0])).round(4)
        array([0.9026])
    """
    amplitudes = iterated_amplitudes(battery, order=order)
    n, delta, drive = battery.num_qubits, battery.level_splitting, battery.drive
    # One level beyond the amplitudes: X lifts by one before it is squared.
    size = min(n, 2 * order + 1) + 1
    k, jy = _spin(n, size)

    def lifted(times: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the amplitudes, k and Jy applied to them, and phi."""
        x = amplitudes(times)
        x = np.concatenate([x, np.zeros((x.shape[0], size - x.shape[1], x.shape[2]))], axis=1)
        phi = np.asarray(drive.area(0.0, times), dtype=np.float64)
        return x, k[:, None] * x, np.einsum("ij,njt->nit", jy, x), phi

    at = remember_last(lifted)

    def excess(times: FloatArray) -> FloatArray:
        x, raised, turned, phi = at(times)
        return _truncated(x, np.cos(phi) * raised + np.sin(phi) * turned, order)

    def energy(times: FloatArray) -> FloatArray:
        bare = n * np.sin(0.5 * at(times)[3]) ** 2
        return delta * (bare + excess(times))

    def power(times: FloatArray) -> FloatArray:
        x, raised, turned, phi = at(times)
        current = _truncated(x, np.cos(phi) * turned - np.sin(phi) * raised, order)
        force = np.asarray(drive.value(times), dtype=np.float64)
        return delta * force * (0.5 * n * np.sin(phi) + current)

    def fluctuation(times: FloatArray) -> FloatArray:
        x, raised, turned, phi = at(times)
        moved = np.cos(phi) * raised + np.sin(phi) * turned
        # <X> has no zeroth order: two orders less of it give its square to full order.
        mean = _truncated(x, moved, order - 2)
        variance = _truncated(moved, moved, order) - mean**2
        return delta * np.sqrt(variance.astype(np.complex128)).real

    def populations(times: FloatArray, levels: FloatArray) -> FloatArray:
        x, _, _, phi = at(times)
        columns = rotated_levels(n, phi[:, None], levels, num_levels=size)
        lab = np.einsum("ltk,nlt->ntk", columns, x)[:, None]
        return _truncated(lab, lab, order)

    def population(times: FloatArray) -> FloatArray:
        return populations(times, np.broadcast_to(np.arange(n + 1.0), (times.size, n + 1)))

    def entropy(times: FloatArray) -> FloatArray:
        levels, stride = sampled_levels(n, at(times)[3])
        p = populations(times, levels)
        return -stride * np.sum(p * np.log2(np.where(p == 0.0, 1.0, np.abs(p))), axis=1) + 0.0

    metrics: dict[str, Callable[[FloatArray], FloatArray]] = {
        "stored_energy": energy,
        "average_power": lambda t: divide_by_time(energy(t), t),
        "instantaneous_power": power,
        "energy_fluctuation": fluctuation,
        "diagonal_entropy": entropy,
    }
    integrals = frame_integrals_by_quadrature(battery)
    whole = integrals(np.union1d(np.linspace(0.0, drive.duration, 129), drive.landmarks))
    if float(frame_excitations(battery, whole).max()) < MOST_EXCITATIONS:
        return Tier(metrics, population, VALIDITY)
    from rzqiskit.analytic.squeezed import squeezed_entropy, squeezed_populations

    metrics["diagonal_entropy"] = lambda t: squeezed_entropy(
        n, *tilted_pairs(battery, integrals(t))
    )
    return Tier(
        metrics,
        lambda t: squeezed_populations(n, *tilted_pairs(battery, integrals(t))),
        VALIDITY,
    )
