"""What the closed forms refuse."""

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.analytic import evolve_analytic, gauge, leading

BATTERY = rz.RosenZenerBattery(num_qubits=5, drive=rz.SineSquaredDrive(20.0, 0.3))


@pytest.mark.parametrize(
    "function",
    [
        lambda battery: gauge.gauge_angle(battery, [0.1]),
        lambda battery: leading.stored_energy(battery, [0.1]),
        leading.time_of_maximum_stored_energy,
    ],
)
def test_no_battery(function):
    with pytest.raises(TypeError, match=r"^`battery` must be a RosenZenerBattery, got int\.$"):
        function(5)


def test_times_of_the_gauge():
    with pytest.raises(ValueError, match=r"^`times` must be finite, got nan\.$"):
        gauge.gauge_angle(BATTERY, [0.1, np.nan])
    with pytest.raises(TypeError, match=r"^`times` must be an array of real numbers, got 'a'"):
        gauge.gauge_angle(BATTERY, "a")


@pytest.mark.parametrize(
    ("span", "error", "message"),
    [
        ({"start": -1.0}, ValueError, r"^`start` must not be negative, got -1\.0\.$"),
        ({"start": np.nan}, ValueError, r"^`start` must be finite, got nan\.$"),
        ({"stop": np.inf}, ValueError, r"^`stop` must be finite, got inf\.$"),
        ({"stop": "1"}, TypeError, r"^`stop` must be a real number, got '1'\.$"),
    ],
)
def test_span_of_the_search(span, error, message):
    with pytest.raises(error, match=message):
        leading.time_of_maximum_stored_energy(BATTERY, **span)


def test_magnus_refuses_what_would_take_minutes():
    many = rz.RosenZenerBattery(num_qubits=201, drive=BATTERY.drive)
    with pytest.raises(ValueError, match="`num_qubits` must be at most 200 in the method 'magnus'"):
        evolve_analytic(many, [0.1], method="magnus")
    allowed = rz.RosenZenerBattery(num_qubits=200, drive=BATTERY.drive)
    data = evolve_analytic(allowed, [0.1], method="magnus")
    assert np.isfinite(data.stored_energy).all()
