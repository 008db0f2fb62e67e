import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.linalg import expm

import rzqiskit as rz
from rzqiskit.analytic import evolve_analytic
from rzqiskit.analytic.magnus import magnus_states
from rzqiskit.schema import METRICS

T = 0.1 * np.pi


def battery_of(drive, num_qubits=4, **options):
    return rz.RosenZenerBattery(num_qubits=num_qubits, drive=drive, **options)


@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
def test_populations_against_the_definition(pair_counting, spins):
    battery = battery_of(
        rz.SineSquaredDrive(23.0, T), interaction=3.0, level_splitting=1.3,
        pair_counting=pair_counting,
    )  # fmt: skip
    jx, _, jz = spins(4)
    g = (2 if pair_counting == "ordered" else 1) * 3.0 / 4

    def perturbation(t):
        turn = expm(-1j * battery.drive.area(0.0, t) * jx)
        return turn.conj().T @ (1.3 * jz + g * jz @ jz) @ turn

    for time in (0.1, 0.2, T):
        integral, _ = quad_vec(perturbation, 0.0, time, epsabs=1e-12)
        state = expm(-1j * battery.drive.area(0.0, time) * jx) @ expm(-1j * integral)[:, 0]
        found = magnus_states(battery)([time])[0]
        np.testing.assert_allclose(np.abs(found) ** 2, np.abs(state) ** 2, atol=1e-11)
        overlap = np.vdot((-1j) ** np.arange(5) * found, state)
        assert abs(overlap) == pytest.approx(1.0, abs=1e-11)


def test_exact_without_a_drive(dense):
    battery = battery_of(rz.SineSquaredDrive(0.0, T), interaction=30.0)
    times = np.linspace(0.0, T, 5)
    exact = dense(battery, times)
    data = evolve_analytic(battery, times, method="magnus")
    for name in METRICS:
        np.testing.assert_allclose(data[name], exact[name], atol=1e-10)


def test_error_of_the_populations_is_of_second_order(dense):
    times = np.linspace(0.0, T, 11)
    scales, errors = np.array([0.4, 0.2, 0.1, 0.05]), []
    for s in scales:
        battery = battery_of(rz.SineSquaredDrive(27.0, T), level_splitting=s, interaction=2 * s)
        found = evolve_analytic(battery, times, method="magnus").population
        errors.append(np.abs(found - dense(battery, times)["population"]).max())
    slope = np.polyfit(np.log(scales), np.log(errors), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.15)


def test_instantaneous_power_belongs_to_the_state(dense):
    # Small perturbation: the power of the state is Delta f <Jy> of the exact solution.
    battery = battery_of(rz.SineSquaredDrive(27.0, T), level_splitting=1e-3, interaction=1e-3)
    times = np.linspace(0.0, T, 11)
    exact = dense(battery, times)["instantaneous_power"]
    found = evolve_analytic(battery, times, method="magnus").instantaneous_power
    np.testing.assert_allclose(found, exact, atol=1e-6 * np.abs(exact).max())


def test_populations_are_a_distribution():
    battery = battery_of(rz.SineSquaredDrive(27.0, T), 30, interaction=20.0)
    data = evolve_analytic(battery, np.linspace(0.0, T, 7), method="magnus")
    assert (data.population >= 0.0).all()
    np.testing.assert_allclose(data.population.sum("excitations"), 1.0, atol=1e-12)
