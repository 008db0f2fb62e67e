"""A pulse of the user's own: its area by quadrature, and its way through JSON."""

import json
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest

from rzqiskit import (
    Drive,
    SechDrive,
    SineSquaredDrive,
)


@dataclass(frozen=True)
class ChirpedStep(Drive):
    """A user's own pulse: v0 cos(c t^2), negated after a jump; no closed form."""

    amplitude: float
    chirp: float
    jump: float
    duration: float

    @property
    def breakpoints(self):
        return (self.jump,)

    def _value(self, t):
        sign = np.where(t < self.jump, 1.0, -1.0)
        return sign * self.amplitude * np.cos(self.chirp * t**2)


@dataclass(frozen=True)
class Balanced(Drive):
    """A pulse whose area over the whole window is zero."""

    amplitude: float
    duration: float

    def _value(self, t):
        return self.amplitude * (t - 0.5 * self.duration) ** 3


def fresnel_area(drive, low, high):
    """Return the area by Fresnel integrals, which the code does not know."""
    scale = mpmath.sqrt(mpmath.pi / (2 * mpmath.mpf(drive.chirp)))

    def antiderivative(t):
        return drive.amplitude * scale * mpmath.fresnelc(mpmath.mpf(t) / scale)

    jump = min(max(drive.jump, low), high)
    return float(2 * antiderivative(jump) - antiderivative(low) - antiderivative(high))


@pytest.mark.parametrize(("low", "high"), [(0.0, 3.0), (0.2, 1.1), (1.3, 2.9), (1.19, 1.21)])
def test_drive_of_ones_own_is_integrated_to_rounding(low, high):
    drive = ChirpedStep(amplitude=40.0, chirp=5.0, jump=1.2, duration=3.0)
    expected = fresnel_area(drive, low, high)
    assert drive.area(low, high) == pytest.approx(expected, rel=0.0, abs=1e-13 * 40.0)
    assert drive.area(high, low) == -drive.area(low, high)
    assert drive.area([low, low], [high, low]).tolist() == [drive.area(low, high), 0.0]


@dataclass(frozen=True)
class BurstDrive(Drive):
    """A burst so short that no integrator finds it unless told where it is."""

    start: float
    stop: float
    duration: float

    @property
    def breakpoints(self):
        return (self.start, self.stop)

    def _value(self, t):
        return np.where((t >= self.start) & (t <= self.stop), 3.0, 0.0)


def test_breakpoints_lead_the_integrator():
    drive = BurstDrive(start=1.2345, stop=1.2346, duration=10.0)
    assert drive.area(0.0, 10.0) == pytest.approx(3e-4, rel=1e-10, abs=0.0)


def test_area_of_ones_own_that_cancels_needs_no_warning():
    # Relative accuracy is out of reach here, and the integrator must not complain about that.
    assert Balanced(1e6, 2.0).area(0.0, 2.0) == pytest.approx(0.0, abs=1e-8)
    assert Balanced(0.0, 2.0).area(0.0, 2.0) == 0.0


def test_drive_of_ones_own_travels_through_json():
    drive = ChirpedStep(amplitude=1.0, chirp=2.0, jump=0.5, duration=3.0)
    assert Drive.from_dict(json.loads(json.dumps(drive.to_dict()))) == drive
    numpy_numbers = ChirpedStep(np.float32(1.0), np.int64(2), np.float64(0.5), 3.0)
    assert json.loads(json.dumps(numpy_numbers.to_dict())) == drive.to_dict()
    assert drive.value(4.0) == 0.0
    assert SineSquaredDrive(1.0, 2.0).breakpoints == ()


def test_drive_needs_a_value():
    class Nothing(Drive):
        duration = 1.0

    with pytest.raises(TypeError, match="abstract"):
        Nothing()


def test_names_of_the_packages_own_drives_are_taken(table):
    with pytest.raises(TypeError, match=r"`SechDrive` must be another name"):
        type("SechDrive", (Drive,), {})
    assert type(Drive.from_dict(table["sech"].to_dict())) is SechDrive
    # A class of one's own may be defined again, as a notebook cell that runs twice does.
    first, second = (type("TwiceDrive", (Drive,), {}) for _ in range(2))
    assert first is not second
