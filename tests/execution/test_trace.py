import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from scipy.special import comb

import rzqiskit as rz
from rzqiskit.circuits.charging import build_charging_circuits
from rzqiskit.circuits.product_formula import ChargingSchedule, Layer, charging_schedule
from rzqiskit.execution import trace
from rzqiskit.execution.trace import trace_amplitudes


def make_battery(num_qubits):
    return rz.RosenZenerBattery(
        num_qubits=num_qubits, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0
    )


def schedule_of(num_qubits, *layers):
    return ChargingSchedule(
        num_qubits, 1.0, 1, 2, "y", tuple(Layer(axis, angle) for axis, angle in layers)
    )


@pytest.mark.parametrize("num_qubits", [1, 2, 5, 6, 9, 11])
@pytest.mark.parametrize("basis", ["z", "y"])
def test_amplitudes_are_those_of_the_circuits(num_qubits, basis):
    # Qiskit's own statevector of the circuits as built, every pair a gate: no blocks, no reset.
    battery = make_battery(num_qubits)
    times = [0.0, 0.1, 0.2, 0.3, 0.4]
    options = {"num_steps": 3, "order": 2, "basis": basis}
    amplitudes = trace_amplitudes([charging_schedule(battery, t, **options) for t in times])
    excitations = np.arange(num_qubits + 1)
    for circuit, row in zip(build_charging_circuits(battery, times, **options), amplitudes,
                            strict=True):  # fmt: skip
        circuit.remove_final_measurements()
        if basis == "y":
            circuit.rx(-np.pi / 2, range(num_qubits))  # undo the turn of the axis
        state = Statevector(circuit).data
        dicke = state[2**excitations - 1] * np.sqrt(comb(num_qubits, excitations))
        assert abs(np.vdot(dicke, row)) == pytest.approx(1.0, abs=1e-12)
        np.testing.assert_allclose(abs(row), abs(dicke), atol=1e-12)


def test_shared_beginnings_are_run_once(monkeypatch):
    growing = [("x", 0.5), ("z", 0.2), ("zz", 0.3)] * 12
    schedules = [schedule_of(4, *growing[:n], ("x", 0.1 * n)) for n in range(3, 36, 3)]
    built = []
    original = trace._trace_circuit
    monkeypatch.setattr(
        trace, "_trace_circuit", lambda *args: built.append(original(*args)) or built[-1]
    )
    together = trace_amplitudes(schedules)
    apart = np.concatenate([trace_amplitudes([schedule]) for schedule in schedules])
    np.testing.assert_allclose(abs(together), abs(apart), atol=1e-13)
    overlaps = abs((together.conj() * apart).sum(axis=-1))
    np.testing.assert_allclose(overlaps, 1.0, atol=1e-13)
    # One diagonal layer and two x layers a snapshot, and never back to the start: 4 cells are one
    # block.
    operations = built[0].count_ops()
    assert "reset" not in operations
    assert operations["diagonal"] == len(schedules)


def test_equal_runs_are_equal_to_the_last_bit():
    battery = make_battery(5)
    schedules = [charging_schedule(battery, t, num_steps=3) for t in (0.1, 0.2, 0.3)]
    first, second = trace_amplitudes(schedules), trace_amplitudes(schedules)
    np.testing.assert_array_equal(first, second)


def test_no_schedules_and_mixed_widths():
    with pytest.raises(ValueError, match=r"`schedules` must be of one width, got the widths \[\]"):
        trace_amplitudes([])
    with pytest.raises(ValueError, match=r"got the widths \[2, 3\]"):
        trace_amplitudes([schedule_of(2, ("x", 1.0)), schedule_of(3, ("x", 1.0))])
