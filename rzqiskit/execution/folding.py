r"""Folding: the same circuit with its noisy part repeated, for zero-noise extrapolation.

A gate G becomes G G^-1 G, which does the same at three times the noise. Two places to fold: the
collective ZZ layers of a charging circuit before it is compiled, or the entangling gates of a
compiled one, which leaves the qubits, the networks and their order untouched and scales every
entangling gate (and its duration) exactly. Noise of one-qubit gates and readout is not amplified;
mitigate readout first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import CircuitInstruction, QuantumCircuit
from qiskit.circuit.library import XGate

from rzqiskit.circuits.gates import CollectiveZZGate, collective_zz_angle
from rzqiskit.validation import check_finite

__all__ = ["fold_collective_layers", "fold_entanglers", "nearest_noise_factor"]

# Their own inverses: repeating them costs no other gate.
_INVOLUTIONS = frozenset({"cx", "cz", "ecr"})
_FRACTIONAL = "rzz"
# Circuits grow with the factor, and long before nothing is left of their states.
_MAX_FACTOR = 1000.0


def fold_collective_layers(circuit: QuantumCircuit, noise_factor: float) -> QuantumCircuit:
    """Return the circuit with its collective ZZ layers folded, ZZ(a) ZZ(-a) ZZ(a).

    Compile all folded versions on one line with one network (`CollectiveNetwork` with `line`):
    left to itself the compiler may choose another line for more layers, and other noise.

    Args:
        circuit: as `build_charging_circuits` makes it, with L collective layers.
        noise_factor: 1 + 2 m / L with an integer m >= 0: m layers are folded once more, spread
            evenly. Odd integers serve every L. At most 1000.

    Returns:
        A new circuit, equal to the old one, with ``metadata["noise_factor"]``; without a layer it
        is a copy.

    Raises:
        TypeError: `circuit` is no circuit, `noise_factor` no number.
        ValueError: a factor that this number of layers cannot show.

    Examples:
        >>> from qiskit.circuit import QuantumCircuit
        >>> circuit = QuantumCircuit(3)
        >>> _ = circuit.append(CollectiveZZGate(3, 0.2), range(3))
        >>> fold_collective_layers(circuit, 5).count_ops()["collective_zz"]
        5
    """
    _check_circuit(circuit)
    angles = [collective_zz_angle(item.operation) for item in circuit.data]
    chosen = [angle is not None for angle in angles]

    def folded(item: CircuitInstruction) -> list[CircuitInstruction]:
        angle, width = item.operation.params[0], item.operation.num_qubits
        back, again = CollectiveZZGate(width, -angle), CollectiveZZGate(width, angle)
        return [item.replace(operation=back), item.replace(operation=again)]

    return _folded(circuit, noise_factor, chosen, folded, "collective ZZ layers")


def fold_entanglers(circuit: QuantumCircuit, noise_factor: float) -> QuantumCircuit:
    """Return a compiled circuit with its entangling gates folded, CZ CZ CZ (CX and ECR alike).

    A fractional RZZ, whose angle devices want positive, is undone between two X gates on one of its
    qubits: RZZ X RZZ X RZZ. Barriers stand between the repetitions, so that no later pass cancels
    them.

    Args:
        circuit: a compiled circuit with M entangling gates.
        noise_factor: 1 + 2 m / M with an integer m >= 0, see `nearest_noise_factor`: m gates are
            folded once more, spread evenly. Odd integers serve every M. At most 1000.

    Returns:
        A new circuit, equal to the old one, with ``metadata["noise_factor"]`` and the layout of
        the old one; without an entangling gate it is a copy.

    Raises:
        TypeError: `circuit` is no circuit, `noise_factor` no number.
        ValueError: a factor that this number of gates cannot show, or another gate on several
            qubits.

    Examples:
        >>> from qiskit.circuit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.cz(0, 1)
        >>> fold_entanglers(circuit, 3).count_ops()["cz"]
        3
    """

    def folded(item: CircuitInstruction) -> list[CircuitInstruction]:
        if item.operation.name in _INVOLUTIONS:
            return [item, item]
        turned = CircuitInstruction(XGate(), item.qubits[:1])
        return [turned, item, turned, item]

    chosen = _entanglers(circuit)
    return _folded(circuit, noise_factor, chosen, folded, "entangling gates", barriers=True)


def nearest_noise_factor(circuit: QuantumCircuit, noise_factor: float) -> float:
    """Return the factor nearest to the one asked for that `fold_entanglers` can show.

    Args:
        circuit: a compiled circuit.
        noise_factor: from 1 to 1000.

    Returns:
        1 + 2 m / M with an integer m >= 0 and M entangling gates; 1 without any.

    Raises:
        TypeError: `circuit` is no circuit, `noise_factor` no number.
        ValueError: a factor out of range, a gate that cannot be folded.

    Examples:
        >>> from qiskit.circuit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> for _ in range(5):
        ...     _ = circuit.cz(0, 1)
        >>> nearest_noise_factor(circuit, 2.0), nearest_noise_factor(circuit, 3.0)
        (1.8, 3.0)
    """
    number = sum(_entanglers(circuit))
    factor = _check_factor(noise_factor)
    if factor < 1.0:
        raise ValueError(f"`noise_factor` must be at least 1, got {factor:g}.")
    return 1.0 + 2.0 * round((factor - 1.0) * number / 2.0) / number if number else 1.0


def _entanglers(circuit: Any) -> list[bool]:
    """Return for each instruction whether it is an entangling gate."""
    _check_circuit(circuit)
    chosen = []
    for item in circuit.data:
        operation = item.operation
        joint = len(item.qubits) > 1 and operation.name != "barrier"
        if joint and operation.name not in (*_INVOLUTIONS, _FRACTIONAL):
            raise ValueError(
                "`circuit` must entangle by 'cx', 'cz', 'ecr' or 'rzz' only to be folded, got "
                f"{operation.name!r}."
            )
        chosen.append(joint)
    return chosen


def _folded(
    circuit: QuantumCircuit,
    noise_factor: float,
    chosen: list[bool],
    repetition: Any,
    what: str,
    *,
    barriers: bool = False,
) -> QuantumCircuit:
    repeats = iter(_repeats(sum(chosen), noise_factor, what))
    result = circuit.copy_empty_like()
    for item, fold in zip(circuit.data, chosen, strict=True):
        result.append(item)
        for _ in range(next(repeats) if fold else 0):
            for again in repetition(item):
                if barriers:
                    result.barrier(item.qubits)
                result.append(again)
    factor = float(noise_factor) if any(chosen) else 1.0
    result.metadata = {**(circuit.metadata or {}), "noise_factor": factor}
    return result


def _repeats(num_gates: int, noise_factor: float, what: str) -> npt.NDArray[np.int64]:
    """Return how often each gate is folded: evenly, the remainder spread over the circuit."""
    factor = _check_factor(noise_factor)
    folds = (factor - 1.0) * num_gates / 2.0
    if factor < 1.0 or abs(folds - round(folds)) > 1e-6:
        raise ValueError(
            f"`noise_factor` must be 1 + 2 m / {num_gates} with an integer m >= 0 for "
            f"{num_gates} {what}, got {factor:g}."
        )
    return np.diff(np.arange(num_gates + 1) * round(folds) // max(num_gates, 1))


def _check_factor(noise_factor: Any) -> float:
    factor = check_finite("noise_factor", noise_factor)
    if factor > _MAX_FACTOR:
        raise ValueError(f"`noise_factor` must be at most {_MAX_FACTOR:g}, got {factor:g}.")
    return factor


def _check_circuit(circuit: Any) -> None:
    if not isinstance(circuit, QuantumCircuit):
        raise TypeError(f"`circuit` must be a QuantumCircuit, got {type(circuit).__name__}.")
