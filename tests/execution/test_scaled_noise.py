"""Devices with a multiple of their errors, against closed forms of single qubits."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import Target
from qiskit_ibm_runtime.fake_provider import FakeManilaV2, FakeTorino

from rzqiskit.execution.noise import NoisySampler
from rzqiskit.execution.noisy_probabilities import noisy_bit_string_probabilities
from rzqiskit.execution.sampling import run_circuits
from rzqiskit.execution.scaled_noise import ScaledDevice

SHOTS = 200_000


def share_of_ones(device, circuit: QuantumCircuit) -> tuple[float, float]:
    """Return how often the one bit was 1, with five standard errors (false alarms 6e-7)."""
    ones = run_circuits([circuit], NoisySampler(device, seed=3), shots=SHOTS)[0, 1] / SHOTS
    return ones, 5.0 * np.sqrt(max(ones * (1.0 - ones), 1.0 / SHOTS) / SHOTS)


def numbers_of(target: Target, name: str) -> dict:
    return {
        places: entry and (entry.duration, entry.error) for places, entry in target[name].items()
    }


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 3.0])
def test_readings(scale) -> None:
    device = FakeManilaV2()
    circuit = QuantumCircuit(5, 1)
    circuit.measure(2, 0)
    ones, margin = share_of_ones(ScaledDevice(device, scale), circuit)
    reported = device.properties().qubit_property(2)["prob_meas1_prep0"][0]
    assert reported > 0.005
    assert abs(ones - scale * reported) < margin


@pytest.mark.parametrize("scale", [0.0, 0.5, 2.0])
def test_relaxation(scale) -> None:
    device = FakeManilaV2()
    t1 = device.target.qubit_properties[2].t1
    circuit = QuantumCircuit(5, 1)
    circuit.x(2)
    circuit.delay(int(0.5 * t1 / device.target.dt) // 16 * 16, 2)
    circuit.measure(2, 0)
    ones, margin = share_of_ones(ScaledDevice(device, scale), circuit)
    reported = device.properties().qubit_property(2)
    up, down = (scale * reported[f"prob_meas{m}_prep{p}"][0] for m, p in ((1, 0), (0, 1)))
    excited = np.exp(-0.5 * scale)
    # The gate itself errs by a few 1e-4.
    assert abs(ones - (excited * (1.0 - down) + (1.0 - excited) * up)) < margin + 2e-3


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_gates_lose_in_proportion(scale) -> None:
    device = FakeManilaV2()
    circuit = QuantumCircuit(5, 1)
    for _ in range(20):
        circuit.cx(1, 2)
    circuit.measure(2, 0)
    flips = {}
    for factor in (0.0, 1.0, scale):
        scaled = ScaledDevice(device, factor)
        scaled.properties = lambda: None  # readings of their own, the mean of both flips
        readout = factor * device.target["measure"][2,].error
        ones, margin = share_of_ones(scaled, circuit)
        # Undo what reading adds: ones = p + readout (1 - 2 p).
        flips[factor] = (ones - readout) / (1.0 - 2.0 * readout), margin
    assert abs(flips[0.0][0]) < flips[0.0][1]
    # 20 gates of a good half per cent: flips saturate as (1 - exp(-rate)) / 2.
    rate, expected = (-np.log(1.0 - 2.0 * flips[factor][0]) for factor in (1.0, scale))
    assert rate > 0.05
    assert expected == pytest.approx(scale * rate, rel=0.1)


def test_the_device_at_scale_one_is_itself() -> None:
    device = FakeTorino()
    same = ScaledDevice(device, 1.0).target
    assert isinstance(same, Target)
    assert set(same.operation_names) == set(device.target.operation_names)
    assert same.dt == device.target.dt
    for name in ("cz", "sx", "measure", "delay"):
        assert numbers_of(same, name) == numbers_of(device.target, name)
    for mine, given in zip(same.qubit_properties, device.target.qubit_properties, strict=True):
        assert (mine.t1, mine.t2) == (given.t1, given.t2)


def test_errors_saturate() -> None:
    device = FakeTorino()
    far = ScaledDevice(device, 1e3).target
    broken = [places for places, entry in device.target["cz"].items() if entry.error == 1.0]
    assert broken
    assert all(far["cz"][places].error == 1.0 for places in broken)
    readings = {places: entry.error for places, entry in device.target["measure"].items()}
    assert {far["measure"][places].error for places, error in readings.items() if error <= 0.5} == {
        0.5
    }
    gates = {places: entry.error for places, entry in device.target["cz"].items()}
    assert {far["cz"][places].error for places, error in gates.items() if error < 0.75} == {0.75}
    # The fake's own targets are left alone.
    assert numbers_of(FakeTorino().target, "cz") == numbers_of(device.target, "cz")


@pytest.mark.parametrize("scale", [1e6, 1e12, 1e300])
@pytest.mark.parametrize("pair", [(0, 1), (15, 19)])  # the second is reported as broken
def test_far_beyond_all_is_the_ground_state(scale, pair) -> None:
    device = FakeTorino()
    assert (device.target["cz"][pair].error == 1.0) == (pair == (15, 19))
    scaled = ScaledDevice(device, scale)
    circuit = QuantumCircuit(device.num_qubits, 2)
    circuit.x(pair[0])
    circuit.sx(pair[1])
    circuit.cz(*pair)
    circuit.measure(pair, (0, 1))
    (left,) = noisy_bit_string_probabilities([circuit], scaled, readout=False)
    assert left == pytest.approx([1.0, 0.0, 0.0, 0.0], abs=1e-15)
    (read,) = noisy_bit_string_probabilities([circuit], scaled)
    assert read == pytest.approx([0.25] * 4, abs=1e-15)
    # A wait of one step of the clock is long.
    waiting = QuantumCircuit(device.num_qubits, 1)
    waiting.x(pair[0])
    waiting.delay(1, pair[0])
    waiting.measure(pair[0], 0)
    assert noisy_bit_string_probabilities([waiting], scaled, readout=False)[0][0] == pytest.approx(
        1
    )


def test_more_noise_is_never_less_lost() -> None:
    # Up to and over the scale where relaxation alone is taken to leave nothing: no jump there.
    device = FakeTorino()
    circuit = QuantumCircuit(device.num_qubits, 2)
    circuit.x(0)
    for _ in range(3):
        circuit.cz(0, 1)
    circuit.x(1)
    circuit.measure((0, 1), (0, 1))
    kept = [
        noisy_bit_string_probabilities([circuit], ScaledDevice(device, scale), readout=False)[0][3]
        for scale in (0.0, 1.0, 10.0, 100.0, 1e3, 1e4, 3e4, 6e4, 1e5, 1e6)
    ]
    assert kept[0] == pytest.approx(1.0, abs=1e-12)
    assert np.all(np.diff(kept) <= 1e-9)
    assert kept[-1] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize(
    ("scale", "error", "message"),
    [
        (-0.5, ValueError, "`noise_scale` must not be negative, got -0.5"),
        (float("nan"), ValueError, "`noise_scale` must be finite, got nan"),
        ("1", TypeError, "`noise_scale` must be a real number, got"),
    ],
)
def test_bad_scales(scale, error, message) -> None:
    device = FakeManilaV2()
    with pytest.raises(error, match=message):
        ScaledDevice(device, scale)
