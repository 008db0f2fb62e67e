r"""What a device's calibration leaves of a cell's polarisation at the end of a circuit.

The metrics see single cells and pairs, not the state as a whole: an error on one gate spoils the
two cells it acts on, not all N. A gate of average error r depolarises its cells with probability
4 r / 3 (two cells) or 2 r (one), and what is depolarised stays so, whatever follows. So each wire
keeps the product of these factors, and the average over the wires is what is left of <Z> of a
cell; networks that move cells from wire to wire average even better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import Target

from rzqiskit.circuits.compilation.fidelity import idle_fidelity, operation_error

__all__ = ["Survival", "cell_survival"]


@dataclass(frozen=True, slots=True)
class Survival:
    """Polarisation left of a cell, averaged over the cells; 1 without noise.

    Attributes:
        gates: after gates and waits.
        readout: factor of the measurement, 1 - 2 times its error.
        num_two_qubit_gates: two-qubit gates of the circuit.
    """

    gates: float
    readout: float
    num_two_qubit_gates: int

    @property
    def flip_probability(self) -> float:
        """Probability that a symmetric flip of each bit has for the same loss."""
        return 0.5 * (1.0 - self.gates * self.readout)


def cell_survival(circuit: QuantumCircuit, target: Target) -> Survival:
    """Return the polarisation that the calibration predicts for the cells of a compiled circuit.

    Args:
        circuit: a measured circuit in the gates and on the couplings of `target`.
        target: the device.

    Returns:
        The survival, by gates and by readout. Relaxation counts as loss towards equal
        populations; where T1 dominates, real cells fall towards the ground state instead.

    Raises:
        ValueError: the circuit measures nothing.

    Examples:
        >>> from qiskit.circuit.library import CZGate, Measure
        >>> from qiskit.transpiler import InstructionProperties
        >>> target = Target(num_qubits=2)
        >>> target.add_instruction(CZGate(), {(0, 1): InstructionProperties(error=0.003)})
        >>> readout = InstructionProperties(error=0.01)
        >>> target.add_instruction(Measure(), {(0,): readout, (1,): readout})
        >>> circuit = QuantumCircuit(2, 2)
        >>> _ = circuit.cz(0, 1)
        >>> _ = circuit.measure([0, 1], [0, 1])
        >>> survival = cell_survival(circuit, target)
        >>> round(survival.gates, 6), round(survival.readout, 6)
        (0.996, 0.98)
    """
    index = {qubit: position for position, qubit in enumerate(circuit.qubits)}
    kept: dict[int, float] = {}
    clock: dict[int, float] = {}
    readout: dict[int, float] = {}
    num_two_qubit_gates = 0
    for instruction in circuit.data:
        qubits = tuple(index[qubit] for qubit in instruction.qubits)
        name = instruction.operation.name
        # A cell that has not been touched is in its ground state and loses nothing by waiting.
        start = max((clock[qubit] for qubit in qubits if qubit in clock), default=0.0)
        for qubit in qubits:
            if qubit in clock:
                idle = idle_fidelity(target, qubit, start - clock[qubit])
                kept[qubit] *= 1.0 - 2.0 * (1.0 - idle)
            kept.setdefault(qubit, 1.0)
        duration = 0.0
        if name not in ("barrier", "delay"):
            error = operation_error(target, name, qubits)
            properties = (target[name] or {}).get(qubits) if name in target else None
            if properties is not None and properties.duration is not None:
                duration = float(properties.duration)
            if name == "measure":
                readout[qubits[0]] = 1.0 - 2.0 * error
            else:
                loss = (4.0 / 3.0 if len(qubits) == 2 else 2.0) * error
                for qubit in qubits:
                    kept[qubit] *= max(1.0 - loss, 0.0)
                num_two_qubit_gates += len(qubits) == 2
        for qubit in qubits:
            clock[qubit] = start + duration
    if not readout:
        raise ValueError(f"`circuit` must be measured, got {circuit.name!r} without measurement.")
    logarithms = [math.log(max(kept[qubit], 1e-300)) for qubit in readout]
    return Survival(
        gates=float(np.exp(np.mean(logarithms))),
        readout=float(np.mean(list(readout.values()))),
        num_two_qubit_gates=num_two_qubit_gates,
    )
