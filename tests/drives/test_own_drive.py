"""A pulse of the user's own: its area by quadrature, and its way through JSON."""

import json
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest

from rzqiskit import (
    Drive,
    RosenZenerBattery,
    SechDrive,
    SineSquaredDrive,
    evolve_analytic,
    evolve_exact,
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


@dataclass(frozen=True)
class PeakDrive(Drive):
    """A peak without a jump, which its landmarks alone tell of."""

    center: float
    width: float
    duration: float
    offsets: tuple[float, ...] = (-9.0, 0.0, 9.0)

    @property
    def landmarks(self):
        return tuple(self.center + offset * self.width for offset in self.offsets)

    def _value(self, t):
        return np.exp(-0.5 * ((t - self.center) / self.width) ** 2) / self.width


@pytest.mark.parametrize("width", [1e-3, 1e-5])
def test_landmarks_lead_the_integrator(width):
    drive = PeakDrive(center=0.313, width=width, duration=1.0)
    area = np.sqrt(2.0 * np.pi)
    assert drive.area(0.0, 1.0) == pytest.approx(area, rel=1e-10)
    assert drive.area([0.1, 0.9], [0.9, 0.313]) == pytest.approx([area, -0.5 * area], rel=1e-10)
    # and the solvers, which agree about such a peak
    battery = RosenZenerBattery(num_qubits=2, drive=drive, interaction=1e-9, level_splitting=1e-9)
    expected = 2e-9 * np.sin(0.5 * area) ** 2
    exact = evolve_exact(battery, [1.0], quantities=["stored_energy"])
    assert exact.stored_energy.item() == pytest.approx(expected, rel=1e-7)
    assert evolve_analytic(battery, [1.0]).stored_energy.item() == pytest.approx(expected, rel=1e-7)


@dataclass(frozen=True)
class FastDrive(Drive):
    rate: float
    duration: float

    def _value(self, t):
        return np.cos(self.rate * t)


def test_area_of_many_oscillations():
    drive = FastDrive(rate=1e4, duration=1.0)
    assert drive.area(0.0, 1.0) == pytest.approx(np.sin(1e4) / 1e4, rel=0.0, abs=1e-12)


@pytest.mark.parametrize("duration", [0.0, -3.0, np.inf, np.nan])
def test_a_battery_needs_a_pulse_with_a_window(duration):
    with pytest.raises(ValueError, match=r"`duration` must be (positive|finite)"):
        RosenZenerBattery(num_qubits=2, drive=FastDrive(1.0, duration))


@pytest.mark.parametrize("offsets", [(5.0, -5.0), (0.0, 0.0), (0.0, 99.0), (-99.0,), (np.nan,)])
def test_landmarks_ascend_in_the_window(offsets):
    drive = PeakDrive(center=0.5, width=0.01, duration=1.0, offsets=offsets)
    with pytest.raises(ValueError, match=r"`landmarks` must (ascend between 0 and|be finite)"):
        RosenZenerBattery(num_qubits=2, drive=drive)


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
