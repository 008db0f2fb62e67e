"""Predicted fidelity of a circuit on a device, from the calibration in its target."""

from __future__ import annotations

import math
from collections.abc import Mapping

from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import InstructionProperties, Target

__all__ = ["idle_fidelity", "operation_error", "predicted_fidelity"]


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
    index = {qubit: position for position, qubit in enumerate(circuit.qubits)}
    if moved is not None:
        index = {qubit: moved.get(position, position) for qubit, position in index.items()}
    logarithm = 0.0
    clock: dict[int, float] = {}
    known: dict[tuple[str, tuple[int, ...]], tuple[float, float]] = {}
    for instruction in circuit.data:
        qubits = tuple(index[qubit] for qubit in instruction.qubits)
        name = instruction.operation.name
        started = [clock[qubit] for qubit in qubits if qubit in clock]
        start = max(started, default=0.0)
        if name == "barrier":
            for qubit in qubits:
                if qubit in clock:
                    logarithm += math.log(idle_fidelity(target, qubit, start - clock[qubit]))
                    clock[qubit] = start
            continue
        key = (name, qubits)
        if key not in known:
            known[key] = operation_error(target, *key), _duration(target, *key)
        error, duration = known[key]
        if error >= 1.0:
            return 0.0
        logarithm += math.log1p(-error)
        # A qubit that has not been touched is still in its ground state and loses nothing.
        for qubit in qubits:
            if qubit in clock and start > clock[qubit]:
                logarithm += math.log(idle_fidelity(target, qubit, start - clock[qubit]))
        end = start + duration
        for qubit in qubits:
            clock[qubit] = end
    return math.exp(logarithm)
