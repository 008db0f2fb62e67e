"""Circuits that are to be compared with each other, compiled onto the same qubits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qiskit.circuit import QuantumCircuit

from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.circuits.compilation.targets import check_target

__all__ = ["compile_on_shared_line"]


def compile_on_shared_line(
    circuits: Sequence[QuantumCircuit], backend: Any, *, network: str = "auto"
) -> list[QuantumCircuit]:
    """Return circuits compiled by `compile_circuits`, all of them onto the same qubits.

    Left to themselves circuits of different numbers of layers choose qubits of their own. On the
    same ones they have the same readout errors and the same noise, which expectation values put
    together from several of them (J^2 from X, Y and Z) need.

    Args:
        circuits: as for `compile_circuits`, all of one width.
        backend: anything with a ``target``.
        network: as for `compile_circuits`.

    Returns:
        One compiled circuit for each, in order, on the qubits that suit the circuit with the most
        layers.

    Raises:
        TypeError: see `compile_circuits`.
        ValueError: see there; or circuits of different widths.

    Examples:
        >>> from qiskit.providers.fake_provider import GenericBackendV2
        >>> from rzqiskit.circuits.gates import CollectiveZZGate
        >>> from rzqiskit.execution.noise import measured_qubits
        >>> circuits = []
        >>> for num_layers in (0, 2):
        ...     circuit = QuantumCircuit(3)
        ...     for _ in range(num_layers):
        ...         _ = circuit.append(CollectiveZZGate(3, 0.1), range(3))
        ...     circuit.measure_all()
        ...     circuits.append(circuit)
        >>> backend = GenericBackendV2(7, ["cz", "rz", "sx", "x"], seed=1)
        >>> flat, deep = compile_on_shared_line(circuits, backend)
        >>> set(measured_qubits(flat)) == set(measured_qubits(deep))
        True
    """
    check_target(backend)
    batch = [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)
    if not batch:
        return []
    for circuit in batch:
        if not isinstance(circuit, QuantumCircuit):
            raise TypeError(f"`circuits` must be quantum circuits, got {type(circuit).__name__}.")
    deepest = max(batch, key=lambda circuit: int(circuit.num_nonlocal_gates()))
    (guide,) = compile_circuits(deepest, backend, network=network)
    line = guide.layout.initial_index_layout(filter_ancillas=True)
    return compile_circuits(batch, backend, network=network, line=line)
