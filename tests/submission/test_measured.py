"""Counts of circuits that read the same qubits into different bits."""

from types import SimpleNamespace

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.mitigation import mitigate_mean
from rzqiskit.submission.measured import MeasuredRun

# Qubit 7 loses four of ten excitations when it is read, qubit 3 none.
SHOTS = 1_000_000
LOST = 400_000


def folder(calibration_layout):
    """A folder of two circuits, in which qubit 7 alone is excited, and a calibration."""
    battery = rz.RosenZenerBattery(num_qubits=2, drive=rz.SineSquaredDrive(1.0, 1.0))
    bit = calibration_layout.index(7)
    ones = {0b11: SHOTS - LOST, 0b11 ^ 1 << bit: LOST}
    return SimpleNamespace(
        record={
            "purpose": {
                "battery": battery.to_dict(),
                "times": [0.5],
                "circuits": [["z", 0, 1.0, 1.0], ["y", 0, 1.0, 1.0], ["zeros", None, 1.0, 1.0],
                             ["ones", None, 1.0, 1.0]],
            },
            "layout": [[3, 7], [7, 3], calibration_layout, calibration_layout],
        },
        counts=lambda: [
            {0b10: SHOTS - LOST, 0b00: LOST}, {0b01: SHOTS - LOST, 0b00: LOST}, {0: SHOTS}, ones,
        ],
    )  # fmt: skip


@pytest.mark.parametrize("layout", [[3, 7], [7, 3]])
def test_every_bit_gets_the_errors_of_its_qubit(layout):
    run = MeasuredRun(folder(layout))
    readout = run.readouts[3, 7]
    np.testing.assert_allclose(readout.flip_down, [0.0, 0.4])
    np.testing.assert_allclose(readout.flip_up, [0.0, 0.0])
    for basis in ("z", "y"):
        assert run.counts(basis).tolist() == [[[LOST, SHOTS - LOST, 0]]]
        record = run.select(basis, 0, [0], mthree=True)
        mean, _ = mitigate_mean(record, [0, 1, 2], readout)
        assert mean == pytest.approx(1.0, abs=1e-6)  # the wrong bit would give 0.6


def test_a_calibration_that_is_not_there_yet():
    whole = folder([3, 7])
    counts = whole.counts()
    whole.counts = lambda: [*counts[:3], None]
    run = MeasuredRun(whole)
    assert run.readouts == {}
    assert not run.complete
    assert run.known("z").all()
