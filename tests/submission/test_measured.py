"""Counts of circuits that read the same qubits into different bits."""

import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.mitigation import mitigate_mean
from rzqiskit.submission import collect_all_mitigations, collect_charging, submit_charging
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


@pytest.mark.parametrize("ones", [{0b01: SHOTS}, {0b00: SHOTS // 2, 0b01: SHOTS // 2}])
def test_a_calibration_that_cannot_be_undone(ones):
    """Qubit 7 reads 0 whatever is prepared, and qubit 3 may be read well."""
    whole = folder([3, 7])
    counts = whole.counts()
    whole.counts = lambda: [*counts[:3], ones]
    run = MeasuredRun(whole)
    assert run.readouts == {}
    assert run.unreadable == [(3, 7)]
    assert run.complete
    assert run.counts("z").tolist() == [[[LOST, SHOTS - LOST, 0]]]


def test_a_cell_that_always_reads_0_leaves_the_raw_data(tmp_path):
    battery = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, 0.3))
    run = submit_charging(
        battery, [0.1, 0.3], "local:FakeManilaV2", num_steps=1, shots=100, seed=1,
        total_spin=True, noise_factors=(1, 3), folder=tmp_path / "run",
    )  # fmt: skip
    intact = collect_charging(run)
    assert "unreadable_qubits" not in intact.attrs
    place = run / "batches" / "0000.counts.json"
    content = json.loads(place.read_text().splitlines()[0])
    for seen in content["counts"]:
        for outcome in [outcome for outcome in seen if int(outcome, 16) & 1]:
            without = f"{int(outcome, 16) - 1:x}"
            seen[without] = seen.get(without, 0) + seen.pop(outcome)
    text = json.dumps(content)
    place.write_text(f"{text}\n{hashlib.sha256(text.encode()).hexdigest()}\n")
    tree = collect_all_mitigations(run)
    assert list(tree.children) == ["raw", "readout", "zero_noise", "guided"]
    raw = tree["raw"].to_dataset()
    assert raw.identical(collect_charging(run))
    assert np.isfinite(raw.stored_energy).all()
    assert (raw.stored_energy < intact.stored_energy).all()
    assert np.isfinite(raw.total_spin_squared).all()
    assert len(json.loads(raw.attrs["unreadable_qubits"])[0]) == 3
    for name in ("readout", "zero_noise", "guided"):
        node = tree[name]
        np.testing.assert_array_equal(node.counts, raw.counts)
        for metric in ("stored_energy", "instantaneous_power", "total_spin_squared"):
            assert node[metric].isnull().all(), (name, metric)
    assert collect_charging(run, mitigation="readout", readout_method="mthree").attrs["complete"]
