"""One call from charging circuits to circuits that a device runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import PassManager

from rzqiskit.circuits.compilation.passes import (
    CollectiveNetwork,
    embedding_passes,
    native_passes,
)
from rzqiskit.circuits.compilation.targets import check_target

__all__ = ["compile_circuits"]


def compile_circuits(
    circuits: QuantumCircuit | Iterable[QuantumCircuit],
    backend: Any,
    *,
    network: str = "auto",
    line: Sequence[int] | None = None,
) -> list[QuantumCircuit]:
    """Return the circuits in the gates and on the best qubits of a device, without routing.

    Classical bit i still reads virtual qubit i, whatever order the networks leave the qubits in.
    Circuits of the same width and number of layers get the same qubits and the same network;
    with `line`, circuits of all kinds get the same qubits.

    Args:
        circuits: bound circuits of one-qubit gates, collective ZZ gates on all qubits and final
            measurements, such as `build_charging_circuits` makes; a single circuit is a list of
            one.
        backend: anything with a ``target`` (a device, a fake, a simulator with couplings).
        network: ``"auto"``, ``"line"``, ``"parity"``, ``"fractional"`` or ``"branched"``, see
            `CollectiveNetwork`.
        line: physical qubits to use, virtual qubit 0 on the first: neighbours in the list must be
            coupled. Also what ``layout.initial_index_layout(filter_ancillas=True)`` says of a
            compiled circuit, so that others can be put where it is. The best qubits when None.

    Returns:
        One compiled circuit for each, in order, name and metadata kept.

    Raises:
        ValueError: a circuit is wider than the device's longest line, has unbound parameters, no
            measurement or other gates; unknown network; no native RZZ for ``"fractional"``; no
            place for ``"branched"``; a line that is not one, or not of the circuits' width.
        TypeError: `circuits` holds something else than circuits, `line` than integers.

    Examples:
        >>> from qiskit.providers.fake_provider import GenericBackendV2
        >>> from qiskit.transpiler import CouplingMap
        >>> from rzqiskit.circuits.gates import CollectiveZZGate
        >>> circuit = QuantumCircuit(4)
        >>> circuit.rx(0.3, range(4))  # doctest: +ELLIPSIS
        <...>
        >>> circuit.append(CollectiveZZGate(4, 0.1), range(4))  # doctest: +ELLIPSIS
        <...>
        >>> circuit.rx(0.3, range(4))  # doctest: +ELLIPSIS
        <...>
        >>> circuit.measure_all()
        >>> backend = GenericBackendV2(6, ["cz", "rz", "sx"], coupling_map=CouplingMap.from_line(6))
        >>> compiled, = compile_circuits(circuit, backend, network="parity")
        >>> compiled.count_ops()["cz"]
        9
        >>> compiled, = compile_circuits(circuit, backend, line=[5, 4, 3, 2])
        >>> compiled.layout.initial_index_layout(filter_ancillas=True)
        [5, 4, 3, 2]
    """
    batch = [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)
    for circuit in batch:
        if not isinstance(circuit, QuantumCircuit):
            raise TypeError(f"`circuits` must be quantum circuits, got {type(circuit).__name__}.")
    target = check_target(backend)
    manager = PassManager(
        [
            CollectiveNetwork(target, network, line),
            *embedding_passes(target),
            *native_passes(target),
        ]
    )
    compiled: list[QuantumCircuit] = manager.run(batch, num_processes=1)
    return compiled
