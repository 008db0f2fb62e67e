import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

import rzqiskit as rz
from rzqiskit.analytic import evolve_analytic, leading
from rzqiskit.analytic.binomial import binomial_entropy, binomial_population
from rzqiskit.schema import METRICS

T = 0.1 * np.pi
DRIVES = [
    rz.SineSquaredDrive(33.0, T),
    rz.SineSquaredDrive(-33.0, T),
    rz.GaussianDrive(20.0, 0.4, 0.1, 1.0),
    rz.SechDrive(10.0, 0.3, 0.1, 1.0),
    rz.ExponentialDrive(9.0, 0.5, 1.0),
    rz.RectangularDrive(4.0, 1.0),
    rz.HarmonicDrive(7.0, 3.0, 2.0, 0.4),
    rz.SampledDrive([0.0, 0.3, 0.5, 1.1], [0.0, 6.0, -3.0, 5.0]),
]


def battery_of(drive, num_qubits=3, **options):
    return rz.RosenZenerBattery(num_qubits=num_qubits, drive=drive, **options)


@pytest.mark.parametrize("drive", DRIVES, ids=lambda d: type(d).__name__)
def test_shape_of_every_metric_is_exact_for_any_drive_when_cells_only_rotate(drive, dense):
    # Delta = 1e-6 and eta = 0: the corrections are of relative order Delta^2.
    small = 1e-6
    battery = battery_of(drive, num_qubits=3, level_splitting=small)
    times = np.linspace(0.0, 1.2 * drive.duration, 13)
    exact = dense(battery, times)
    data = evolve_analytic(battery, times)
    for name in METRICS:
        unit = 1.0 if name == "diagonal_entropy" else small
        np.testing.assert_allclose(data[name] / unit, exact[name] / unit, atol=2e-6)
    np.testing.assert_allclose(data.population, exact["population"], atol=2e-7)


@pytest.mark.parametrize(
    ("amplitude", "error"), [(10.0, 0.0463), (20.0, 0.0642), (40.0, 0.0369), (60.0, 0.0570)]
)
def test_error_of_eq_22_on_the_papers_curves(amplitude, error, dense):
    battery = battery_of(rz.SineSquaredDrive(amplitude, T), 10, interaction=2.0)
    times = np.linspace(0.0, T, 101)
    miss = leading.stored_energy(battery, times) - dense(battery, times)["stored_energy"]
    assert np.abs(miss).max() == pytest.approx(error, abs=1e-4)


def test_error_is_of_second_order_in_level_splitting_and_interaction(dense):
    drive = rz.SineSquaredDrive(24.0, T)
    times = np.linspace(0.0, T, 21)
    scales = np.array([0.4, 0.2, 0.1, 0.05])
    errors = []
    for s in scales:
        battery = battery_of(drive, 4, level_splitting=s, interaction=2.0 * s)
        miss = leading.stored_energy(battery, times) - dense(battery, times)["stored_energy"]
        errors.append(np.abs(miss).max() / s)
    slope = np.polyfit(np.log(scales), np.log(errors), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.15)


def test_instantaneous_power_is_the_derivative_of_the_stored_energy():
    battery = battery_of(rz.HarmonicDrive(7.0, 3.0, 2.0, 0.4), 5, level_splitting=1.7)
    times, h = np.linspace(0.1, 1.9, 37), 1e-5
    slope = leading.stored_energy(battery, times + h) - leading.stored_energy(battery, times - h)
    np.testing.assert_allclose(
        leading.instantaneous_power(battery, times), slope / (2 * h), rtol=1e-7, atol=1e-7
    )


@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
def test_interaction_does_not_enter(pair_counting):
    drive = rz.SineSquaredDrive(24.0, T)
    free = evolve_analytic(battery_of(drive), [0.1, 0.2])
    other = evolve_analytic(
        battery_of(drive, interaction=5.0, pair_counting=pair_counting), [0.1, 0.2]
    )
    assert free.equals(other)


@pytest.mark.parametrize("v0_period", [0.3, 1.9, 2.0, 2.7, 6.0, 9.5])
def test_eq_23_maximum_of_the_sine_squared_pulse(v0_period):
    v0_T = v0_period * np.pi
    battery = battery_of(rz.SineSquaredDrive(v0_T / T, T), 7, level_splitting=1.3)
    expected = 7 * 1.3 * (0.5 * (1 - np.cos(v0_T / 2)) if v0_period < 2 else 1.0)
    assert leading.maximum_stored_energy(battery) == pytest.approx(expected, rel=1e-12)
    best = leading.time_of_maximum_stored_energy(battery)
    if v0_period < 2:
        assert best == T
    else:  # Eq. 24 as printed, n = 0: the first full charging
        left = v0_T / T * best / 2 - v0_T / (4 * np.pi) * np.sin(2 * np.pi * best / T)
        assert left == pytest.approx(np.pi, abs=1e-12)
        assert best <= T


def test_maximum_of_a_pulse_that_turns_back():
    # phi = 2 sin(3t)/3 * ... stays below pi: the maximum is where the pulse changes sign.
    battery = battery_of(rz.HarmonicDrive(2.0, 3.0, 1.5), 4)
    assert leading.time_of_maximum_stored_energy(battery) == pytest.approx(np.pi / 6, abs=1e-7)
    expected = 4 * np.sin(1.0 / 3.0) ** 2
    assert leading.maximum_stored_energy(battery) == pytest.approx(expected, rel=1e-12)


def test_maximum_over_part_of_the_pulse():
    battery = battery_of(rz.RectangularDrive(np.pi, 10.0), 4)
    assert leading.time_of_maximum_stored_energy(battery, start=1.5) == pytest.approx(3.0)
    assert leading.time_of_maximum_stored_energy(battery, start=1.2, stop=1.8) == 1.2
    assert leading.time_of_maximum_stored_energy(battery, start=2.0, stop=2.0) == 2.0
    with pytest.raises(ValueError, match="`stop` must not be below `start`, got 1 < 2"):
        leading.time_of_maximum_stored_energy(battery, start=2.0, stop=1.0)


@pytest.mark.parametrize("amplitude", [1e-2, 1e-9])
def test_maximum_of_a_weak_pulse_that_turns_back(amplitude):
    # phi = v0 sin(5 t)/5 turns back at pi/10; cos(phi/2) is 1 to rounding throughout.
    battery = battery_of(rz.HarmonicDrive(amplitude, 5.0, 0.6))
    data = evolve_analytic(battery, [0.0, 0.6])
    largest = 3.0 * np.sin(amplitude / 10.0) ** 2
    assert data.maximum_stored_energy.item() == pytest.approx(largest, rel=1e-12)
    assert data.time_of_maximum_stored_energy.item() == pytest.approx(np.pi / 10.0, abs=1e-7)


def test_of_two_turning_points_the_higher_one_wins():
    # phi is 0.0459459 at the first, beside the grid of the search, and 0.0459441 at the end.
    drive = rz.HarmonicDrive(
        -0.045669337530852734, 1.2774757189988875, 8.37373673599736, 3.430812512378184
    )
    battery = battery_of(drive)
    area = np.abs(drive.area(0.0, np.linspace(3.46, 3.47, 1001)))
    data = evolve_analytic(battery, [0.0, 9.2])
    assert data.maximum_stored_energy.item() == pytest.approx(
        3.0 * np.sin(0.5 * area.max()) ** 2, rel=1e-7
    )
    assert data.time_of_maximum_stored_energy.item() == pytest.approx(3.46243, abs=1e-4)


def test_final_values():
    battery = battery_of(rz.SineSquaredDrive(13.0, T), 10, level_splitting=0.7)
    half = 13.0 * T / 2
    assert leading.final_stored_energy(battery) == pytest.approx(3.5 * (1 - np.cos(half)))
    assert leading.final_energy_fluctuation(battery) == pytest.approx(
        0.7 * np.sqrt(10) / 2 * abs(np.sin(half))
    )
    assert leading.final_diagonal_entropy_as_printed(battery) == pytest.approx(
        np.log2(np.sqrt(9 * np.exp(np.pi / 2))) * abs(np.sin(half))
    )


def test_eq_27_misses_the_binomial_entropy_in_shape_and_has_no_value_at_one_cell():
    angles = np.linspace(0.0, np.pi / 2, 91)
    printed = np.log2(np.sqrt(9 * np.exp(np.pi / 2))) * np.sin(angles)
    miss = np.abs(printed - binomial_entropy(10, angles)).max()
    assert 0.2 < miss < 0.35
    with pytest.raises(ValueError, match=r"`num_qubits` must be at least 2 in Eq\. 27, got 1"):
        leading.final_diagonal_entropy_as_printed(battery_of(rz.RectangularDrive(1.0, 1.0), 1))


@pytest.mark.parametrize("num_qubits", [1, 2, 10, 137])
def test_binomial_against_scipy(num_qubits):
    angles = np.linspace(0.0, 2 * np.pi, 41)
    k = np.arange(num_qubits + 1)
    expected = binom.pmf(k, num_qubits, np.sin(angles / 2)[:, None] ** 2)
    found = binomial_population(num_qubits, angles)
    np.testing.assert_allclose(found, expected, atol=1e-13)
    np.testing.assert_allclose(
        binomial_entropy(num_qubits, angles),
        [binom.entropy(num_qubits, p) / np.log(2) for p in np.sin(angles / 2) ** 2],
        atol=1e-11,
    )


def test_entropy_of_a_million_cells_is_the_gaussian_one():
    n, p = 1_000_000, 0.3
    angle = 2 * np.arcsin(np.sqrt(p))
    gaussian = 0.5 * np.log2(2 * np.pi * np.e * n * p * (1 - p))
    # Next term of the Edgeworth series: of relative order 1/N.
    assert float(binomial_entropy(n, angle)) == pytest.approx(gaussian, abs=1e-6)


def test_early_energy_does_not_cancel():
    battery = battery_of(rz.RectangularDrive(1.0, 1.0), 4)
    assert leading.stored_energy(battery, [1e-9])[0] == pytest.approx(4 * 0.25e-18, rel=1e-12)


@given(
    num_qubits=st.integers(1, 60),
    amplitude=st.floats(0.1, 60.0),
    interaction=st.floats(-30.0, 30.0),
    level_splitting=st.floats(0.1, 5.0),
    counting=st.sampled_from(rz.model.PAIR_COUNTINGS),
)
def test_eq_22_bounds_the_energy_of_any_battery_until_the_area_is_pi(
    num_qubits, amplitude, interaction, level_splitting, counting
):
    # dE/dt = Delta f <Jy> and <Jy>^2 + <Jz>^2 <= N^2/4: whatever the interaction does, the spin
    # turns from its pole no faster than f. Only Delta Jz and Jz^2 may slow it.
    battery = rz.RosenZenerBattery(
        num_qubits=num_qubits, drive=rz.SineSquaredDrive(amplitude, T), interaction=interaction,
        level_splitting=level_splitting, pair_counting=counting,
    )  # fmt: skip
    times = np.linspace(0.0, T, 41)
    allowed = times[battery.drive.area(0.0, times) <= np.pi]
    exact = rz.evolve_exact(battery, allowed, quantities=("stored_energy",)).stored_energy.values
    bound = leading.stored_energy(battery, allowed)
    assert (exact <= bound + 1e-9 * num_qubits * level_splitting).all()
