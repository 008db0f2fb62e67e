"""Predicted fidelity of a circuit on a device, from the calibration in its target."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import InstructionProperties, Target

__all__ = [
    "fidelity_of_gates",
    "idle_fidelity",
    "list_gates",
    "operation_error",
    "predicted_fidelity",
]


def operation_error(target: Target, name: str, qubits: tuple[int, ...]) -> float:
    """Return the calibrated error of an operation, 0 where the target states none."""
    properties = _properties(target, name, qubits)
    error = None if properties is None else properties.error
    return 0.0 if error is None else float(error)


def _duration(target: Target, name: str, qubits: tuple[int, ...]) -> float:
    properties = _properties(target, name, qubits)
    duration = None if properties is None else properties.duration
    return 0.0 if duration is None else float(duration)


def _properties(target: Target, name: str, qubits: tuple[int, ...]) -> InstructionProperties | None:
    entry = target.get(name, None)
    if not entry:
        return None
    # One-way couplings are calibrated in one direction only.
    return entry.get(qubits) or entry.get(qubits[::-1])


def idle_fidelity(target: Target, qubit: int, duration: float) -> float:
    """Return the average fidelity of a qubit that waits for `duration` seconds.

    Relaxation with T1 and dephasing with T2: F = 1/2 + exp(-t/T1)/6 + exp(-t/T2)/3.
    """
    properties = target.qubit_properties
    entry = properties[qubit] if properties else None
    if entry is None or duration <= 0.0:
        return 1.0
    decay = math.exp(-duration / entry.t1) if entry.t1 else 1.0
    dephasing = math.exp(-duration / entry.t2) if entry.t2 else 1.0
    return 0.5 + decay / 6 + dephasing / 3


def predicted_fidelity(
    circuit: QuantumCircuit, target: Target, *, moved: Mapping[int, int] | None = None
) -> float:
    """Return the fidelity that the device's calibration predicts for a compiled circuit.

    The product of 1 - error over all gates and measurements, and of the fidelity of every wait
    between a qubit's first gate and its measurement in the earliest schedule. It ranks circuits;
    it knows nothing of crosstalk, leakage and coherent errors.

    Args:
        circuit: a circuit in the gates and on the couplings of `target`.
        target: the device.
        moved: qubit of the circuit -> qubit of the device, to ask for another place than the one
            the circuit was compiled for; where it is when None.

    Returns:
        A number in [0, 1].

    Examples:
        >>> from qiskit.circuit.library import CZGate
        >>> from qiskit.transpiler import InstructionProperties
        >>> target = Target(num_qubits=2)
        >>> target.add_instruction(CZGate(), {(0, 1): InstructionProperties(error=0.01)})
        >>> circuit = QuantumCircuit(2)
        >>> circuit.cz(0, 1); circuit.cz(0, 1)  # doctest: +ELLIPSIS
        <...>
        >>> round(predicted_fidelity(circuit, target), 6)
        0.9801
    """
    return fidelity_of_gates(list_gates(circuit), target, moved=moved)


def list_gates(circuit: QuantumCircuit) -> list[tuple[str, tuple[int, ...]]]:
    """Return name and qubits of every instruction, in order."""
    index = {qubit: position for position, qubit in enumerate(circuit.qubits)}
    return [
        (instruction.name, tuple(index[qubit] for qubit in instruction.qubits))
        for instruction in circuit.data
    ]


def fidelity_of_gates(
    gates: Iterable[tuple[str, tuple[int, ...]]],
    target: Target,
    *,
    moved: Mapping[int, int] | None = None,
) -> float:
    """Return the `predicted_fidelity` of a circuit given by `list_gates`.

    Asking for many places, this reads the circuit only once.
    """
    logarithm = 0.0
    clock: dict[int, float] = {}
    known: dict[tuple[str, tuple[int, ...]], tuple[tuple[int, ...], float, float]] = {}
    for gate in gates:
        if gate not in known:
            name, old = gate
            qubits = old if moved is None else tuple(moved.get(qubit, qubit) for qubit in old)
            error, duration = operation_error(target, name, qubits), 0.0
            if error >= 1.0:
                return 0.0
            if name != "barrier":
                duration = _duration(target, name, qubits)
            known[gate] = qubits, math.log1p(-error), duration
        qubits, lost, duration = known[gate]
        started = [clock[qubit] for qubit in qubits if qubit in clock]
        start = max(started, default=0.0)
        logarithm += lost
        # A qubit that has not been touched is still in its ground state and loses nothing.
        for qubit in qubits:
            if qubit in clock and start > clock[qubit]:
                logarithm += math.log(idle_fidelity(target, qubit, start - clock[qubit]))
        end = start + duration
        for qubit in qubits:
            if qubit in clock or gate[0] != "barrier":
                clock[qubit] = end
    return math.exp(logarithm)
