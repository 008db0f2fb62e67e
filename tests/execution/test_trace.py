import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from scipy.special import comb

import rzqiskit as rz
from rzqiskit.circuits.charging import build_charging_circuits
from rzqiskit.circuits.product_formula import (
    ChargingSchedule,
    Layer,
    charging_schedule,
    charging_schedules,
)
from rzqiskit.execution import trace
from rzqiskit.execution.trace import trace_amplitudes, trace_work


def make_battery(num_qubits):
    return rz.RosenZenerBattery(
        num_qubits=num_qubits, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0
    )


def schedule_of(num_qubits, *layers):
    return ChargingSchedule(
        num_qubits, 1.0, 1, 2, "y", tuple(Layer(axis, angle) for axis, angle in layers)
    )


@pytest.mark.parametrize("num_qubits", [1, 2, 5, 7, 8, 9, 12])
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


def run_circuits_of(monkeypatch, schedules):
    """Return the amplitudes, and the circuits that Aer was given."""
    given = []
    run = trace.AerSimulator.run
    monkeypatch.setattr(
        trace.AerSimulator,
        "run",
        lambda self, circuits, **options: given.extend(circuits) or run(self, circuits, **options),
    )
    return trace_amplitudes(schedules), given


def assert_same_states(left, right):
    np.testing.assert_allclose(abs(left), abs(right), atol=1e-13)
    np.testing.assert_allclose(abs((left.conj() * right).sum(axis=-1)), 1.0, atol=1e-13)


def test_shared_beginnings_are_run_once(monkeypatch):
    growing = [("x", 0.5), ("z", 0.2), ("zz", 0.3)] * 12
    schedules = [schedule_of(5, *growing[:n], ("x", 0.1 * n)) for n in range(3, 36, 3)]
    apart = np.concatenate([trace_amplitudes([schedule]) for schedule in schedules])
    together, circuits = run_circuits_of(monkeypatch, schedules)
    assert_same_states(together, apart)
    # One circuit, one diagonal layer a snapshot: 5 cells are one block.
    (circuit,) = circuits
    operations = circuit.count_ops()
    assert operations["save_amplitudes"] == operations["multiplexer"] == len(schedules)


def test_schedules_that_part_early_begin_anew(monkeypatch):
    schedules = [
        schedule_of(5, ("x", angle), ("zz", 0.3), ("x", 0.2), ("zz", angle), ("x", 0.4))
        for angle in (0.3, 0.5, 0.7)
    ]
    _, circuits = run_circuits_of(monkeypatch, schedules)
    assert [circuit.count_ops()["multiplexer"] for circuit in circuits] == [2, 2, 2]


@pytest.mark.parametrize("num_qubits", [3, 9])
def test_road_back_to_an_earlier_end(num_qubits):
    # The second schedule is how the first one begins; from there the third goes on.
    layers = [("x", 0.4), ("z", 0.3), ("zz", 0.2), ("x", 0.7), ("zz", 0.5), ("x", 0.3)]
    schedules = [
        schedule_of(num_qubits, *layers, ("z", 0.6), ("zz", 0.4), ("x", 0.2)),
        schedule_of(num_qubits, *layers),
        schedule_of(num_qubits, *layers, ("z", 0.1), ("x", 0.9)),
    ]
    apart = np.concatenate([trace_amplitudes([schedule]) for schedule in schedules])
    assert_same_states(trace_amplitudes(schedules), apart)


def test_work_counts_the_layers_that_are_run():
    battery = make_battery(6)
    times = np.linspace(0.03, 0.3, 10)
    for slices, num_layers in (("shared", 10), ("each", 10 * 4)):
        num_steps = 10 if slices == "shared" else 4
        schedules = charging_schedules(
            battery, times, num_steps=num_steps, frame="drive", slices=slices
        )
        assert trace_work(schedules) == num_layers * 6 * 2**6
    assert trace_work([]) == 0


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
