"""Pulses that are short against their window: they come to a rotation in no time."""

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.analytic import evolve_analytic
from rzqiskit.analytic.panels import Panels

WINDOW, KICK, N = 100.0, 33.3, 10
AREA = {rz.GaussianDrive: np.sqrt(2.0 * np.pi), rz.SechDrive: np.pi}


def kicked(shape, angle, width, **changes):
    """Return a battery that is turned by `angle` at KICK and keeps its energy then."""
    drive = shape(angle / AREA[shape] / width, KICK, width, WINDOW)
    parameters = {"level_splitting": 1e-3, "interaction": 5e-4, **changes}
    return rz.RosenZenerBattery(num_qubits=N, drive=drive, **parameters)


@pytest.mark.parametrize(
    "method", ["leading", "magnus", "second-order", "fourth-order", "co-moving"]
)
@pytest.mark.parametrize("shape", [rz.GaussianDrive, rz.SechDrive])
@pytest.mark.parametrize(("angle", "width"), [(2.0, 0.03), (2.0, 3e-4), (3.0, 0.03), (np.pi, 0.03)])
def test_no_method_steps_over_a_narrow_pulse(method, shape, angle, width):
    battery = kicked(shape, angle, width)
    delta = battery.level_splitting
    times = np.linspace(0.0, WINDOW, 11)
    data = evolve_analytic(battery, times, method=method)
    p = np.sin(angle / 2) ** 2
    expected = np.where(times > KICK, N * p * delta, 0.0)
    # First-order Magnus itself is off by 1e-4 here.
    np.testing.assert_allclose(data.stored_energy, expected, atol=2e-4 * N * delta)
    np.testing.assert_allclose(
        data.energy_fluctuation[-1], np.sqrt(N * p * (1.0 - p)) * delta, atol=2e-3 * delta
    )
    # Half way up, between two of the times: the entropy of ten coins, and f sin(phi) at most.
    assert float(data.maximum_diagonal_entropy) == pytest.approx(2.70643, abs=1e-4)
    assert abs(float(data.time_of_maximum_diagonal_entropy) - KICK) < 3.0 * width
    turns = np.linspace(-5.0, 5.0, 20001) * width + KICK
    area = battery.drive.area(0.0, turns)
    power = (0.5 * N * delta * battery.drive.value(turns) * np.sin(area)).max()
    assert float(data.maximum_instantaneous_power) == pytest.approx(power, rel=1e-3)


def test_co_moving_without_interaction():
    # An error of N Delta, the whole charge, when the peak was stepped over.
    drive = rz.GaussianDrive(40.0, KICK, 0.03, WINDOW)
    battery = rz.RosenZenerBattery(num_qubits=N, drive=drive, level_splitting=0.01, interaction=0.0)
    data = evolve_analytic(battery, [0.0, WINDOW], method="co-moving")
    filling = float(data.final_stored_energy) / (N * battery.level_splitting)
    assert filling == pytest.approx(np.sin(0.5 * 1.2 * np.sqrt(2.0 * np.pi)) ** 2, abs=1e-6)


def test_panels_see_a_peak_of_whole_turns():
    # An area of pi leaves cos and sin of twice the area as they were.
    drive = rz.GaussianDrive(np.pi / AREA[rz.GaussianDrive] / 1e-3, 4.0, 1e-3, 10.0)
    panels = Panels(drive)
    series, _ = panels.integrate(np.cos(panels.area))
    assert panels.evaluate(series[None], [10.0])[0, 0] == pytest.approx(4.0 - 6.0, abs=1e-9)


def test_panels_of_a_strong_pulse_late_in_its_window():
    # The ulp of t = 1000 turns the cells by 5e-11.
    drive = rz.GaussianDrive(400.0, 990.0, 0.01, 1000.0)
    panels = Panels(drive)
    assert panels.edges.size < 200
    # What a pair of panels cut in a middle gives, once more in halves.
    series, _ = panels.integrate(np.ones_like(panels.area))
    assert panels.evaluate(series[None], [995.0])[0, 0] == pytest.approx(995.0, rel=1e-12)
