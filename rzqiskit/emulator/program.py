"""A symmetric circuit as a short list of collective layers, evaluated for many parameter values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Never

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Parameter, ParameterExpression, QuantumCircuit

from rzqiskit.emulator.gate_table import multiply, quaternion
from rzqiskit.emulator.sequences import EMPTY
from rzqiskit.emulator.symmetry import CircuitPass, LayerRecord, offence

__all__ = ["CollectiveLayer", "CollectiveProgram"]

FloatArray = npt.NDArray[np.float64]

_TOLERANCE = 1e-10  # Qiskit's own for two gates to be the same


@dataclass(frozen=True, eq=False)
class CollectiveLayer:
    """One rotation of all qubits, then one ZZ rotation of all pairs, for every binding.

    Attributes:
        rotation: quaternions (cos(phi/2), sin(phi/2) n) of exp(-i phi/2 n.(X, Y, Z)) on every
            qubit, shape (num_bindings, 4).
        angle: theta of exp(-i theta/2 Z Z) on every pair, shape (num_bindings,).
        turn: angle of an RZ on every qubit that came with the pairs, shape (num_bindings,).
    """

    rotation: FloatArray
    angle: FloatArray
    turn: FloatArray


class CollectiveProgram:
    """The collective layers of a circuit, for any values of its parameters.

    Args:
        circuit: the circuit; free parameters allowed.

    Attributes:
        circuit: as given.
        clbits: measured qubit of each measured classical bit, by their indices in the circuit.

    Raises:
        SymmetryError: the circuit is not permutation symmetric as far as is seen without values.
        ValueError: a fixed angle is not finite.

    Examples:
        >>> circuit = QuantumCircuit(3)
        >>> circuit.rx(0.2, [2, 0, 1])
        <...>
        >>> for pair in [(1, 2), (0, 1), (2, 0)]:
        ...     _ = circuit.rzz(0.1, *pair)
        >>> layers = CollectiveProgram(circuit).layers(np.empty((1, 0)))
        >>> [(layer.rotation.round(6).tolist(), layer.angle.tolist()) for layer in layers]
        [([[0.995004, 0.099833, 0.0, 0.0]], [0.1])]
    """

    def __init__(self, circuit: QuantumCircuit) -> None:
        self.circuit = circuit
        self._pass = CircuitPass(circuit)
        self.clbits = self._pass.clbits
        self._uniform = [self._is_uniform(record) for record in self._pass.layers]

    @property
    def num_qubits(self) -> int:
        """Number of qubits, all of which take part."""
        return int(self._pass.num_qubits)

    def _is_uniform(self, record: LayerRecord) -> bool:
        """Whether all qubits and all pairs have one history, before any number is looked at."""
        width = self.num_qubits
        nodes = set(record.rotations.values())
        if len(record.rotations) < width:
            nodes.add(EMPTY)
        pairs = set(record.pairs.values())
        if pairs and len(record.pairs) < width * (width - 1) // 2:
            pairs.add(EMPTY)
        return len(nodes) == 1 and len(pairs) <= 1

    def layers(self, values: FloatArray) -> list[CollectiveLayer]:
        """Return the layers for parameter values.

        Args:
            values: shape (num_bindings, num_parameters), in the order of ``circuit.parameters``.

        Raises:
            SymmetryError: qubits or pairs get different rotations at these values.
            ValueError: a value is not finite.
        """
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            name = self.circuit.parameters[int(column)].name
            raise ValueError(
                f"`parameter_values` must be finite, got {float(values[row, column])!r} "
                f"for `{name}`."
            )
        numbers = _Numbers(self._pass, self.circuit.parameters, values)
        layers = []
        for index, (record, uniform) in enumerate(
            zip(self._pass.layers, self._uniform, strict=True)
        ):
            if not uniform:
                self._check_numbers(index, record, numbers)
            rotation = numbers.rotation(record.rotations.get(0, EMPTY))
            angle, turn = numbers.pair(record.common)
            if record.pairs:
                own_angle, own_turn = numbers.pair(record.pairs.get((0, 1), EMPTY))
                angle, turn = angle + own_angle, turn + own_turn
            turn = turn * (self.num_qubits - 1) if uniform else self._turns(record, numbers)[0]
            layers.append(CollectiveLayer(rotation, angle, turn))
        return layers

    def _signatures(self, record: LayerRecord) -> list[Counter[int]]:
        """Return, for each qubit, how often each pair history occurs among its pairs."""
        signatures: list[Counter[int]] = [Counter() for _ in range(self.num_qubits)]
        for (first, second), node in record.pairs.items():
            signatures[first][node] += 1
            signatures[second][node] += 1
        for signature in signatures:
            signature[record.common] += self.num_qubits - 1
        return signatures

    def _turns(self, record: LayerRecord, numbers: _Numbers) -> list[FloatArray]:
        """Return the RZ that each qubit gets from its pairs, one shape (num_bindings,) a qubit."""
        known: dict[frozenset[tuple[int, int]], FloatArray] = {}
        turns = []
        for signature in self._signatures(record):
            key = frozenset(signature.items())
            if key not in known:
                known[key] = sum(
                    (count * numbers.pair(node)[1] for node, count in signature.items()),
                    np.zeros(numbers.num_bindings),
                )
            turns.append(known[key])
        return turns

    def _check_numbers(self, index: int, record: LayerRecord, numbers: _Numbers) -> None:
        """Compare the histories of a layer as numbers; they may differ in form only."""
        width = self.num_qubits
        pairs = {
            pair: record.pairs.get(pair, EMPTY)
            for pair in (combinations(range(width), 2) if record.pairs else ())
        }
        reference = Counter(pairs.values()).most_common(1)[0][0] if pairs else EMPTY
        unlike = {
            node
            for node in set(pairs.values())
            if not _same_angles(numbers.pair(node)[0], numbers.pair(reference)[0])
        }
        if unlike:
            self._refuse_pairs(index, {pair for pair in pairs if pairs[pair] in unlike}, reference)
        nodes = [record.rotations.get(qubit, EMPTY) for qubit in range(width)]
        turns = self._turns(record, numbers)
        kinds = [(node, id(turn)) for node, turn in zip(nodes, turns, strict=True)]
        counted = Counter(kinds)
        # The commonest history is taken for the rule; of two equally common ones, the shorter.
        rule = max(
            counted,
            key=lambda kind: (counted[kind], -self._pass.qubit_histories.depth(kind[0])),
        )
        whole = {
            kind: multiply(quaternion("z", turn), numbers.rotation(node))
            for kind, node, turn in zip(kinds, nodes, turns, strict=True)
        }
        unlike_kinds = {kind for kind in whole if not _same_rotations(whole[kind], whole[rule])}
        deviants = [qubit for qubit in range(width) if kinds[qubit] in unlike_kinds]
        if deviants:
            self._refuse_rotations(index, nodes, deviants, rule[0])

    def _refuse_pairs(self, layer: int, unlike: set[tuple[int, int]], reference: int) -> Never:
        trace = CircuitPass(self.circuit, trace=True).pair_trace
        touched = {pair: trace[layer, pair][0] for pair in unlike if (layer, pair) in trace}
        if touched:
            pair = min(touched, key=touched.__getitem__)
            reason = f"gives qubits {pair[0]} and {pair[1]} another rotation than most pairs have"
            if reference == EMPTY:
                reason = f"acts on qubits {pair[0]} and {pair[1]}, but not alike on all pairs"
            raise offence(self.circuit, touched[pair], reason)
        first = min(trail[0] for (at, _), trail in trace.items() if at == layer)
        pair = min(unlike)
        raise offence(
            self.circuit,
            first,
            f"belongs to a layer on all pairs, in which qubits {pair[0]} and {pair[1]} are missing",
        )

    def _refuse_rotations(
        self, layer: int, nodes: list[int], deviants: list[int], rule: int
    ) -> Never:
        traced = CircuitPass(self.circuit, trace=True)
        trace = traced.rotation_trace or {}
        expected = traced.qubit_histories.rotations(rule)
        found: list[tuple[int, str]] = []
        for qubit in deviants:
            own = traced.qubit_histories.rotations(nodes[qubit])
            trail = trace.get((layer, qubit), [])
            same = next(
                (k for k, (a, b) in enumerate(zip(own, expected, strict=False)) if a != b),
                min(len(own), len(expected)),
            )
            if same < len(own):
                reason = f"acts on qubit {qubit} otherwise than on the others"
                found.append((trail[same], reason))
            else:
                others = [
                    trace[layer, other][same]
                    for other in range(self.num_qubits)
                    if len(trace.get((layer, other), [])) > same
                ]
                if others:
                    found.append((min(others), f"acts on most qubits, but not on qubit {qubit}"))
        if not found:  # the histories agree: what differs came with the pairs
            first = min(trail[0] for (at, _), trail in traced.pair_trace.items() if at == layer)
            found.append((first, "belongs to pair gates that turn the qubits about z unequally"))
        index, reason = min(found)
        raise offence(self.circuit, index, reason)


class _Numbers:
    """Values of histories for every binding, each computed once."""

    def __init__(
        self, circuit_pass: CircuitPass, parameters: Sequence[Parameter], values: FloatArray
    ) -> None:
        self._pass = circuit_pass
        self._columns = {parameter: k for k, parameter in enumerate(parameters)}
        self._values = values
        self.num_bindings = values.shape[0]
        self._rotations: dict[int, FloatArray] = {}
        self._pairs: dict[int, tuple[FloatArray, FloatArray]] = {}
        self._angles: dict[Any, FloatArray] = {}

    def rotation(self, node: int) -> FloatArray:
        """Return the quaternions of a history of rotations, shape (num_bindings, 4)."""
        if node not in self._rotations:
            total = np.zeros((self.num_bindings, 4))
            total[:, 0] = 1.0
            for axis, angle in self._pass.qubit_histories.rotations(node):
                total = multiply(quaternion(axis, self._angle(angle)), total)
            self._rotations[node] = total
        return self._rotations[node]

    def pair(self, node: int) -> tuple[FloatArray, FloatArray]:
        """Return the ZZ and the Z angles of a history of pair gates, shape (num_bindings,)."""
        if node not in self._pairs:
            zz_total = np.zeros(self.num_bindings)
            z_total = np.zeros(self.num_bindings)
            for zz, z, angle in self._pass.pair_histories.gates(node):
                value = self._angle(angle)
                zz_total += zz * value
                z_total += z * value
            self._pairs[node] = (zz_total, z_total)
        return self._pairs[node]

    def _angle(self, angle: Any) -> FloatArray:
        if not isinstance(angle, ParameterExpression):
            return np.full(self.num_bindings, float(angle))
        if angle not in self._angles:
            self._angles[angle] = self._expression(angle)
        return self._angles[angle]

    def _expression(self, angle: ParameterExpression) -> FloatArray:
        if isinstance(angle, Parameter):
            return self._values[:, self._columns[angle]]
        names = sorted(angle.parameters, key=self._columns.__getitem__)
        slopes = [angle.gradient(name) for name in names]
        if all(isinstance(slope, (int, float)) for slope in slopes):
            # Affine in its parameters, as nearly all angles are: no binding one by one.
            total = np.full(self.num_bindings, float(angle.bind(dict.fromkeys(names, 0.0))))
            for name, slope in zip(names, slopes, strict=True):
                total += float(slope) * self._values[:, self._columns[name]]
            return total
        columns = [self._columns[name] for name in names]
        rows = self._values[:, columns].tolist()
        values = [float(angle.bind(dict(zip(names, row, strict=True)))) for row in rows]
        return np.array(values, dtype=np.float64)


def _same_angles(first: FloatArray, second: FloatArray) -> bool:
    """Whether ZZ angles agree up to whole turns, which only change a global phase."""
    difference = np.remainder(first - second + np.pi, 2.0 * np.pi) - np.pi
    return bool((np.abs(difference) <= _TOLERANCE).all())


def _same_rotations(first: FloatArray, second: FloatArray) -> bool:
    """Whether quaternions agree up to sign, a global phase."""
    overlap = np.sum(first * second, axis=-1, keepdims=True)
    return bool((np.abs(first - np.sign(overlap) * second) <= _TOLERANCE).all())
