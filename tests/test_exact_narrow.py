"""Pulses that a step could miss: narrow peaks, and oscillations in step with a scan."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

import rzqiskit as rz
from rzqiskit.dicke.pulses import encode_drive, peak_and_area
from rzqiskit.drives import Drive


def charged_by_peak(battery, reach):
    """Return E/Delta at the end: where the pulse is, by short steps; elsewhere H is diagonal."""
    drive, n = battery.drive, battery.num_qubits
    level = np.arange(n + 1)
    jz = level - 0.5 * n
    diagonal = battery.level_splitting * jz + battery.jz_squared_coefficient * jz**2
    ladder = 0.5 * np.sqrt((n - level[:-1]) * level[1:])
    jx = np.diag(ladder, 1) + np.diag(ladder, -1)
    start = max(0.0, drive.center - reach * drive.width)
    stop = min(drive.duration, drive.center + reach * drive.width)
    state = np.zeros(n + 1, complex)
    state[0] = 1.0
    if stop > start:
        state = solve_ivp(
            lambda t, y: -1j * (diagonal * y + float(drive.value(t)) * (jx @ y)), (start, stop),
            state, "DOP853", rtol=1e-12, atol=1e-13, max_step=drive.width / 3.0,
        ).y[:, -1]  # fmt: skip
    return np.abs(state) ** 2 @ level


@pytest.mark.parametrize("index", range(60))
def test_narrow_peaks_are_not_stepped_over(index):
    rng = np.random.default_rng([77, index])
    duration = 10 ** rng.uniform(-1, 2)
    width = duration * 10 ** rng.uniform(-4, -0.7)
    center = duration * rng.uniform(-0.03, 1.03)
    amplitude = 10 ** rng.uniform(-1, 0.5) / width * rng.choice([-1, 1])
    shape, reach = [(rz.GaussianDrive, 10.0), (rz.SechDrive, 42.0)][index % 2]
    battery = rz.RosenZenerBattery(
        num_qubits=int(rng.choice([1, 3])), drive=shape(amplitude, center, width, duration),
        # little happens beside the pulse, so that long steps are tempting
        level_splitting=10 ** rng.uniform(-3, 0) / duration, interaction=rng.choice([0.0, 2.0]),
    )  # fmt: skip
    expected = charged_by_peak(battery, reach)
    tolerance = 10 ** rng.uniform(-10, -4)
    allowed = battery.num_qubits * (tolerance + 2e-11)
    alone = rz.evolve_exact(battery, [duration], tolerance=tolerance)
    assert abs(alone.stored_energy.item() / battery.level_splitting - expected) <= allowed
    # A grid of narrow and wide pulses, in lanes where they fit.
    grid = rz.BatteryGrid(
        battery.drive, num_qubits=battery.num_qubits, interaction=battery.interaction,
        level_splitting=battery.level_splitting, drive_width=[0.3 * duration, width],
    )  # fmt: skip
    many = rz.evolve_exact(grid, tolerance=tolerance, quantities=["stored_energy"], num_threads=1)
    found = many.final_stored_energy.values[1] / battery.level_splitting
    assert abs(found - expected) <= allowed


@pytest.mark.parametrize("periods", [32, 64, 128])
def test_whole_periods_are_no_empty_pulse(periods):
    drive = rz.HarmonicDrive(200.0, 2.0 * np.pi * periods, 1.0, -0.5 * np.pi)
    times = np.linspace(0.0, 1.0, 5)
    # No interaction: each cell by itself, by short steps.
    battery = rz.RosenZenerBattery(num_qubits=4, drive=drive)
    lab = solve_ivp(
        lambda t, y: [
            -0.5j * (-y[0] + drive.value(t) * y[1]), -0.5j * (y[1] + drive.value(t) * y[0]),
        ],
        (0.0, 1.0), np.array([1.0, 0.0], complex), "DOP853", t_eval=times, rtol=1e-12, atol=1e-13,
        max_step=0.1 / periods,
    )  # fmt: skip
    exact = rz.evolve_exact(battery, times)
    np.testing.assert_allclose(exact.stored_energy, 4.0 * np.abs(lab.y[1]) ** 2, atol=1e-8)


@dataclass(frozen=True)
class PeakOfOnesOwn(Drive):
    """A drive of a user's own that says nothing of its peak."""

    duration: float = 10.0

    def _value(self, t):
        return 120.0 * np.exp(-0.5 * ((t - 4.5) / 0.01) ** 2)


def test_a_peak_of_ones_own_is_found_by_its_area():
    own, known = PeakOfOnesOwn(), rz.GaussianDrive(120.0, 4.5, 0.01, 10.0)
    energies = [
        rz.evolve_exact(rz.RosenZenerBattery(num_qubits=4, drive=drive), [10.0]).stored_energy
        for drive in (own, known)
    ]
    assert energies[1].item() > 3.9
    assert abs(energies[0].item() - energies[1].item()) < 1e-9


class WrongArea(PeakOfOnesOwn):
    def _area(self, t0, t1):
        return 5.0 * (t1 - t0)


def test_an_area_that_is_not_that_of_the_pulse_is_refused():
    with pytest.raises(ValueError, match="or its own area, do not resolve near t ="):
        encode_drive(WrongArea())


DRIVES = [
    rz.SineSquaredDrive(-20.0, 0.3),
    rz.RectangularDrive(-3.0, 0.7),
    rz.ExponentialDrive(-2.0, 0.1, 3.0),
    rz.HarmonicDrive(-2.0, 0.0, 1.0, 0.3),
    rz.HarmonicDrive(2.0, 1e-9, 1.0, 0.3),
    rz.HarmonicDrive(2.0, 0.7, 1.0, 0.3),
    rz.HarmonicDrive(2.0, 0.7, 1.0, 1.2),
    rz.HarmonicDrive(2.0, 25.0, 1.7, -4.0),
    rz.GaussianDrive(-2.0, 0.4, 0.1, 1.0),
    rz.GaussianDrive(2.0, -0.4, 0.1, 1.0),
    rz.GaussianDrive(2.0, 1.4, 0.1, 1.0),
    rz.SechDrive(-2.0, 0.4, 0.1, 1.0),
    rz.SechDrive(2.0, -0.4, 0.1, 1.0),
    rz.SechDrive(2.0, 1.4, 0.1, 1.0),
    rz.SampledDrive([0.0, 0.1, 0.13, 0.5], [0.0, 22.0, -3.0, 6.0]),
]


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: type(drive).__name__)
def test_peak_and_area_of_the_strength(drive):
    peak, area = peak_and_area(*encode_drive(drive))
    times = np.linspace(0.0, drive.duration, 20_001)
    assert peak == pytest.approx(np.abs(drive.value(times)).max(), rel=1e-6)
    pieces = np.linspace(0.0, drive.duration, 21)
    by_quadrature = sum(
        quad(lambda t: abs(drive.value(t)), low, high, limit=200)[0]
        for low, high in itertools.pairwise(pieces)
    )
    rel = 0.05 if isinstance(drive, rz.SampledDrive) else 1e-8
    assert area == pytest.approx(by_quadrature, rel=rel)


@pytest.mark.parametrize(
    "drive",
    [
        rz.GaussianDrive(-40.0, 0.67, 0.01, 1.0),
        rz.GaussianDrive(4.0, 6.7, 0.1, 8.0),
        rz.SechDrive(3.0, 1.4, 0.001, 2.0),
    ],
)
def test_a_pulse_may_set_in_below_the_smallest_numbers(drive):
    # where the first step is guessed
    assert 0.0 < abs(drive.value(0.5 * drive.landmarks[0])) < 1e-308
    battery = rz.RosenZenerBattery(num_qubits=3, drive=drive, level_splitting=0.0)
    exact = rz.evolve_exact(battery, [drive.duration], max_steps=2000)
    excited = np.sin(0.5 * drive.area(0.0, drive.duration)) ** 2
    assert exact.population.values[0, 3] == pytest.approx(excited**3, rel=1e-9)
