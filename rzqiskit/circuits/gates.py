"""The collective gate of the battery: one equal ZZ rotation on every pair of cells.

Only the all-pairs interaction needs a gate of its own. The collective x and z rotations are
Qiskit's own ``rx`` and ``rz`` on every qubit: they are native, every pass knows how to merge them
and every simulator how to run them, so a wrapper would only have to be unwrapped again.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, SupportsFloat, TypeAlias

import numpy as np
import numpy.typing as npt
from qiskit.circuit import Gate, Operation, ParameterExpression, QuantumCircuit, QuantumRegister

from rzqiskit.validation import check_finite, check_positive_integer

__all__ = ["COLLECTIVE_ZZ", "Angle", "CollectiveZZGate", "collective_zz_angle"]

COLLECTIVE_ZZ = "collective_zz"

Angle: TypeAlias = "SupportsFloat | ParameterExpression"

# Qiskit's own cut-off for two gate parameters to be the same.
_SAME_ANGLE = 1e-10


class CollectiveZZGate(Gate):  # type: ignore[misc]
    r"""The same ZZ rotation on every pair of qubits, exp(-i theta/2 sum_{i<j} Z_i Z_j).

    One slice of width dt of the interaction g Jz^2 is this gate with theta = g dt, up to a global
    phase, as Jz^2 = N/4 + 1/2 sum_{i<j} Z_i Z_j.

    The definition (N (N - 1)/2 ``rzz`` gates) equals the gate exactly, so that `transpile`, QPY and
    OpenQASM 3 treat it like any other gate. Aer never expands definitions by itself: like every
    composite gate it has to pass through ``transpile(circuit, backend)`` once. The device-aware
    network, which may permute the qubits, is made in `rzqiskit.circuits.compilation`.

    QPY and OpenQASM 3 give a plain `Gate` back (neither knows classes outside Qiskit); it compares
    equal to this one, and `collective_zz_angle` recognises it. The OpenQASM 3 exporter of Qiskit
    understands an angle that is a number or a bare `Parameter`, but silently applies a compound
    expression twice, in the call and in the body: bind or decompose such a circuit before export.

    Args:
        num_qubits: N, the number of cells, at least 1; on one qubit there is no pair and the gate
            is the identity.
        theta: rotation angle of every pair in radians: a finite real number, or a `Parameter` or
            expression of them to be bound later (NaN and inf are refused then, too).
        label: text shown in drawings.

    Raises:
        TypeError: `num_qubits` is no integer, or `theta` neither a real number nor a parameter.
        ValueError: `num_qubits` is below 1, or `theta` is not finite.

    Examples:
        >>> from qiskit import QuantumCircuit, transpile
        >>> gate = CollectiveZZGate(4, 0.25)
        >>> gate.definition.count_ops()["rzz"]
        6
        >>> gate.inverse() == CollectiveZZGate(4, -0.25)
        True
        >>> circuit = QuantumCircuit(4)
        >>> _ = circuit.append(gate.power(2), range(4))
        >>> transpile(circuit, basis_gates=["rz", "cx"]).count_ops()["cx"]
        12
    """

    def __init__(self, num_qubits: int, theta: Angle, label: str | None = None) -> None:
        super().__init__(
            COLLECTIVE_ZZ, check_positive_integer("num_qubits", num_qubits), [theta], label=label
        )

    @property
    def theta(self) -> float | ParameterExpression:
        """Rotation angle of every pair in radians."""
        return self.params[0]

    def validate_parameter(self, parameter: Any) -> float | ParameterExpression:
        """Return `parameter` if it is a finite real number or has free parameters.

        Qiskit calls this for the constructor's angle and again for every value bound later.
        """
        if isinstance(parameter, ParameterExpression):
            if parameter.parameters:
                return parameter
            parameter = parameter.numeric()
        return check_finite("theta", parameter)

    def _define(self) -> None:
        register = QuantumRegister(self.num_qubits, "q")
        circuit = QuantumCircuit(register, name=self.name)
        for first, second in combinations(range(self.num_qubits), 2):
            circuit.rzz(self.theta, first, second)
        self.definition = circuit

    def inverse(self, annotated: bool = False) -> CollectiveZZGate:
        """Return the gate with the angle reversed; `annotated` makes no difference here."""
        return CollectiveZZGate(self.num_qubits, -self.theta)

    def power(self, exponent: float, annotated: bool = False) -> CollectiveZZGate:
        """Return the gate with `exponent` times the angle, as Qiskit's own rotations do."""
        return CollectiveZZGate(self.num_qubits, self.theta * check_finite("exponent", exponent))

    def phases(self) -> npt.NDArray[np.complex128]:
        """Return the diagonal of the gate by Hamming weight, shape (num_qubits + 1,).

        Raises:
            TypeError: the angle has unbound parameters.

        Examples:
            >>> CollectiveZZGate(2, np.pi).phases().round(12) + 0
            array([0.-1.j, 0.+1.j, 0.-1.j])
        """
        imbalance = self.num_qubits - 2 * np.arange(self.num_qubits + 1)
        pair_sum = (imbalance**2 - self.num_qubits) // 2
        diagonal: npt.NDArray[np.complex128] = np.exp(-0.5j * float(self.theta) * pair_sum)
        return diagonal

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("the matrix of a gate is always a new array, got `copy=False`.")
        weights = np.bitwise_count(np.arange(2**self.num_qubits))
        return np.diag(self.phases()[weights]).astype(dtype or np.complex128)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CollectiveZZGate):
            return self.num_qubits == other.num_qubits and _same_angle(self.theta, other.theta)
        if not isinstance(other, Gate) or type(other) is not Gate:
            return False
        if other.name != self.name or other.num_qubits != self.num_qubits:
            return False
        angle = collective_zz_angle(other)
        return angle is not None and _same_angle(self.theta, angle)

    # Gates are mutable, and unhashable throughout Qiskit.
    __hash__ = None  # type: ignore[assignment]


def collective_zz_angle(operation: Operation) -> float | ParameterExpression | None:
    """Return the angle of a collective ZZ gate in whatever form it came, None for anything else.

    A circuit read from QPY or OpenQASM 3 holds plain gates, the latter with numbered names. They
    are taken for what their definition says: one ``rzz`` of one angle on each pair.

    Args:
        operation: any operation of a circuit.

    Returns:
        The angle in radians, or None.

    Examples:
        >>> from qiskit.circuit.library import RZZGate
        >>> collective_zz_angle(CollectiveZZGate(3, 0.5))
        0.5
        >>> collective_zz_angle(RZZGate(0.5)) is None
        True
    """
    if isinstance(operation, CollectiveZZGate):
        return operation.theta
    if not isinstance(operation, Gate) or not operation.name.startswith(COLLECTIVE_ZZ):
        return None
    definition = operation.definition
    if definition is None or len(operation.params) != 1:
        return None
    if operation.num_qubits == 1:
        return operation.params[0] if not definition.data else None
    pairs = set()
    angles = []
    for instruction in definition.data:
        if instruction.operation.name != "rzz":
            return None
        pairs.add(frozenset(instruction.qubits))
        angles.append(instruction.operation.params[0])
    num_pairs = operation.num_qubits * (operation.num_qubits - 1) // 2
    if not len(pairs) == len(angles) == num_pairs:
        return None
    if not all(_same_angle(angles[0], angle) for angle in angles):
        return None
    return angles[0]


def _same_angle(first: Any, second: Any) -> bool:
    symbolic = [isinstance(angle, ParameterExpression) for angle in (first, second)]
    if any(symbolic):
        return all(symbolic) and bool(first == second)
    return bool(abs(first - second) <= _SAME_ANGLE)
