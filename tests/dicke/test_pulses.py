"""Encoded drives against the drives themselves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rzqiskit import drives
from rzqiskit.dicke.pulses import PIECEWISE, encode_drive, pulse_slope, pulse_value


@dataclasses.dataclass(frozen=True)
class Chirp(drives.Drive):
    duration: float = 2.0

    @property
    def breakpoints(self):
        return (0.7,)

    def _value(self, t):
        return np.where(t < 0.7, np.sin(40.0 * t**2), 3.0 - t)


DRIVES = [
    drives.SineSquaredDrive(20.0, 0.3),
    drives.GaussianDrive(15.0, 0.2, 0.05, 0.5),
    drives.SechDrive(12.0, 0.3, 0.04, 0.6),
    drives.ExponentialDrive(18.0, 0.1, 0.5),
    drives.RectangularDrive(9.0, 0.4),
    drives.HarmonicDrive(11.0, 7.0, 0.7, 0.4),
    drives.SampledDrive([0.0, 0.1, 0.13, 0.5], [0.0, 22.0, -3.0, 6.0]),
    Chirp(),
]


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: type(drive).__name__)
def test_value_and_slope(drive):
    encoded = encode_drive(drive)
    assert encoded.edges[0] == 0.0
    assert encoded.edges[-1] == drive.duration
    for breakpoint_ in drive.breakpoints:
        assert breakpoint_ in encoded.edges
    scale = np.abs(drive.value(np.linspace(0.0, drive.duration, 501))).max()
    for piece in range(encoded.edges.size - 1):
        low, high = encoded.edges[piece : piece + 2]
        # inside the piece: at its ends the drive itself may belong to the next one
        for t in low + (high - low) * np.array([0.01, 0.3, 0.62, 0.99]):
            value = pulse_value(t, *encoded, piece)
            slope = pulse_slope(t, *encoded, piece)
            assert value == pytest.approx(float(drive.value(t)), abs=2e-14 * scale)
            h = 1e-4 * (high - low)
            ahead, behind = (pulse_value(t + s, *encoded, piece) for s in (h, -h))
            assert slope == pytest.approx(
                (ahead - behind) / (2.0 * h), abs=1e-4 * scale / drive.duration, rel=1e-5
            )


def test_a_polynomial_drive_needs_few_pieces():
    assert encode_drive(Chirp()).kind == PIECEWISE
    assert encode_drive(Chirp()).edges.size < 40


def test_a_drive_too_rough_is_refused():
    @dataclasses.dataclass(frozen=True)
    class Noise(drives.Drive):
        duration: float = 1.0

        def _value(self, t):
            return np.sin(1e7 * t)

    with pytest.raises(ValueError, match="`drive` must be smooth between its breakpoints"):
        encode_drive(Noise())


@dataclasses.dataclass(frozen=True)
class Wave(drives.Drive):
    """Steep, so that the rounding of its times shows in its values."""

    rate: float
    power: int
    duration: float = 1.0

    def _value(self, t):
        return 3.0 * np.cos(self.rate * t**self.power)


@pytest.mark.parametrize("drive", [Wave(300.0, 2), Wave(1e4, 1)], ids=["chirp", "fast"])
def test_a_steep_pulse_is_smooth_but_for_rounding(drive):
    encoded = encode_drive(drive)
    assert encoded.edges.size < 3 * drive.rate
    for piece in range(encoded.edges.size - 1):
        low, high = encoded.edges[piece : piece + 2]
        t = low + 0.4 * (high - low)
        value = pulse_value(t, *encoded, piece)
        assert value == pytest.approx(float(drive.value(t)), abs=4e-15 * drive.rate)


@dataclasses.dataclass(frozen=True)
class EndsInNothing(drives.Drive):
    duration: float = 1.0

    def _value(self, t):
        return np.where(t > 0.75, np.nan, 1.0)


def test_a_pulse_that_is_not_finite_is_refused_where_it_is_not():
    with pytest.raises(ValueError, match=r"`drive` must be finite, .* at t = 0\.(7[5-9]|[89])"):
        encode_drive(EndsInNothing())


@dataclasses.dataclass(frozen=True)
class TwoPeaks(drives.Drive):
    """Narrow peaks that nothing tells of, neither landmarks nor an area in closed form."""

    width: float
    duration: float = 1.0

    def _value(self, t):
        first, second = ((t - center) / self.width for center in (0.2137, 0.83))
        return (np.exp(-0.5 * first**2) - 0.7 * np.exp(-0.5 * second**2)) / self.width


@pytest.mark.parametrize("width", [4e-4, 4e-5])
def test_narrow_peaks_without_landmarks_are_found(width):
    drive = TwoPeaks(width)
    encoded = encode_drive(drive)
    for center in (0.2137, 0.83):
        for t in center + width * np.array([-3.1, -1.2, 0.3, 2.4]):
            piece = int(np.searchsorted(encoded.edges, t)) - 1
            value = pulse_value(t, *encoded, piece)
            assert value == pytest.approx(float(drive.value(t)), abs=1e-10 / width)
