from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

import rzqiskit as rz
from rzqiskit.analytic.panels import Panels

DRIVES = [
    rz.SineSquaredDrive(300.0, 0.3),
    rz.GaussianDrive(200.0, 0.9, 0.01, 1.0),
    rz.SechDrive(-10.0, 0.3, 0.02, 1.0),
    rz.ExponentialDrive(90.0, 0.05, 1.0),
    rz.RectangularDrive(40.0, 1.0),
    rz.HarmonicDrive(70.0, 30.0, 2.0, 0.4),
    rz.SampledDrive([0.0, 0.3, 0.5, 1.1], [0.0, 60.0, -30.0, 5.0]),
]


@pytest.mark.parametrize("drive", DRIVES, ids=lambda d: type(d).__name__)
def test_running_integrals_against_quadpack(drive):
    panels = Panels(drive)
    series = np.stack([panels.integrate(f(panels.area))[0] for f in (np.sin, np.cos)])
    times = np.linspace(0.0, drive.duration, 7)
    found = panels.evaluate(series, times)
    for row, function in zip(found, (np.sin, np.cos), strict=True):
        total, expected = 0.0, [0.0]
        for a, b in pairwise(times):
            inner = [p for p in drive.breakpoints if a < p < b]
            total += quad(
                lambda t, f=function: f(drive.area(0.0, t)), a, b,
                points=inner or None, limit=2000, epsabs=1e-13, epsrel=1e-12,
            )[0]  # fmt: skip
            expected.append(total)
        np.testing.assert_allclose(row, expected, atol=1e-12)


def test_nested_integral_is_exact():
    # phi = t: int cos t' sin^2(t')/2 = sin^3/6.
    panels = Panels(rz.RectangularDrive(1.0, 9.0))
    _, inner = panels.integrate(np.sin(panels.area) * np.cos(panels.area))
    outer, _ = panels.integrate(np.cos(panels.area) * inner)
    times = np.linspace(0.0, 9.0, 33)
    np.testing.assert_allclose(
        panels.evaluate(outer[None], times)[0], np.sin(times) ** 3 / 6, atol=1e-14
    )


def test_integrals_stay_beyond_the_pulse():
    panels = Panels(rz.RectangularDrive(2.0, 1.0))
    series, _ = panels.integrate(np.cos(panels.area))
    np.testing.assert_array_equal(*panels.evaluate(series[None], [1.0, 5.0]).reshape(2, 1))


def test_a_pulse_that_cannot_be_resolved_is_refused():
    with pytest.raises(ValueError, match="`drive` must be resolved by 20000 panels"):
        Panels(rz.RectangularDrive(1e6, 1.0))
