"""The exact solution of the battery in Dicke space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit import metrics
from rzqiskit.model import RosenZenerBattery
from rzqiskit.schema import METRICS, make_dataset, provenance
from rzqiskit.validation import FloatArray, check_positive, check_times

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["evolve_exact"]


def evolve_exact(
    battery: RosenZenerBattery, times: npt.ArrayLike, *, tolerance: float = 1e-10
) -> xr.Dataset:
    """Return the exact evolution of the battery."""
    from scipy.integrate import solve_ivp

    time = check_times(times)
    check_positive("tolerance", tolerance)
    num = battery.num_qubits
    k = np.arange(num + 1)
    step = 0.5 * np.sqrt((k[:-1] + 1.0) * (num - k[:-1]))
    g, delta = battery.jz_squared_coefficient, battery.level_splitting
    diagonal = delta * k + g * (k - num / 2) ** 2
    drive = battery.drive
    diagonal = diagonal - diagonal.mean()

    def slope(t: float, psi: npt.NDArray[np.complex128]) -> Any:
        f = drive.value(t)
        out = diagonal * psi
        out[1:] += f * step * psi[:-1]
        out[:-1] += f * step * psi[1:]
        return -1j * out

    psi = np.zeros(num + 1, complex)
    psi[0] = 1.0
    states: dict[float, Any] = {0.0: psi}
    solution = []
    edges = [0.0, *drive.breakpoints, drive.duration]
    for lo, hi in zip(edges[:-1], edges[1:], strict=True):
        res = solve_ivp(
            slope, (lo, hi), psi, method="DOP853", dense_output=True, rtol=1e-13, atol=1e-14
        )
        psi = res.y[:, -1]
        solution.append((lo, hi, res.sol))

    def state(t: float) -> Any:
        t = min(t, drive.duration)
        for lo, hi, sol in solution:
            if lo <= t <= hi:
                return sol(t)
        return states[0.0]

    def measure(t: float) -> dict[str, float]:
        psi = state(t)
        p = np.abs(psi) ** 2
        jm = step * (np.conj(psi[1:]) * psi[:-1]).imag * 2
        energy = float(metrics.stored_energy(p, delta))
        return {
            "stored_energy": energy,
            "average_power": energy / t if t > 0 else 0.0,
            "instantaneous_power": float(delta * drive.value(t) * jm.sum()),
            "energy_fluctuation": float(metrics.energy_fluctuation(p, delta)),
            "diagonal_entropy": float(metrics.diagonal_entropy(p)),
        }

    rows = [measure(float(t)) for t in time]
    variables: dict[str, tuple[tuple[str, ...], Any]] = {}
    values: FloatArray
    populations = np.array([np.abs(state(float(t))) ** 2 for t in time])
    variables["population"] = (("time", "excitations"), populations)
    for name in METRICS:
        values = np.array([row[name] for row in rows])
        variables[name] = (("time",), values)
        top, at = metrics.refined_maximum(lambda t, n=name: measure(float(t))[n], time, values)
        variables[f"maximum_{name}"] = ((), top)
        variables[f"time_of_maximum_{name}"] = ((), at)
        variables[f"final_{name}"] = ((), values[-1])
    return make_dataset(
        variables,
        {"time": (("time",), time), "excitations": (("excitations",), k)},
        provenance(battery, solver="exact", tolerance=tolerance),
    )
