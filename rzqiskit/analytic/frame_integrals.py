r"""The six running integrals of the second order, by quadrature and by Jacobi-Anger series.

In the frame that turns with the pulse (docs/derivations.md) everything that second-order theory
needs is contained in, with all integrals from 0 to t and g' = (N - 1) g,

    G = -int w sin(phi),                w = Delta - g' cos(phi)      (tilt about y)
    Y =  int w cos(phi) G                                           (tilt about x)
    Q =  int sin^2(phi)                                             (pairs of excitations)
    R =  int sin(phi) cos(phi) Q                                    (their pull on the tilt)
    K =  int sin(phi) cos(phi) G
    L =  int cos(phi) [Delta - (N - 2) g cos(phi)] Q                (turning of the pairs)

Notation: N cells, Delta `level_splitting`, g `jz_squared_coefficient`, phi the pulse area up to t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from rzqiskit.analytic.exponentials import double_exponential, single_exponential
from rzqiskit.analytic.gauge import require_sine_squared
from rzqiskit.analytic.panels import Panels
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = ["FrameIntegrals", "frame_integrals_by_quadrature", "frame_integrals_by_series"]


@dataclass(frozen=True, slots=True)
class FrameIntegrals:
    """The pulse area and the six integrals at some times, each of shape (num_times,).

    Attributes:
        phi: pulse area, rad.
        G: dimensionless.
        Y: dimensionless.
        Q: inverse energy.
        R: inverse energy squared.
        K: inverse energy.
        L: inverse energy.
    """

    phi: FloatArray
    G: FloatArray
    Y: FloatArray
    Q: FloatArray
    R: FloatArray
    K: FloatArray
    L: FloatArray


def frame_integrals_by_quadrature(
    battery: RosenZenerBattery,
) -> Callable[[npt.ArrayLike], FrameIntegrals]:
    """Return a function of times that gives the integrals for any drive.

    The nested integrals are Legendre series on panels of the pulse, exact to rounding; made once,
    they cost a polynomial a time.

    Args:
        battery: any battery.

    Returns:
        Times of shape (num_times,) -> integrals.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> battery = RosenZenerBattery(num_qubits=2, drive=RectangularDrive(1.0, np.pi))
        >>> frame_integrals_by_quadrature(battery)([np.pi]).Q.round(12)
        array([1.57079633])
    """
    panels = Panels(battery.drive)
    delta, g, n = battery.level_splitting, battery.jz_squared_coefficient, battery.num_qubits
    s, c = np.sin(panels.area), np.cos(panels.area)
    w = delta - (n - 1) * g * c
    series_g, G = panels.integrate(-w * s)
    series_y, _ = panels.integrate(w * c * G)
    series_q, Q = panels.integrate(s * s)
    series_r, _ = panels.integrate(s * c * Q)
    series_k, _ = panels.integrate(s * c * G)
    series_l, _ = panels.integrate(c * (delta - (n - 2) * g * c) * Q)
    series = np.stack([series_g, series_y, series_q, series_r, series_k, series_l])

    def at(times: npt.ArrayLike) -> FrameIntegrals:
        phi = np.asarray(battery.drive.area(0.0, times), dtype=np.float64)
        return FrameIntegrals(phi, *panels.evaluate(series, times))

    return at


def frame_integrals_by_series(
    battery: RosenZenerBattery, times: npt.ArrayLike, *, tolerance: float = 1e-15
) -> FrameIntegrals:
    """Return the integrals for the sine-squared pulse by convergent Jacobi-Anger series.

    exp(i m phi) = sum_l J_l(m z) exp(2 pi i (m z - l) t / T) with z = v0 T / 4 pi, where the
    paper keeps l = 0, +-1 only. Single and double integrals of the exponentials are elementary.

    Args:
        battery: a battery driven by a `SineSquaredDrive`.
        times: shape (num_times,), inverse energy.
        tolerance: Bessel functions below it are left out.

    Returns:
        The integrals.

    Raises:
        ValueError: another drive.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(num_qubits=2, drive=SineSquaredDrive(20.0, 0.3))
        >>> series = frame_integrals_by_series(battery, [0.1, 0.3])
        >>> quadrature = frame_integrals_by_quadrature(battery)([0.1, 0.3])
        >>> bool(np.allclose(series.Y, quadrature.Y, rtol=1e-12, atol=0.0))
        True
    """
    drive = require_sine_squared(battery)
    z, T = drive.amplitude * drive.period / (4.0 * math.pi), drive.period
    tau = np.clip(np.asarray(times, dtype=np.float64) / T, 0.0, 1.0)
    delta, g, n = battery.level_splitting, battery.jz_squared_coefficient, battery.num_qubits
    gp, gpp = (n - 1) * g, (n - 2) * g
    lines = {m: _fourier(m * z, tolerance) for m in (-2, -1, 0, 1, 2)}

    def single(m: int) -> npt.NDArray[np.complex128]:
        weight, frequency = lines[m]
        return T * (weight @ single_exponential(frequency[:, None], tau))

    @cache
    def double(m: int, k: int) -> npt.NDArray[np.complex128]:
        outer, inner = lines[m], lines[k]
        table = double_exponential(
            outer[1][:, None, None], inner[1][None, :, None], tau[None, None, :]
        )
        return T * T * np.einsum("i,j,ijt->t", outer[0], inner[0], table)

    def nested(outer: str, m: int, inner: str, k: int) -> FloatArray:
        """Return int cos/sin(m phi) int cos/sin(k phi)."""
        plus, minus = double(m, k), double(-m, k)
        total = 0.5 * (plus + minus) if outer == "cos" else -0.5j * (plus - minus)
        return total.real if inner == "cos" else total.imag

    # sin cos = sin(2 phi)/2, sin^2 = (1 - cos 2 phi)/2, cos^2 = (1 + cos 2 phi)/2.
    G = -delta * single(1).imag + 0.5 * gp * single(2).imag

    def against_tilt(outer: str, m: int) -> FloatArray:
        tilt = -delta * nested(outer, m, "sin", 1)
        return tilt + 0.5 * gp * nested(outer, m, "sin", 2)

    def against_pairs(outer: str, m: int) -> FloatArray:
        return 0.5 * (nested(outer, m, "cos", 0) - nested(outer, m, "cos", 2))

    flat_tilt, flat_pairs = against_tilt("cos", 0), against_pairs("cos", 0)
    return FrameIntegrals(
        phi=np.asarray(drive.area(0.0, times), dtype=np.float64),
        G=G,
        Y=delta * against_tilt("cos", 1) - 0.5 * gp * (flat_tilt + against_tilt("cos", 2)),
        Q=0.5 * (T * tau - single(2).real),
        R=0.5 * against_pairs("sin", 2),
        K=0.5 * against_tilt("sin", 2),
        L=delta * against_pairs("cos", 1) - 0.5 * gpp * (flat_pairs + against_pairs("cos", 2)),
    )


def _fourier(x: float, tolerance: float) -> tuple[FloatArray, FloatArray]:
    """Return the weights J_l(x) and frequencies x - l of exp(i x (2 pi tau - sin 2 pi tau))."""
    from scipy.special import jv

    reach = int(abs(x)) + 12
    while abs(jv(reach, x)) > tolerance:
        reach += 4
    order = np.arange(-reach, reach + 1, dtype=np.float64)
    weight = np.asarray(jv(order, x), dtype=np.float64)
    kept = np.abs(weight) > tolerance
    return weight[kept], x - order[kept]
