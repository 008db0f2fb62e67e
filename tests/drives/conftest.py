"""One table of pulses of every kind, easy and hard, for all tests of drives."""

import math

import pytest

from rzqiskit import (
    ExponentialDrive,
    GaussianDrive,
    HarmonicDrive,
    RectangularDrive,
    SampledDrive,
    SechDrive,
    SineSquaredDrive,
)

SAMPLED = SampledDrive(times=[0.0, 0.3, 0.35, 1.2, 2.0], values=[1.0, -2.0, 4.0, 0.5, 0.0])
DRIVES = {
    "sine-squared": SineSquaredDrive(amplitude=20.0, period=0.1 * math.pi),
    "sine-squared-long": SineSquaredDrive(amplitude=-3.0, period=700.0),
    "gaussian": GaussianDrive(amplitude=4.0, center=1.1, width=0.3, duration=2.5),
    "gaussian-outside": GaussianDrive(amplitude=2.0, center=-4.0, width=0.5, duration=6.0),
    "gaussian-far": GaussianDrive(amplitude=1e3, center=50.0, width=2.0, duration=100.0),
    "sech": SechDrive(amplitude=7.0, center=0.8, width=0.2, duration=2.0),
    "sech-far": SechDrive(amplitude=2.0, center=500.0, width=1.0, duration=1000.0),
    "exponential": ExponentialDrive(amplitude=5.0, time_constant=0.4, duration=3.0),
    "exponential-far": ExponentialDrive(amplitude=5.0, time_constant=1.0, duration=2000.0),
    "rectangular": RectangularDrive(amplitude=-2.5, duration=1.75),
    "harmonic": HarmonicDrive(amplitude=3.0, angular_frequency=9.0, duration=4.0, phase=0.7),
    "harmonic-still": HarmonicDrive(amplitude=3.0, angular_frequency=0.0, duration=4.0, phase=2.0),
    "sampled": SAMPLED,
}


@pytest.fixture(params=DRIVES)
def drive(request):
    return DRIVES[request.param]


@pytest.fixture
def table():
    return DRIVES
