r"""Is a circuit permutation symmetric? Gate by gate, in one pass.

Every qubit goes through the same alternation: single-qubit rotations, then a layer of diagonal
gates on all pairs, rotations, pairs, ... Gates of different qubits may stand in any order that
leaves each qubit's own order alone. So the pass keeps, for each qubit, the layer it is in and the
history of its rotations there, and for each pair the gates it got in that layer:

*   a diagonal rotation commutes with the pairs and counts as before them;
*   any other rotation after the first pair gate of a layer takes the qubit to the next layer; if
    rotations there cancel (as around ``rxx``) the qubit falls back;
*   a pair gate needs both qubits in the same layer.

In the end all qubits must share one history, and all pairs one set of gates, layer by layer. What
differs in form only (rz(pi) for z, cp for rzz and rz) is compared as numbers once the parameters
are known.
"""

from __future__ import annotations

import contextlib
import math
from itertools import combinations
from typing import Any, Never

from qiskit.circuit import (
    CircuitInstruction,
    ControlFlowOp,
    Gate,
    Instruction,
    ParameterExpression,
    QuantumCircuit,
)
from qiskit.circuit.library import UnitaryGate

from rzqiskit.circuits.gates import collective_zz_angle
from rzqiskit.emulator.gate_table import IGNORED, ONE_QUBIT, PAIR, Rotation, unitary_rotation
from rzqiskit.emulator.refusal import GateLog, SymmetryError, first_departure, refusal
from rzqiskit.emulator.sequences import EMPTY, PairHistories, QubitHistories

__all__ = ["CircuitPass", "LayerRecord", "name_offender"]


class LayerRecord:
    """What the qubits and the pairs got in one layer.

    Attributes:
        rotations: node of each qubit that has left the layer, by qubit.
        pairs: node of each pair that got gates of its own, by pair (i, j), i < j.
        common: node of the gates that every pair got at once.
    """

    __slots__ = ("common", "pairs", "rotations")

    def __init__(self) -> None:
        self.rotations: dict[int, int] = {}
        self.pairs: dict[tuple[int, int], int] = {}
        self.common = EMPTY


class CircuitPass:
    """One pass over a circuit; see the module's text.

    Args:
        circuit: the circuit; it may have free parameters.
        log: filled with every rotation and pair gate; the pass then goes on where it would refuse
            the order of two gates. Needed only to name an offender.

    Attributes:
        layers: one record a layer.
        clbits: measured qubit of each measured classical bit, by their indices.
        qubit_histories: what the nodes in `layers` mean; `pair_histories` likewise.

    Raises:
        SymmetryError: for an instruction that cannot be part of a symmetric circuit.
    """

    def __init__(self, circuit: QuantumCircuit, log: GateLog | None = None) -> None:
        self.circuit = circuit
        self.num_qubits = circuit.num_qubits
        self.layers = [LayerRecord()]
        self.clbits: dict[int, int] = {}
        self.qubit_histories = QubitHistories()
        self.pair_histories = PairHistories()
        self._log = log
        self._layer = [0] * self.num_qubits
        self._node = [EMPTY] * self.num_qubits
        self._num_pair_gates = [0] * self.num_qubits  # in the layer the qubit is in
        # open ``cx``: target -> control, instruction, angles so far; and how many a control has
        self._pending: dict[int, tuple[int, int, list[Any]]] = {}
        self._num_targets: dict[int, int] = {}
        self._measured: set[int] = set()
        self._touched: set[int] = set()
        self._place = list(range(self.num_qubits))  # swaps only rename
        self._index = 0
        self._name = ""
        self._walk(circuit)
        for control, index, _ in self._pending.values():
            self._refuse_entangler(control, index)
        for qubit in range(self.num_qubits):
            self._record(self._layer[qubit]).rotations[qubit] = self._node[qubit]

    def _walk(self, circuit: QuantumCircuit) -> None:
        qubits = {bit: index for index, bit in enumerate(circuit.qubits)}
        clbits = {bit: index for index, bit in enumerate(circuit.clbits)}
        for index, instruction in enumerate(circuit.data):
            self._index = index
            self._name = instruction.name
            acted = [qubits[bit] for bit in instruction.qubits]
            if self._name == "measure":
                self._measure(acted[0], clbits[instruction.clbits[0]])
            else:
                self._apply(instruction, acted)

    def _walk_definition(self, operation: Instruction, qubits: list[int]) -> None:
        definition = operation.definition
        if definition is None:
            self._refuse("is not known to the emulator and has no definition")
        inner = dict(zip(definition.qubits, qubits, strict=True))
        for instruction in definition.data:
            self._apply(instruction, [inner[bit] for bit in instruction.qubits])

    def _apply_operation(self, operation: Instruction, qubits: list[int]) -> None:
        """Apply what is no gate of Qiskit's standard set."""
        if not isinstance(operation, Gate):
            if operation.name in IGNORED:
                return
            used = self._touched.intersection(self._place[qubit] for qubit in qubits)
            if operation.name == "reset" and not used:
                return
            if isinstance(operation, ControlFlowOp) or operation.definition is None:
                self._refuse("is no unitary gate; only gates and final measurements are emulated")
            self._walk_definition(operation, qubits)
            return
        angle = collective_zz_angle(operation)
        if angle is not None and len(qubits) > 1:
            self._check_unmeasured(qubits)
            self._apply_collective(self._checked(angle), qubits)
        elif isinstance(operation, UnitaryGate) and len(qubits) == 1:
            self._check_unmeasured(qubits)
            self._rotate(self._place[qubits[0]], unitary_rotation(operation.to_matrix()))
        else:
            self._walk_definition(operation, qubits)

    def _apply(self, instruction: CircuitInstruction, qubits: list[int]) -> None:
        """Apply any instruction but a measurement."""
        if not instruction.is_standard_gate():
            self._apply_operation(instruction.operation, qubits)
            return
        name, params = instruction.name, instruction.params
        if name in IGNORED:
            return
        if self._measured:
            self._check_unmeasured(qubits)
        place = self._place
        one = ONE_QUBIT.get(name)
        if one is not None:
            for axis, angle in one(params):
                self._rotate(place[qubits[0]], (axis, self._checked(angle)))
            return
        pair = PAIR.get(name)
        if pair is not None:
            first, second = place[qubits[0]], place[qubits[1]]
            angle = self._checked(params[0]) if pair.angle is None else pair.angle
            gate = self.pair_histories.gate(pair.zz, pair.z, angle)
            if pair.turn is None:
                self._pair(first, second, gate)
                return
            axis, turn = pair.turn
            for qubit in (first, second):
                self._rotate(qubit, (axis, turn))
            self._pair(first, second, gate)
            for qubit in (first, second):
                self._rotate(qubit, (axis, turn if axis == "h" else -turn))
        elif name == "cx":
            self._controlled_not(place[qubits[0]], place[qubits[1]])
        elif name == "swap":
            first, second = qubits
            place[first], place[second] = place[second], place[first]
        else:
            self._walk_definition(instruction.operation, qubits)

    def _checked(self, angle: Any) -> Any:
        if isinstance(angle, ParameterExpression):
            if angle.parameters:
                return angle
            angle = angle.numeric()
        value = float(angle)
        if not math.isfinite(value):
            raise ValueError(
                f"angles must be finite, got {value!r} in instruction {self._index} "
                f"(`{self._name}`)."
            )
        return value

    def _check_unmeasured(self, qubits: list[int]) -> None:
        acted = self._measured.intersection(qubits)
        if acted:
            self._refuse(
                f"acts on qubit {min(acted)} after its measurement; "
                "only measurements at the end can be emulated"
            )

    def _measure(self, qubit: int, clbit: int) -> None:
        self._measured.add(qubit)
        self.clbits[clbit] = self._place[qubit]

    def _rotate(self, qubit: int, rotation: Rotation) -> None:
        axis, angle = rotation
        self._touched.add(qubit)
        if isinstance(angle, float) and abs(math.remainder(angle, 2.0 * math.pi)) < 1e-14:
            return
        diagonal = axis == "z"
        if qubit in self._pending:
            control, index, angles = self._pending[qubit]
            if not diagonal:
                self._refuse_entangler(control, index)
            angles.append(angle)
            return
        if not diagonal:
            if self._num_targets and self._num_targets.get(qubit):
                self._refuse("stands between the two `cx` of a pair rotation")
            if self._num_pair_gates[qubit]:
                self._record(self._layer[qubit]).rotations[qubit] = self._node[qubit]
                self._layer[qubit] += 1
                self._node[qubit] = EMPTY
                self._num_pair_gates[qubit] = 0
        node = self.qubit_histories.extend(self._node[qubit], rotation)
        self._node[qubit] = node
        if self._log is not None:
            self._log.rotations.setdefault(qubit, []).append((rotation, self._index))
        if node == EMPTY and self._layer[qubit] and not self._num_pair_gates[qubit]:
            self._layer[qubit] -= 1
            self._node[qubit] = self.layers[self._layer[qubit]].rotations.pop(qubit)
            self._num_pair_gates[qubit] = 1

    def _pair(self, first: int, second: int, gate: int) -> None:
        for qubit in (first, second):
            if qubit in self._pending:
                self._refuse_entangler(*self._pending[qubit][:2])
            self._touched.add(qubit)
        layer = self._layer[first]
        if layer != self._layer[second] and self._log is None:
            raise name_offender(self.circuit, self._index)
        self._num_pair_gates[first] += 1
        self._num_pair_gates[second] += 1
        pairs = self._record(layer).pairs
        key = (first, second) if first < second else (second, first)
        pairs[key] = self.pair_histories.extend(pairs.get(key, EMPTY), gate)
        if self._log is not None:
            self._log.pairs.setdefault(key, []).append((gate, self._index))

    def _apply_collective(self, angle: Any, qubits: list[int]) -> None:
        gate = self.pair_histories.gate(1.0, 0.0, angle)
        if len(qubits) < self.num_qubits:
            for first, second in combinations(qubits, 2):
                self._pair(self._place[first], self._place[second], gate)
            return
        for control, index, _ in self._pending.values():
            self._refuse_entangler(control, index)
        low, high = min(self._layer), max(self._layer)
        if low != high and self._log is None:
            raise name_offender(self.circuit, self._index)
        record = self._record(low)
        record.common = self.pair_histories.extend(record.common, gate)
        self._num_pair_gates = [number + 1 for number in self._num_pair_gates]
        self._touched.update(qubits)

    def _controlled_not(self, control: int, target: int) -> None:
        """Two equal ``cx`` around z rotations of the target are one ``rzz``."""
        self._touched.update((control, target))
        if target in self._pending:
            held, index, angles = self._pending.pop(target)
            if held != control:
                self._refuse_entangler(held, index)
            self._num_targets[control] -= 1
            for angle in angles:
                self._pair(control, target, self.pair_histories.gate(1.0, 0.0, angle))
            return
        if control in self._pending:
            self._refuse_entangler(*self._pending[control][:2])
        if self._num_targets.get(target):
            self._refuse("stands between the two `cx` of a pair rotation")
        self._pending[target] = (control, self._index, [])
        self._num_targets[control] = self._num_targets.get(control, 0) + 1

    def _record(self, layer: int) -> LayerRecord:
        while len(self.layers) <= layer:
            self.layers.append(LayerRecord())
        return self.layers[layer]

    def _refuse(self, reason: str) -> Never:
        raise refusal(self.circuit, self._index, reason)

    def _refuse_entangler(self, control: int, index: int) -> Never:
        raise refusal(
            self.circuit,
            index,
            f"acts on one qubit depending on qubit {control} alone, and is not undone by an equal "
            "one with only z rotations between the two",
        )


def name_offender(circuit: QuantumCircuit, index: int | None = None) -> SymmetryError:
    """Return the error for a circuit found not to be symmetric.

    The rule is what most qubits (pairs) get; the offender is the earliest instruction that departs
    from it, or that some qubit lacks.

    Args:
        circuit: the circuit.
        index: the instruction at which it was found, named if nothing else stands out.
    """
    log = GateLog()
    with contextlib.suppress(SymmetryError):
        CircuitPass(circuit, log)
    departure = first_departure(log, circuit.num_qubits)
    if departure is not None:
        return refusal(circuit, *departure)
    if index is None:
        index = min((trail[0][1] for trail in log.pairs.values()), default=0)
    return refusal(circuit, index, "has no place in one order of gates for all qubits")
