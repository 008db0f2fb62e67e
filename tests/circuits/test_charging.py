"""Charging circuits in all 2^N dimensions, against matrices written out in the test."""

import json

import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from scipy.integrate import solve_ivp

import rzqiskit as rz
from rzqiskit.circuits.charging import (
    build_charging_circuits,
    build_charging_sweeps,
    build_guide_circuits,
)

NUM = 3
PERIOD = 0.1 * np.pi
BATTERY = rz.RosenZenerBattery(
    num_qubits=NUM, drive=rz.SineSquaredDrive(13.0, PERIOD), level_splitting=2.0, interaction=5.0
)
# |0> ground, |1> excited, so sz = diag(-1, 1) on (|0>, |1>); sx, sy follow from s+ = |1><0|.
SZ = np.diag([-1.0, 1.0]).astype(complex)
SX = np.array([[0, 1], [1, 0]], dtype=complex)
SY = np.array([[0, 1j], [-1j, 0]])


def collective(matrix):
    total = np.zeros((2**NUM, 2**NUM), dtype=complex)
    for cell in range(NUM):
        total += np.kron(np.kron(np.eye(2**cell), matrix), np.eye(2 ** (NUM - cell - 1))) / 2
    return total


def solve(time):
    jx, jz = collective(SX), collective(SZ)
    # Eq. 4 as printed, i != j, each pair twice: (eta / 2N) (4 Jz^2 - N).
    static = 2.0 * jz + 5.0 / (2 * NUM) * (4.0 * jz @ jz - NUM * np.eye(2**NUM))
    start = np.eye(2**NUM, dtype=complex)[0]

    def slope(t, state):
        return -1j * (static @ state + 13.0 * np.sin(np.pi * t / PERIOD) ** 2 * (jx @ state))

    return solve_ivp(slope, (0.0, time), start, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]


def weight_probabilities(circuit):
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    weights = np.bitwise_count(np.arange(2**circuit.num_qubits))
    return np.bincount(weights, state.probabilities(), minlength=circuit.num_qubits + 1)


@pytest.mark.parametrize(("basis", "matrix"), [("z", SZ), ("y", SY), ("x", SX)])
@pytest.mark.parametrize("time", [0.4 * PERIOD, 0.9 * PERIOD])
def test_hamming_weights_are_the_collective_spin(basis, matrix, time):
    values, vectors = np.linalg.eigh(collective(matrix))
    probabilities = np.abs(vectors.conj().T @ solve(time)) ** 2
    expected = np.bincount(np.rint(values + NUM / 2).astype(int), probabilities)
    (circuit,) = build_charging_circuits(BATTERY, [time], num_steps=30, order=4, basis=basis)
    np.testing.assert_allclose(weight_probabilities(circuit), expected, atol=2e-7)
    # The axis counts: neither distribution is its own mirror image.
    assert abs(expected - expected[::-1]).max() > 1e-2


def test_names_register_and_metadata():
    times = [0.0, 0.1, 0.2]
    circuits = build_charging_circuits(BATTERY, times, num_steps=3, order=2, basis="y")
    assert [circuit.name for circuit in circuits] == [f"charging_y_{i}" for i in range(3)]
    for time, circuit in zip(times, circuits, strict=True):
        assert [(register.name, register.size) for register in circuit.cregs] == [("meas", NUM)]
        metadata = json.loads(json.dumps(circuit.metadata))
        assert rz.RosenZenerBattery.from_dict(metadata.pop("battery")) == BATTERY
        assert metadata == {
            "time": time, "num_steps": 3, "order": 2, "basis": "y",
            "frame": "mean-field", "spacing": "time", "slices": "each",
        }  # fmt: skip


def test_lean_circuits():
    (start, end) = build_charging_circuits(BATTERY, [0.0, PERIOD], num_steps=4, order=2)
    assert start.count_ops() == {"measure": NUM}
    assert end.count_ops() == {"rx": 4 * NUM, "rz": 3 * NUM, "collective_zz": 3, "measure": NUM}
    single = rz.RosenZenerBattery(num_qubits=1, drive=BATTERY.drive, interaction=5.0)
    free = rz.RosenZenerBattery(num_qubits=4, drive=BATTERY.drive)
    for battery in (single, free):
        for frame in ("mean-field", "drive"):
            (circuit,) = build_charging_circuits(
                battery, [PERIOD], num_steps=4, basis="x", frame=frame
            )
            assert set(circuit.count_ops()) == {"rx", "rz", "ry", "measure"}


@pytest.mark.parametrize("basis", ["z", "y", "x"])
def test_sweeps_are_the_circuits(basis):
    times = np.array([0.0, 0.05, 0.1, 0.2, 1.0])
    options = {"num_steps": 4, "order": 4, "basis": basis}
    circuits = build_charging_circuits(BATTERY, times, **options)
    sweeps = build_charging_sweeps(BATTERY, times, **options)
    seen = []
    for sweep in sweeps:
        assert sweep.circuit.metadata["times"] == times[sweep.indices].tolist()
        for index, angles in zip(sweep.indices, sweep.angles, strict=True):
            bound = sweep.circuit.assign_parameters(angles)
            np.testing.assert_allclose(
                weight_probabilities(bound), weight_probabilities(circuits[index]), atol=1e-13
            )
            seen.append(index)
    assert sorted(seen) == list(range(times.size))
    assert len(sweeps) == 2  # t = 0 has a shape of its own


@pytest.mark.parametrize("frame", ["mean-field", "drive"])
def test_guides_are_z_circuits_as_long_as_the_others(frame):
    times = [0.0, 0.4 * PERIOD, PERIOD]
    guides = build_guide_circuits(BATTERY, times, num_steps=1, frame=frame)
    assert sorted(guides) == [1, 2]
    short, long = (
        build_charging_circuits(BATTERY, times, num_steps=1, frame=frame, basis=basis)
        for basis in ("z", "y")
    )
    for index, guide in guides.items():
        assert "collective_zz" not in short[index].count_ops()
        assert guide.count_ops()["collective_zz"] == long[index].count_ops()["collective_zz"] == 1
        np.testing.assert_allclose(
            weight_probabilities(guide), weight_probabilities(short[index]), atol=1e-12
        )
    assert build_guide_circuits(BATTERY, times, num_steps=2, frame=frame) == {}


def test_bad_times():
    with pytest.raises(ValueError, match="`times` must be strictly increasing"):
        build_charging_circuits(BATTERY, [0.2, 0.1])
