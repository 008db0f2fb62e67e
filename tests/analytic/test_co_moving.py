import numpy as np
import pytest
from scipy.integrate import solve_ivp

import rzqiskit as rz
from rzqiskit.analytic import evolve_analytic
from rzqiskit.analytic.co_moving import co_moving_states
from rzqiskit.schema import METRICS

T = 0.1 * np.pi
TIMES = np.linspace(0.0, T, 11)


def battery_of(drive, num_qubits, **options):
    if not isinstance(drive, rz.Drive):
        drive = rz.SineSquaredDrive(drive, T)
    return rz.RosenZenerBattery(num_qubits=num_qubits, drive=drive, **options)


def worst(data, exact, name):
    return float(np.abs(data[name] - exact[name]).max())


@pytest.mark.parametrize("delta", [1.0, 8.0])
def test_one_cell_is_exact(delta, dense):
    battery = battery_of(33.0, 1, level_splitting=delta, interaction=5.0)
    exact = dense(battery, TIMES)
    data = evolve_analytic(battery, TIMES, method="co-moving")
    for name in (*METRICS, "population"):
        np.testing.assert_allclose(data[name], exact[name], atol=1e-7)


@pytest.mark.parametrize("delta", [1.0, 8.0])
def test_cells_without_interaction_are_exact(delta, dense):
    battery = battery_of(33.0, 9, level_splitting=delta)
    exact = dense(battery, TIMES)
    data = evolve_analytic(battery, TIMES, method="co-moving")
    for name in (*METRICS, "population"):
        np.testing.assert_allclose(data[name], exact[name], atol=1e-6)


@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
def test_errors_fall_with_the_number_of_cells(pair_counting, dense):
    # Energy: an error of order 1/N beside N Delta; populations of order 1/N or better.
    sizes, errors = np.array([10, 20, 40, 80]), []
    for num_qubits in sizes:
        battery = battery_of(
            27.0, int(num_qubits), interaction=2.0, level_splitting=1.5,
            pair_counting=pair_counting,
        )  # fmt: skip
        exact = dense(battery, TIMES, steps=200)
        data = evolve_analytic(battery, TIMES, method="co-moving")
        errors.append([worst(data, exact, n) for n in ("stored_energy", "instantaneous_power")])
    slopes = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    np.testing.assert_allclose(slopes, -1.0, atol=0.15)


@pytest.mark.parametrize("amplitude", [10.0, 20.0, 40.0, 60.0])
def test_a_hundred_cells_beat_second_order(amplitude, dense):
    battery = battery_of(amplitude, 100, interaction=2.0)
    exact = dense(battery, TIMES, steps=200)
    data = evolve_analytic(battery, TIMES, method="co-moving")
    for name, limit in (
        ("stored_energy", 5e-4), ("energy_fluctuation", 8e-3), ("diagonal_entropy", 3e-3),
    ):  # fmt: skip
        assert worst(data, exact, name) < limit


def test_strong_splitting_is_not_expanded_in(dense):
    # Delta T = 2.5: second order in Delta has no meaning here.
    battery = battery_of(30.0, 60, level_splitting=8.0, interaction=1.0)
    exact = dense(battery, TIMES, steps=300)
    data = evolve_analytic(battery, TIMES, method="co-moving")
    second = evolve_analytic(battery, TIMES, method="second-order")
    assert worst(data, exact, "stored_energy") < 2e-3
    assert worst(second, exact, "stored_energy") > 1.0


def test_any_drive(dense):
    drive = rz.SampledDrive([0.0, 0.1, 0.2, 0.4], [0.0, 26.0, -13.0, 15.0])
    battery = battery_of(drive, 50, interaction=1.0)
    times = np.linspace(0.0, 0.5, 11)
    exact = dense(battery, times, steps=300)
    data = evolve_analytic(battery, times, method="co-moving")
    assert worst(data, exact, "stored_energy") < 2e-3
    assert worst(data, exact, "instantaneous_power") < 2e-2
    assert worst(data, exact, "diagonal_entropy") < 1e-2


def test_mean_field_is_the_classical_precession():
    battery = battery_of(21.0, 30, level_splitting=3.0, interaction=4.0)
    g = 2 * 4.0 / 30

    def slope(t, e3):
        turn = 3.0 - g * 29 * e3[2]
        return np.cross([battery.drive.value(t), 0.0, turn], e3)

    classical = solve_ivp(slope, (0.0, T), [0.0, 0.0, 1.0], t_eval=TIMES, rtol=1e-10, atol=1e-12)
    state = co_moving_states(battery)(TIMES)
    np.testing.assert_allclose(state.a[2], classical.y[2], atol=1e-8)
    np.testing.assert_allclose(state.b[2], classical.y[1], atol=1e-8)
    np.testing.assert_allclose(np.sum(state.a**2, axis=0), 1.0, atol=1e-8)
    # A Bogoliubov transformation keeps [a, a^dagger] = 1.
    np.testing.assert_allclose(np.abs(state.u) ** 2 - np.abs(state.v) ** 2, 1.0, atol=1e-8)


def test_power_is_the_derivative_of_the_energy():
    battery = battery_of(27.0, 50, interaction=3.0)
    times, h = np.linspace(0.02, T - 0.02, 15), 1e-4
    late = evolve_analytic(battery, times + h, method="co-moving").stored_energy.values
    early = evolve_analytic(battery, times - h, method="co-moving").stored_energy.values
    power = evolve_analytic(battery, times, method="co-moving").instantaneous_power.values
    # The derivative of the truncated energy differs from Delta f <Jy> at the next order, 1/N.
    np.testing.assert_allclose((late - early) / (2 * h), power, atol=5e-2)
    assert np.abs(power).max() > 100.0


def test_populations_are_a_distribution_with_the_moments_of_the_tier():
    battery = battery_of(27.0, 400, interaction=2.0)
    data = evolve_analytic(battery, TIMES, method="co-moving")
    p, k = data.population.values, np.arange(401)
    assert (p >= 0.0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(p @ k, data.stored_energy, atol=2e-2)
    spread = np.sqrt(p @ k**2 - (p @ k) ** 2)
    np.testing.assert_allclose(spread, data.energy_fluctuation, atol=2e-2)


def test_a_million_cells():
    battery = battery_of(20.0, 10**6, interaction=2.0)
    exact = rz.evolve_exact(battery, TIMES)
    data = evolve_analytic(battery, TIMES, method="co-moving")
    assert worst(data, exact, "stored_energy") < 1e-3
    assert worst(data, exact, "energy_fluctuation") < 1e-3
    assert worst(data, exact, "diagonal_entropy") < 1e-4


def test_unit_scaling():
    scale = 0.31
    base = evolve_analytic(
        battery_of(13.0, 20, level_splitting=1.7, interaction=2.0), TIMES, method="co-moving"
    )
    drive = rz.SineSquaredDrive(13.0 * scale, T / scale)
    other = battery_of(drive, 20, level_splitting=1.7 * scale, interaction=2.0 * scale)
    scaled = evolve_analytic(other, TIMES / scale, method="co-moving")
    powers = {"energy": 1, "power": 2, "bit": 0}
    for name in METRICS:
        factor = scale ** powers[base[name].attrs["units"]]
        np.testing.assert_allclose(scaled[name], base[name] * factor, atol=1e-7 * factor)


@pytest.mark.parametrize("interaction", [30.0, -30.0])
def test_an_interaction_that_blocks_the_drive(interaction, dense):
    # lambda = 30 of Fig. 7: Eq. 22 is wrong by 100 %.
    battery = battery_of(20.0, 60, interaction=interaction)
    exact = dense(battery, TIMES, steps=300)
    data = evolve_analytic(battery, TIMES, method="co-moving")
    assert worst(data, exact, "stored_energy") < 1e-2
    assert worst(evolve_analytic(battery, TIMES), exact, "stored_energy") > 50.0
