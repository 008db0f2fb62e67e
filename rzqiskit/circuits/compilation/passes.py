"""The transpiler pass that puts a charging circuit on the best qubits of a device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

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
from rzqiskit.circuits.compilation.branched import branched_networks, following_network
from rzqiskit.circuits.compilation.fidelity import fidelity_of_gates, list_gates
from rzqiskit.circuits.compilation.layers import LayeredCircuit, read_layers
from rzqiskit.circuits.compilation.layout import best_lines, two_qubit_gate
from rzqiskit.circuits.compilation.networks import Network, line_network
from rzqiskit.circuits.compilation.parity import parity_networks
from rzqiskit.circuits.compilation.places import best_places, fits, uncoupled_neighbours
from rzqiskit.validation import check_choice, check_integer

__all__ = ["NETWORKS", "CollectiveNetwork", "embedding_passes", "native_passes"]

NETWORKS = ("auto", "line", "parity", "fractional", "branched")


# Lines that are tried, each in both directions, and places of branched networks: the cost by which
# they are searched knows nothing of who waits for whom.
_NUM_LINES = 4
_NUM_PLACES = 8

_Place: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Program:
    """Networks of the odd and the even layers, and whether RZZ is written as such."""

    networks: tuple[Network, Network]
    native_rzz: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    program: _Program
    place: _Place
    fidelity: float


class CollectiveNetwork(TransformationPass):  # type: ignore[misc]
    """Replace collective ZZ gates by networks on the best qubits of a device.

    The pass chooses the layout as well: the circuit it returns acts on coupled qubits only and is
    never to be routed. The permutation that the networks leave is not undone; measurements move
    with their qubits, so that classical bit i still reads virtual qubit i, and the permutation is
    recorded in the layout (`TranspileLayout.final_index_layout`).

    The circuit must start in |0..0> (as every circuit of Qiskit does) and may hold one-qubit gates,
    collective ZZ gates on all its qubits, barriers and final measurements. The pass knows the state
    in which the first pairs meet and uses it, so the compiled *state*, not the unitary, equals the
    circuit's, up to a global phase.

    Networks:

    - ``"line"``: the swap network, at most (N - 1)(3N - 2)/2 CX and depth 3N - 2 a layer.
    - ``"parity"``: parity labels, about N^2 CX in the same depth.
    - ``"fractional"``: the swap network in the device's own RZZ, N - 1 gates less a layer.
    - ``"branched"``: parity labels on a spider, a cross or a block of coupled qubits, for the
      widths of `branched_networks` and where the device has one.
    - ``"auto"``: whichever has the highest `predicted_fidelity`, each on its best place.

    A network runs on the one of the best few places (of a line: in the direction) on which its
    predicted fidelity is highest.

    Args:
        target: the device, with its calibration.
        network: see above.
        line: physical qubits to use, one a wire in this order: a line of coupled qubits, or a place
            that a branched network has been compiled to. The best place when None.

    Raises:
        TypeError: `line` holds something else than integers.
        ValueError: unknown network, a device without CX, CZ or ECR, ``"fractional"`` on a device
            without RZZ, or a line that leaves the device, visits a qubit twice or has not the
            couplings that the network needs; when it runs, a circuit that is wider than the longest
            line, not measured, not bound or holds other gates, and ``"branched"`` for a width or a
            device without such a network.
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
        self.line = None if line is None else _checked_line(target, self.network, line)
        self._chosen: dict[tuple[int, int], _Candidate] = {}

    def run(self, dag: DAGCircuit) -> DAGCircuit:
        """Return the circuit on coupled neighbours and set the layout."""
        layered = read_layers(dag)
        key = (layered.num_qubits, len(layered.angles))
        if key not in self._chosen:
            self._chosen[key] = self._choose(layered, dag)
        candidate = self._chosen[key]
        circuit, order = self._write(layered, dag, candidate.program)
        self.property_set["layout"] = Layout(dict(zip(dag.qubits, candidate.place, strict=True)))
        self.property_set["virtual_permutation_layout"] = Layout(
            {dag.qubits[wire]: qubit for wire, qubit in enumerate(order)}
        )
        compiled = circuit_to_dag(circuit)
        compiled.name, compiled.metadata = dag.name, dag.metadata
        return compiled

    def _choose(self, layered: LayeredCircuit, dag: DAGCircuit) -> _Candidate:
        """Return networks and place with the highest predicted fidelity.

        The structure of a circuit decides, hardly its angles: one choice serves all circuits of the
        same width and number of layers, so that a series in time is compiled alike.
        """
        if self.line is not None and len(self.line) != layered.num_qubits:
            raise ValueError(
                f"`line` must have one entry for each of {layered.num_qubits} qubits, got "
                f"{len(self.line)}."
            )
        families = [self._line_family(layered)]
        families += [
            self._branched_family(layered, network)
            for network in branched_networks(layered.num_qubits)
        ]
        best = [
            self._best(layered, dag, programs, places)
            for programs, places in families
            if programs and places
        ]
        if not best:
            raise ValueError(
                "`network` can be 'branched' only for a width and on a device with a known "
                f"shape, got {layered.num_qubits} qubits on a device of {self.target.num_qubits}."
            )
        return max(best, key=lambda candidate: candidate.fidelity)

    def _best(
        self,
        layered: LayeredCircuit,
        dag: DAGCircuit,
        programs: list[_Program],
        places: list[_Place],
    ) -> _Candidate:
        """Return the best program on the first place, moved to the best of the places."""
        finish = PassManager(
            [
                SetLayout(list(places[0])),
                *embedding_passes(self.target),
                *native_passes(self.target),
            ]
        )
        compiled = [finish.run(self._write(layered, dag, program)[0]) for program in programs]
        gates = [list_gates(circuit) for circuit in compiled]
        fidelities = [fidelity_of_gates(item, self.target) for item in gates]
        winner = max(range(len(programs)), key=fidelities.__getitem__)
        best = _Candidate(programs[winner], places[0], fidelities[winner])
        # Another place changes no gate but the turning of one-way couplings: no need to recompile.
        for place in places[1:]:
            moved = dict(zip(places[0], place, strict=True))
            fidelity = fidelity_of_gates(gates[winner], self.target, moved=moved)
            if fidelity > best.fidelity:
                best = _Candidate(programs[winner], place, fidelity)
        return best

    def _line_family(self, layered: LayeredCircuit) -> tuple[list[_Program], list[_Place]]:
        """Return the networks on a line, and the lines."""
        if self.network == "branched":
            return [], []
        if self.line is not None:
            if uncoupled_neighbours(self.target, self.line) is not None:
                return [], []
            return list(self._line_programs(layered)), [self.line]
        lines = best_lines(
            self.target,
            layered.num_qubits,
            num_layers=len(layered.angles),
            num_lines=_NUM_LINES,
        )
        places = [place for line in lines for place in (line, line[::-1])]
        return list(self._line_programs(layered)), places

    def _line_programs(self, layered: LayeredCircuit) -> Iterator[_Program]:
        native = "rzz" in self.target
        swapping = line_network(layered.num_qubits)
        if self.network in ("auto", "line"):
            yield _Program((swapping, swapping.mirrored()), False)
        if self.network in ("auto", "parity"):
            for network in parity_networks(layered.num_qubits):
                yield _Program((network, network.mirrored()), native)
                if len(layered.angles) > 1:
                    yield _Program((network, network.reflected()), native)
        if self.network == "fractional" or (self.network == "auto" and native):
            yield _Program((swapping, swapping.mirrored()), True)

    def _branched_family(
        self, layered: LayeredCircuit, network: Network
    ) -> tuple[list[_Program], list[_Place]]:
        """Return a branched network, and its places on the device."""
        if self.network not in ("auto", "branched"):
            return [], []
        native = "rzz" in self.target
        programs = [_Program((network, network.mirrored()), native)]
        if len(layered.angles) > 1:
            programs.append(_Program((network, following_network(network)), native))
        if self.line is not None:
            return programs, [self.line] if fits(self.target, network, self.line) else []
        places = best_places(
            self.target, network, num_layers=len(layered.angles), num_places=_NUM_PLACES
        )
        return programs, places

    def _write(
        self, layered: LayeredCircuit, dag: DAGCircuit, program: _Program
    ) -> tuple[QuantumCircuit, tuple[int, ...]]:
        operations, order = chain_networks(layered, program.networks, native_rzz=program.native_rzz)
        circuit = write_circuit(
            operations,
            layered,
            order,
            entangler="cz" if self.entangler == "cz" else "cx",
            native_rzz=program.native_rzz,
            bits=(list(dag.qubits), list(dag.clbits)),
            registers=(list(dag.qregs.values()), list(dag.cregs.values())),
        )
        return circuit, order


def _checked_line(target: Target, network: str, line: Sequence[int]) -> _Place:
    checked = tuple(
        check_integer(f"line[{index}]", qubit, minimum=0) for index, qubit in enumerate(line)
    )
    for qubit in checked:
        if qubit >= target.num_qubits:
            raise ValueError(
                f"`line` must hold qubits of the device, 0 to {target.num_qubits - 1}, got {qubit}."
            )
    if len(set(checked)) != len(checked):
        raise ValueError(f"`line` must not visit a qubit twice, got {list(checked)}.")
    if network in ("auto", "branched") and any(
        fits(target, known, checked) for known in branched_networks(len(checked))
    ):
        return checked
    if network == "branched":
        raise ValueError(
            "`line` must be a place of a branched network for `network` 'branched', got "
            f"{list(checked)}."
        )
    gap = uncoupled_neighbours(target, checked)
    if gap is not None:
        raise ValueError(f"`line` must join coupled qubits, got {gap[0]} next to {gap[1]}.")
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
