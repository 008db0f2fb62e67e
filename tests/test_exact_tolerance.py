"""The tolerance is kept: 200 random problems against the lab frame, which shares no code."""

from __future__ import annotations

import numpy as np
import oracles
import pytest

import rzqiskit as rz
from rzqiskit.schema import METRICS

NUM_PROBLEMS = 200


def random_drive(rng):
    duration = 10 ** rng.uniform(-1.5, 0.7)
    amplitude = rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 1.9)
    center, width = duration * rng.uniform(0.2, 0.8), duration * rng.uniform(0.05, 0.5)
    samples = int(rng.integers(3, 12))
    inner = np.sort(rng.uniform(0.01, 0.99, samples - 2))
    choices = [
        rz.SineSquaredDrive(amplitude, duration),
        rz.GaussianDrive(amplitude, center, width, duration),
        rz.SechDrive(amplitude, center, width, duration),
        rz.ExponentialDrive(amplitude, duration * rng.uniform(0.1, 2.0), duration),
        rz.RectangularDrive(amplitude, duration),
        rz.HarmonicDrive(amplitude, rng.uniform(0.0, 10.0) / duration, duration, rng.uniform(0, 6)),
        rz.SampledDrive(
            duration * np.concatenate([[0.0], inner, [1.0]]), amplitude * rng.normal(size=samples)
        ),
    ]
    return choices[rng.integers(len(choices))]


def random_problem(index):
    rng = np.random.default_rng([2024, index])
    drive = random_drive(rng)
    battery = rz.RosenZenerBattery(
        num_qubits=int(rng.choice([1, 2, 3, 5, 10, 25])),
        drive=drive,
        interaction=float(rng.choice([0.0, rng.uniform(-3, 3), rng.uniform(-3, 3)])),
        level_splitting=float(rng.choice([1.0, 10 ** rng.uniform(-1, 0.5)])),
        pair_counting=str(rng.choice(["ordered", "unordered"])),
    )
    return battery, np.linspace(0.0, drive.duration, 41), 10 ** rng.uniform(-10, -4)


def unit_of(name, battery, reference):
    """Return what the tolerance of a quantity is relative to."""
    num, delta = battery.num_qubits, battery.level_splitting
    return {"stored_energy": num * delta, "instantaneous_power": num * delta**2}.get(
        name, np.abs(reference[name]).max()
    )


def bound(name, battery, reference, tolerance):
    """Return the largest error allowed; the reference itself is good to a few 1e-12."""
    unit = unit_of(name, battery, reference)
    return tolerance * unit + 2e-12 * max(unit, battery.num_qubits * battery.level_splitting)


@pytest.mark.parametrize("index", range(NUM_PROBLEMS))
def test_every_metric_keeps_the_tolerance(index):
    battery, times, tolerance = random_problem(index)
    reference = oracles.lab_frame(battery, times)
    exact = rz.evolve_exact(battery, times, tolerance=tolerance)
    for name in (*METRICS, "population"):
        error = np.abs(exact[name].values - reference[name]).max()
        assert error <= bound(name, battery, reference, tolerance), name
    # What is not asked for need not be accurate, what is asked for must; singly and in lanes.
    grid = rz.BatteryGrid(
        battery.drive, num_qubits=battery.num_qubits, interaction=[battery.interaction],
        level_splitting=battery.level_splitting, pair_counting=battery.pair_counting,
    )  # fmt: skip
    for name in METRICS:
        alone = rz.evolve_exact(battery, times, tolerance=tolerance, quantities=[name])
        many = rz.evolve_exact(grid, times, tolerance=tolerance, quantities=[name], num_threads=1)
        ends = rz.evolve_exact(grid, tolerance=tolerance, quantities=[name], num_threads=1)
        allowed = bound(name, battery, reference, tolerance)
        assert np.abs(alone[name].values - reference[name]).max() <= allowed, name
        assert np.abs(many[name].values - reference[name]).max() <= allowed, name
        assert abs(ends[f"final_{name}"].item() - reference[name][-1]) <= allowed, name
        for result in (exact, alone, many, ends):
            assert result[f"maximum_{name}"].item() >= reference[name].max() - allowed, name
