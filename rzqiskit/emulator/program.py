"""A symmetric circuit as a short list of collective layers, evaluated for many parameter values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Parameter, ParameterExpression, QuantumCircuit

from rzqiskit.emulator.gate_table import multiply, quaternion
from rzqiskit.emulator.sequences import EMPTY
from rzqiskit.emulator.symmetry import CircuitPass, LayerRecord, name_offender

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
        TypeError: `circuit` is no circuit.
        ValueError: it has no qubits, or a fixed angle is not finite.

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
        if not isinstance(circuit, QuantumCircuit):
            raise TypeError(f"`circuit` must be a QuantumCircuit, got {type(circuit).__name__}.")
        if circuit.num_qubits == 0:
            raise ValueError("`circuit` must have at least one qubit, got none.")
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
        for record, uniform in zip(self._pass.layers, self._uniform, strict=True):
            if not uniform:
                self._check_numbers(record, numbers)
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

    def _check_numbers(self, record: LayerRecord, numbers: _Numbers) -> None:
        """Compare the histories of a layer as numbers; they may differ in form only."""
        width = self.num_qubits
        if record.pairs:
            nodes = set(record.pairs.values())
            if len(record.pairs) < width * (width - 1) // 2:
                nodes.add(EMPTY)
            angles = [numbers.pair(node)[0] for node in nodes]
            if not all(_same_angles(angle, angles[0]) for angle in angles):
                raise name_offender(self.circuit)
        turns = self._turns(record, numbers)
        kinds = {
            (record.rotations.get(qubit, EMPTY), id(turn)): turn for qubit, turn in enumerate(turns)
        }
        rotations = [
            multiply(quaternion("z", turn), numbers.rotation(node))
            for (node, _), turn in kinds.items()
        ]
        if not all(_same_rotations(rotation, rotations[0]) for rotation in rotations):
            raise name_offender(self.circuit)


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
