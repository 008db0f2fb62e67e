"""Pulses that are short against their window: no part of a schedule may step over them."""

import numpy as np
import pytest
from schedule_oracles import apply_layers, distance
from scipy.special import comb

import rzqiskit as rz
from rzqiskit.circuits.frames import FRAMES, mean_field
from rzqiskit.circuits.moments import pulse_moments
from rzqiskit.circuits.product_formula import SPACINGS, charging_schedule

WINDOW, KICK, ANGLE = 0.2, 0.074, 2.0


def make_battery(width, *, angle=ANGLE, shape=rz.GaussianDrive, **changes):
    area = {rz.GaussianDrive: np.sqrt(2.0 * np.pi), rz.SechDrive: np.pi}[shape] * width
    drive = shape(angle / area, KICK, width, WINDOW)
    return rz.RosenZenerBattery(**{"num_qubits": 4, "drive": drive, "interaction": 2.0, **changes})


def kicked(battery, time):
    """Return the state after a rotation in no time, at KICK: what a narrow pulse comes to."""
    n = battery.num_qubits
    k = np.arange(n + 1)
    cosine, sine = np.cos(ANGLE / 2), np.sin(ANGLE / 2)
    amplitudes = np.sqrt(comb(n, k)) * cosine ** (n - k) * (-1j * sine) ** k
    energies = battery.level_splitting * k + battery.jz_squared_coefficient * (k - n / 2) ** 2
    return amplitudes * np.exp(-1j * energies * (time - KICK))


@pytest.mark.parametrize("order", [2, 4])
def test_a_narrow_pulse_fills_the_battery(order):
    battery = make_battery(1e-3, angle=np.pi)
    schedule = charging_schedule(battery, WINDOW, num_steps=16, order=order)
    filling = np.abs(apply_layers(schedule)) ** 2 @ np.arange(5) / 4
    assert filling == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("shape", [rz.GaussianDrive, rz.SechDrive])
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("frame", FRAMES)
def test_every_formula_sees_a_narrow_pulse(frame, spacing, shape):
    battery = make_battery(1e-5, shape=shape)
    exact = kicked(battery, WINDOW)
    options = {"frame": frame, "spacing": spacing, "basis": "y"}
    for order in (1, 2, 4):
        schedule = charging_schedule(battery, WINDOW, num_steps=64, order=order, **options)
        # A kick is no smooth pulse: order 1 in the slice into which it falls, of any formula.
        assert distance(apply_layers(schedule), exact) < 1.5e-2
    if frame == "mean-field":
        few = charging_schedule(battery, WINDOW, num_steps=2, **options)
        assert distance(apply_layers(few), exact) < 2e-4


@pytest.mark.parametrize("width", [1e-3, 1e-5])
def test_mean_field_and_moments_of_a_narrow_pulse(width):
    battery = make_battery(width, interaction=0.5)
    path = mean_field(battery)
    times = np.array([0.0, KICK - 12.0 * width, KICK + 12.0 * width, WINDOW])
    expected = [1.0, 1.0, np.cos(ANGLE), np.cos(ANGLE)]
    np.testing.assert_allclose(path.imbalance(times), expected, atol=3.0 * width)
    # int a_3^2: 1 before the kick, cos^2 after it.
    along = KICK + (WINDOW - KICK) * np.cos(ANGLE) ** 2
    assert path.moments(times[-1:]).along[0] == pytest.approx(along, abs=5.0 * width)
    ((area, first),) = pulse_moments(battery.drive, np.array([0.0, WINDOW]))
    assert area == pytest.approx(ANGLE, rel=1e-12)
    assert first == pytest.approx(ANGLE * (KICK - 0.5 * WINDOW) / WINDOW, rel=1e-12)


def test_equal_areas_cut_a_narrow_pulse():
    battery = make_battery(1e-5)
    schedule = charging_schedule(battery, WINDOW, num_steps=8, frame="drive", spacing="area")
    areas = [layer.angle for layer in schedule.layers if layer.axis == "x"]
    assert areas == pytest.approx([ANGLE / 8] * 8, rel=1e-2)
