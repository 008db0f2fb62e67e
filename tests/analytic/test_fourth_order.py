import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.analytic import evolve_analytic, second_order
from rzqiskit.analytic.fourth_order import fourth_order_tier, iterated_amplitudes
from rzqiskit.analytic.frame_integrals import frame_integrals_by_quadrature
from rzqiskit.schema import METRICS

T = 0.1 * np.pi
TIMES = np.linspace(0.0, T, 21)


def battery_of(drive, num_qubits=10, **options):
    if not isinstance(drive, rz.Drive):
        drive = rz.SineSquaredDrive(drive, T)
    return rz.RosenZenerBattery(num_qubits=num_qubits, drive=drive, **options)


def worst(data, exact, name):
    return float(np.abs(data[name] - exact[name]).max())


@pytest.mark.parametrize("amplitude", [10.0, 20.0, 40.0, 60.0])
def test_errors_on_the_papers_curves(amplitude, dense):
    battery = battery_of(amplitude, interaction=2.0)
    exact = dense(battery, TIMES)
    data = evolve_analytic(battery, TIMES, method="fourth-order")
    assert worst(data, exact, "stored_energy") < 2e-5
    assert worst(data, exact, "energy_fluctuation") < 2.5e-4
    assert worst(data, exact, "diagonal_entropy") < 2e-4


@pytest.mark.parametrize("num_qubits", [1, 2, 5])
@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
def test_what_is_left_out_is_of_sixth_order(num_qubits, pair_counting, dense):
    times = np.linspace(0.0, T, 6)
    scales = np.array([5.0, 3.5, 2.5]) if num_qubits == 1 else np.array([2.4, 1.7, 1.2])
    errors = []
    for s in scales:
        battery = battery_of(
            23.0, num_qubits, level_splitting=s, interaction=s, pair_counting=pair_counting
        )
        data = evolve_analytic(battery, times, method="fourth-order")
        exact = dense(battery, times)
        miss = [worst(data, exact, n) for n in ("stored_energy", "instantaneous_power")]
        errors.append([*(m / s for m in miss), worst(data, exact, "population")])
    slopes = np.polyfit(np.log(scales), np.log(errors), 1)[0]
    # The strains are not small, or the reference would decide: higher orders bend the slope.
    np.testing.assert_allclose(slopes, 6.0, atol=0.4)


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 4, 12])
def test_cut_at_second_order_it_is_the_closed_form(num_qubits):
    battery = battery_of(33.0, num_qubits, level_splitting=1.3, interaction=-2.0)
    at = frame_integrals_by_quadrature(battery)(TIMES)
    tier = fourth_order_tier(battery, order=2)
    found = tier.metrics["stored_energy"](TIMES)
    np.testing.assert_allclose(found, second_order.stored_energy(battery, at), atol=1e-12)
    power = tier.metrics["instantaneous_power"](TIMES)
    np.testing.assert_allclose(
        power, second_order.instantaneous_power(battery, at, TIMES), atol=1e-11
    )
    np.testing.assert_allclose(
        tier.population(TIMES), second_order.population(battery, at), atol=1e-12
    )
    first, second = second_order.frame_amplitudes(battery, at)
    x = iterated_amplitudes(battery, order=2)(TIMES)
    width = x.shape[1]
    np.testing.assert_allclose(x[1], first[:width], atol=1e-13)
    np.testing.assert_allclose(-x[2], second[:width], atol=1e-13)


def test_any_drive(dense):
    drive = rz.SampledDrive([0.0, 0.1, 0.2, 0.4], [0.0, 26.0, -13.0, 15.0])
    battery = battery_of(drive, 6, level_splitting=0.8, interaction=0.6)
    times = np.linspace(0.0, 0.5, 11)
    exact = dense(battery, times, steps=1500)
    data = evolve_analytic(battery, times, method="fourth-order")
    for name, limit in (("stored_energy", 1e-5), ("instantaneous_power", 5e-4)):
        assert worst(data, exact, name) < limit


def test_energy_and_fluctuation_of_many_cells():
    battery = battery_of(20.0, 1000, interaction=2.0)
    exact = rz.evolve_exact(battery, TIMES)
    data = evolve_analytic(battery, TIMES, method="fourth-order")
    assert worst(data, exact, "stored_energy") < 1e-3
    assert worst(data, exact, "energy_fluctuation") < 1e-3
    assert worst(data, exact, "diagonal_entropy") < 0.5
    np.testing.assert_allclose(data.population.sum("excitations"), 1.0, atol=1e-9)


@pytest.mark.parametrize("num_qubits", [1, 3, 20])
@pytest.mark.parametrize("interaction", [0.0, -30.0])
@pytest.mark.parametrize("delta", [0.0, 1.0])
def test_nothing_is_nan(num_qubits, interaction, delta):
    battery = battery_of(20.0, num_qubits, interaction=interaction, level_splitting=delta)
    data = evolve_analytic(battery, [0.0, 0.1, T, 1.0], method="fourth-order")
    for name in (*METRICS, "population"):
        assert np.isfinite(data[name]).all(), name
