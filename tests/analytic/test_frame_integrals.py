from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import rzqiskit as rz
from rzqiskit.analytic.frame_integrals import (
    frame_integrals_by_quadrature,
    frame_integrals_by_series,
)

T = 0.1 * np.pi
NAMES = ("G", "Y", "Q", "R", "K", "L")


def battery_of(drive, num_qubits=7, **options):
    options = {"interaction": 2.3, "level_splitting": 1.4, **options}
    return rz.RosenZenerBattery(num_qubits=num_qubits, drive=drive, **options)


@pytest.mark.parametrize(
    "drive",
    [
        rz.SineSquaredDrive(33.0, T),
        rz.GaussianDrive(20.0, 0.4, 0.1, 1.0),
        rz.HarmonicDrive(-7.0, 3.0, 2.0, 0.4),
        rz.SampledDrive([0.0, 0.3, 0.5, 1.1], [0.0, 6.0, -3.0, 5.0]),
    ],
    ids=lambda d: type(d).__name__,
)
@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
def test_quadrature_against_differential_equations(drive, pair_counting):
    battery = battery_of(drive, pair_counting=pair_counting)
    n, delta = 7, 1.4
    g = (2 if pair_counting == "ordered" else 1) * 2.3 / 7

    def slope(t, y):
        phi, G, _, Q, _, _, _ = y
        s, c = np.sin(phi), np.cos(phi)
        w = delta - (n - 1) * g * c
        pairs = c * (delta - (n - 2) * g * c) * Q
        return [drive.value(t), -w * s, w * c * G, s * s, s * c * Q, s * c * G, pairs]

    state, expected = np.zeros(7), []
    edges = [0.0, *drive.breakpoints, drive.duration]
    for a, b in pairwise(edges):
        state = solve_ivp(slope, (a, b), state, "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
        expected.append(state)
    found = frame_integrals_by_quadrature(battery)(edges[1:])
    for number, name in enumerate(NAMES):
        np.testing.assert_allclose(
            getattr(found, name), [row[number + 1] for row in expected], atol=1e-11, err_msg=name
        )


@pytest.mark.parametrize("amplitude", [10.0, 20.0, 40.0, 60.0, -33.0, 3.0])
@pytest.mark.parametrize("num_qubits", [1, 2, 10])
def test_series_against_quadrature(amplitude, num_qubits):
    battery = battery_of(rz.SineSquaredDrive(amplitude, T), num_qubits)
    times = np.linspace(0.0, 1.3 * T, 14)
    series = frame_integrals_by_series(battery, times)
    quadrature = frame_integrals_by_quadrature(battery)(times)
    for name in NAMES:
        reference = getattr(quadrature, name)
        scale = max(np.abs(reference).max(), 1e-6)
        np.testing.assert_allclose(
            getattr(series, name) / scale, reference / scale, atol=2e-13, err_msg=name
        )


def test_series_converges_faster_than_any_power():
    battery = battery_of(rz.SineSquaredDrive(60.0, T))
    exact = frame_integrals_by_series(battery, [T]).Y
    errors = [
        abs(frame_integrals_by_series(battery, [T], tolerance=10.0**-digits).Y - exact)[0]
        for digits in (1, 2, 4, 8)
    ]
    assert errors[0] > 1e-4
    assert errors[1] < 3e-3
    assert errors[2] < 3e-5
    assert errors[3] < 3e-9


def test_series_needs_the_sine_squared_pulse():
    with pytest.raises(ValueError, match="`drive` must be a SineSquaredDrive"):
        frame_integrals_by_series(battery_of(rz.RectangularDrive(1.0, 1.0)), [0.5])
