"""The transpiler pass that puts a charging circuit on the best line of a device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from qiskit.circuit import QuantumCircuit
from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
from qiskit.converters import circuit_to_dag
from qiskit.dagcircuit import DAGCircuit
from qiskit.transpiler import Layout, PassManager, Target
from qiskit.transpiler.basepasses import TransformationPass
from qiskit.transpiler.passes import (
    ApplyLayout,
    BasisTranslator,
    EnlargeWithAncilla,
    FullAncillaAllocation,
    GateDirection,
    Optimize1qGatesDecomposition,
    SetLayout,
)

from rzqiskit.circuits.compilation.assembly import chain_networks, write_circuit
from rzqiskit.circuits.compilation.fidelity import predicted_fidelity
from rzqiskit.circuits.compilation.layers import LayeredCircuit, read_layers
from rzqiskit.circuits.compilation.layout import best_lines, two_qubit_gate
from rzqiskit.circuits.compilation.networks import Network, line_network
from rzqiskit.circuits.compilation.parity import parity_networks
from rzqiskit.validation import check_choice

__all__ = ["NETWORKS", "CollectiveNetwork", "embedding_passes", "native_passes"]

NETWORKS = ("auto", "line", "parity", "fractional")


# Lines that are tried, each in both directions: networks are not symmetric, and the cost by which
# lines are searched knows nothing of who waits for whom.
_NUM_LINES = 4


@dataclass(frozen=True, slots=True)
class _Candidate:
    networks: tuple[Network, Network]
    native_rzz: bool
    line: tuple[int, ...]


class CollectiveNetwork(TransformationPass):  # type: ignore[misc]
    """Replace collective ZZ gates by networks on the best line of a device.

    The pass chooses the layout as well: the circuit it returns acts on neighbours of the line only
    and is never to be routed. The permutation that the networks leave is not undone; measurements
    move with their qubits, so that classical bit i still reads virtual qubit i, and the permutation
    is recorded in the layout (`TranspileLayout.final_index_layout`).

    The circuit must start in |0..0> (as every circuit of Qiskit does) and may hold one-qubit gates,
    collective ZZ gates on all its qubits, barriers and final measurements. The pass knows the state
    in which the first pairs meet and uses it, so the compiled *state*, not the unitary, equals the
    circuit's, up to a global phase.

    Networks:

    - ``"line"``: the swap network, at most (N - 1)(3N - 2)/2 CX and depth 3N - 2 a layer.
    - ``"parity"``: parity labels, about N^2 CX in the same depth.
    - ``"fractional"``: the swap network in the device's own RZZ, N - 1 gates less a layer.
    - ``"auto"``: whichever has the highest `predicted_fidelity` on the best line.

    The network runs on the one of the best few lines, and in the direction, on which its predicted
    fidelity is highest.

    Args:
        target: the device, with its calibration.
        network: see above.
        line: physical qubits to use, one a qubit, neighbours coupled; the best line when None.

    Raises:
        ValueError: unknown network, a device without CX, CZ or ECR, ``"fractional"`` on a device
            without RZZ, or a line whose qubits are not coupled; when it runs, a circuit that is
            wider than the longest line, not measured, not bound or holds other gates.
    """

    def __init__(
        self, target: Target, network: str = "auto", line: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.target = target
        self.network = check_choice("network", network, NETWORKS)
        self.entangler = two_qubit_gate(target)
        if network == "fractional" and "rzz" not in target:
            raise ValueError(
                "`network` can be 'fractional' only on a device with the gate 'rzz', got one with "
                f"{sorted(target.operation_names)}."
            )
        self.line = None if line is None else _checked_line(target, self.entangler, line)
        self._chosen: dict[tuple[int, int], _Candidate] = {}

    def run(self, dag: DAGCircuit) -> DAGCircuit:
        """Return the circuit on neighbours of a line and set the layout."""
        layered = read_layers(dag)
        key = (layered.num_qubits, len(layered.angles))
        if key not in self._chosen:
            self._chosen[key] = self._choose(layered, dag)
        candidate = self._chosen[key]
        circuit, order = self._write(layered, dag, candidate)
        self.property_set["layout"] = Layout(dict(zip(dag.qubits, candidate.line, strict=True)))
        self.property_set["virtual_permutation_layout"] = Layout(
            {dag.qubits[wire]: qubit for wire, qubit in enumerate(order)}
        )
        compiled = circuit_to_dag(circuit)
        compiled.name, compiled.metadata = dag.name, dag.metadata
        return compiled

    def _choose(self, layered: LayeredCircuit, dag: DAGCircuit) -> _Candidate:
        """Return network and line with the highest predicted fidelity.

        The structure of a circuit decides, hardly its angles: one choice serves all circuits of the
        same width and number of layers, so that a series in time is compiled alike.
        """
        lines = self._lines(layered)
        finish = PassManager(
            [SetLayout(list(lines[0])), *embedding_passes(self.target), *native_passes(self.target)]
        )
        candidates = list(self._networks(layered, lines[0]))
        compiled = [finish.run(self._write(layered, dag, item)[0]) for item in candidates]
        fidelities = [predicted_fidelity(circuit, self.target) for circuit in compiled]
        winner = max(range(len(candidates)), key=fidelities.__getitem__)
        best, highest = candidates[winner], fidelities[winner]
        # Another place changes no gate but the turning of one-way couplings: no need to recompile.
        for line in lines:
            for directed in (line, line[::-1]) if self.line is None else ():
                moved = dict(zip(lines[0], directed, strict=True))
                fidelity = predicted_fidelity(compiled[winner], self.target, moved=moved)
                if fidelity > highest:
                    best, highest = replace(best, line=directed), fidelity
        return best

    def _lines(self, layered: LayeredCircuit) -> list[tuple[int, ...]]:
        if self.line is None:
            return best_lines(
                self.target,
                layered.num_qubits,
                num_layers=len(layered.angles),
                num_lines=_NUM_LINES,
            )
        if len(self.line) != layered.num_qubits:
            raise ValueError(
                f"`line` must have one entry for each of {layered.num_qubits} qubits, got "
                f"{len(self.line)}."
            )
        return [self.line]

    def _networks(self, layered: LayeredCircuit, line: tuple[int, ...]) -> Iterator[_Candidate]:
        native = "rzz" in self.target
        swapping = line_network(layered.num_qubits)
        if self.network in ("auto", "line"):
            yield _Candidate((swapping, swapping.mirrored()), False, line)
        if self.network in ("auto", "parity"):
            for network in parity_networks(layered.num_qubits):
                yield _Candidate((network, network.mirrored()), native, line)
                if len(layered.angles) > 1:
                    yield _Candidate((network, network.reflected()), native, line)
        if self.network == "fractional" or (self.network == "auto" and native):
            yield _Candidate((swapping, swapping.mirrored()), True, line)

    def _write(
        self, layered: LayeredCircuit, dag: DAGCircuit, candidate: _Candidate
    ) -> tuple[QuantumCircuit, tuple[int, ...]]:
        operations, order = chain_networks(
            layered, candidate.networks, native_rzz=candidate.native_rzz
        )
        circuit = write_circuit(
            operations,
            layered,
            order,
            entangler="cz" if self.entangler == "cz" else "cx",
            native_rzz=candidate.native_rzz,
            bits=(list(dag.qubits), list(dag.clbits)),
            registers=(list(dag.qregs.values()), list(dag.cregs.values())),
        )
        return circuit, order


def _checked_line(target: Target, gate: str, line: Sequence[int]) -> tuple[int, ...]:
    checked = tuple(int(qubit) for qubit in line)
    coupled = {frozenset(pair) for pair in target.build_coupling_map(gate).get_edges()}
    for first, second in pairwise(checked):
        if frozenset((first, second)) not in coupled:
            raise ValueError(f"`line` must join coupled qubits, got {first} next to {second}.")
    if len(set(checked)) != len(checked):
        raise ValueError(f"`line` must not visit a qubit twice, got {list(checked)}.")
    return checked


def embedding_passes(target: Target) -> list[Any]:
    """Return the passes that put the wires of a laid-out circuit on the device."""
    return [FullAncillaAllocation(target), EnlargeWithAncilla(), ApplyLayout()]


def native_passes(target: Target) -> list[Any]:
    """Return the passes that write a placed circuit in the device's own gates.

    Directions of one-way couplings are turned and one-qubit gates merged; no pass here can add a
    two-qubit gate.
    """
    passes = [BasisTranslator(SessionEquivalenceLibrary, None, target=target)]
    passes.append(GateDirection(None, target=target))
    passes.append(BasisTranslator(SessionEquivalenceLibrary, None, target=target))
    passes.append(Optimize1qGatesDecomposition(target=target))
    return passes
