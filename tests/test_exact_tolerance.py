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


@pytest.mark.parametrize("index", range(NUM_PROBLEMS))
def test_every_metric_keeps_the_tolerance(index):
    battery, times, tolerance = random_problem(index)
    exact = rz.evolve_exact(battery, times, tolerance=tolerance)
    reference = oracles.lab_frame(battery, times)
    num, delta = battery.num_qubits, battery.level_splitting
    for name in (*METRICS, "population"):
        unit = {"stored_energy": num * delta, "instantaneous_power": num * delta**2}.get(
            name, np.abs(reference[name]).max()
        )
        # the reference itself is good to a few 1e-12
        error = np.abs(exact[name].values - reference[name]).max()
        assert error <= tolerance * unit + 2e-12 * max(unit, num * delta), name
