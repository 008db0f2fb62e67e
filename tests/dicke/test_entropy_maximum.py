"""The maximum of the entropy where only a window of levels is computed, and every point is dear."""

from __future__ import annotations

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.dicke.rotations import DENSE_MAX_QUBITS


@pytest.mark.parametrize("num_qubits", [DENSE_MAX_QUBITS + 1, 2000, 100_000])
@pytest.mark.parametrize(("amplitude", "interaction"), [(20.0, 2.0), (60.0, 2.0), (40.0, 12.0)])
def test_no_sample_of_a_fine_grid_is_higher(num_qubits, amplitude, interaction) -> None:
    # The pulses of 40 and 60 turn the spin up to three times: as many maxima compete.
    drive = rz.SineSquaredDrive(amplitude, 0.1 * np.pi)
    battery = rz.RosenZenerBattery(num_qubits=num_qubits, drive=drive, interaction=interaction)
    times = np.linspace(0.0, drive.period, 161)
    data = rz.evolve_exact(battery, times, quantities=("diagonal_entropy",))
    samples = data.diagonal_entropy.values
    best = int(samples.argmax())
    highest = data.maximum_diagonal_entropy.item()
    # A maximum is flat: between samples it is higher than the best of them by little.
    assert samples[best] * (1.0 - 1e-9) <= highest <= samples[best] * 1.001
    assert abs(data.time_of_maximum_diagonal_entropy.item() - times[best]) < 1.5 * times[1]


@pytest.mark.parametrize("amplitude", [0.8, 0.02])
def test_swings_of_a_weak_pulse_are_told_apart(amplitude) -> None:
    # The spin swings to and fro by a hundredth of a rad or less; the first swing goes farthest.
    drive = rz.HarmonicDrive(amplitude, 197.59439596771062, 0.1537, phase=-2.4545353028114194)
    battery = rz.RosenZenerBattery(num_qubits=400, drive=drive, interaction=0.7)
    around = np.linspace(0.0203, 0.0204, 21)
    samples = rz.evolve_exact(battery, around, quantities=("diagonal_entropy",)).diagonal_entropy
    data = rz.evolve_exact(battery, [drive.duration], quantities=("diagonal_entropy",))
    grid = rz.BatteryGrid(drive, num_qubits=400, interaction=[0.7])
    many = rz.evolve_exact(grid, quantities=("diagonal_entropy",))
    for found in (data, many):
        assert found.maximum_diagonal_entropy.item() == pytest.approx(
            samples.max().item(), rel=1e-6
        )
        assert found.time_of_maximum_diagonal_entropy.item() == pytest.approx(0.02037, abs=1e-5)
