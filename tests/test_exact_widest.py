"""The widest batteries, against the mean field and its Gaussian fluctuations, exact to 1/N."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import rzqiskit as rz
from rzqiskit.model import MAX_QUBITS

NAMES = ("stored_energy", "instantaneous_power", "energy_fluctuation")


def mean_field(battery, times):
    """Return E/N, P_I/N and Sigma/sqrt(N) of infinitely many cells.

    Classical spins j of length 1 turn about (f, 0, Delta + g N j_z); the transverse components of
    the ground state have the variance N/4, and the linearised flow carries them.
    """
    delta, g_n = battery.level_splitting, battery.jz_squared_coefficient * battery.num_qubits

    def slope(t, state):
        j, moved = state[:3], state[3:].reshape(3, 2)
        field = np.array([battery.drive.value(t), 0.0, delta + g_n * j[2]])
        turned = np.cross(field, moved, axisb=0, axisc=0)
        turned += np.cross([0.0, 0.0, g_n], j)[:, None] * moved[2]
        return np.concatenate([np.cross(field, j), turned.ravel()])

    start = np.concatenate([[0.0, 0.0, -1.0], np.eye(3)[:, :2].ravel()])
    found = solve_ivp(
        slope, (0.0, times[-1]), start, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-13
    ).y
    power = 0.5 * delta * battery.drive.value(times) * found[1]
    return {
        "stored_energy": 0.5 * delta * (1.0 + found[2]),
        "instantaneous_power": power,
        "energy_fluctuation": 0.5 * delta * np.hypot(found[7], found[8]),
    }


@pytest.mark.parametrize("interaction", [-1.0, 2.0])
def test_the_widest_battery_is_the_mean_field_with_its_fluctuations(interaction):
    battery = rz.RosenZenerBattery(
        num_qubits=MAX_QUBITS, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=interaction,
        level_splitting=1.5,
    )  # fmt: skip
    times = np.linspace(0.0, 0.3, 5)
    exact = rz.evolve_exact(battery, times, quantities=NAMES)
    for name, expected in mean_field(battery, times).items():
        scale = MAX_QUBITS**0.5 if name == "energy_fluctuation" else MAX_QUBITS
        found = exact[name].values / scale
        assert np.abs(found - expected).max() <= 2e-10 * max(1.0, np.abs(expected).max()), name
    # so does a grid, which solves eight at a time
    grid = rz.BatteryGrid(
        battery.drive, num_qubits=[4, MAX_QUBITS], interaction=interaction, level_splitting=1.5
    )
    data = rz.evolve_exact(grid, times, quantities=NAMES)
    for name in NAMES:
        assert data[name].values[1] == pytest.approx(exact[name].values, rel=1e-9), name
