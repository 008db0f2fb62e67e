r"""What the errors of a compiled circuit do to its cells: every gate's errors, carried to the end.

An error in the middle of a network of pairs does not stay where it was: a wire that carries the
parity of two cells, or is about to be copied onto its neighbour, spreads it over several cells. So
each error of each gate is written as Pauli operators and carried through the rest of its network,
which is Clifford but for small angles. What counts in the end is on how many cells it acts as X, as
Y and as Z: which cells does not matter to anything symmetric.

The circuit looked at is a *probe*: the layers of the wanted one with angles near zero, compiled
alike. Its later layers only permute the cells, so an error arrives at the end as it left its own
layer; what the real pulses do to it afterwards is for `rzqiskit.symmetric_noise`.

Relaxation and dephasing enter as the Pauli channel of the same decay (their twirl). The pull of T1
towards the ground state is kept where a wire carries a single cell, and lost in a parity.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import Target

from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.circuits.compilation.fidelity import operation_error
from rzqiskit.circuits.compilation.targets import check_target
from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.execution.noise import readout_flips
from rzqiskit.validation import check_integer, check_positive_integer

__all__ = ["CellErrors", "cell_errors", "device_errors"]

FloatArray = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.complex128]

# Not zero, so that no layer is dropped; far from zero to the compiler, near to a Clifford gate.
_PULSE, _PAIR = 1e-4, 1e-3
_PAULIS: tuple[Matrix, ...] = (
    np.eye(2, dtype=np.complex128),
    np.array([[0, 1], [1, 0]], dtype=np.complex128),
    np.array([[0, -1j], [1j, 0]], dtype=np.complex128),
    np.diag([1.0 + 0j, -1.0]),
)


class _Image(NamedTuple):
    """i^phase X^x Z^z on the cells, x and z as bit masks."""

    x: int
    z: int
    phase: int

    def times(self, other: _Image) -> _Image:
        swaps = (self.z & other.x).bit_count()
        return _Image(
            self.x ^ other.x, self.z ^ other.z, (self.phase + other.phase + 2 * swaps) % 4
        )

    def kind(self) -> tuple[int, int, int]:
        both = self.x & self.z
        return (self.x ^ both).bit_count(), both.bit_count(), (self.z ^ both).bit_count()


_NOTHING = _Image(0, 0, 0)


@dataclass(frozen=True, slots=True)
class CellErrors:
    """Errors that a circuit does to its cells, on average over all permutations of them.

    Attributes:
        num_cells: N.
        rates: (x, y, z) -> expected number of errors that act on x cells as X, on y as Y and on z
            as Z, in the whole circuit.
        drift: how far T1 pulls the polarisation of a cell towards the ground state, average.
        num_two_qubit_gates: two-qubit gates of the circuit.
        flip_up: probability of reading 1 for 0, shape (N,).
        flip_down: probability of reading 0 for 1, shape (N,).
    """

    num_cells: int
    rates: Mapping[tuple[int, int, int], float]
    drift: float
    num_two_qubit_gates: int
    flip_up: FloatArray
    flip_down: FloatArray


def device_errors(
    num_cells: int,
    num_zz_layers: int,
    backend: Any,
    *,
    waits: bool = True,
    like: QuantumCircuit | None = None,
    line: Sequence[int] | None = None,
) -> CellErrors:
    """Return the errors of charging circuits of so many cells and all-pairs layers on a device.

    Args:
        num_cells: N.
        num_zz_layers: all-pairs layers, from 0.
        backend: anything with a ``target`` that holds its calibration, and ``properties()`` where
            it has them.
        waits: whether cells also decay while they wait for others. Aer's device models, and
            `NoisySampler` with circuits without delays, have it free.
        like: a circuit of so many cells and layers, on whose qubits and networks the errors are
            wanted. Left to itself the probe may end up elsewhere: with few gates to choose by,
            qubits go by the pulses of the circuit that is compiled first.
        line: physical qubits, as for `compile_circuits`; the best ones when None.

    Returns:
        The errors of the circuit that `compile_circuits` makes.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range, a device too small.

    Examples:
        >>> from rzqiskit.execution.runtime.devices import find_fake_device
        >>> errors = device_errors(4, 1, find_fake_device("fake_torino"), waits=False)
        >>> errors.num_two_qubit_gates, round(sum(errors.rates.values()), 2)
        (9, 0.05)
    """
    check_positive_integer("num_cells", num_cells)
    check_integer("num_zz_layers", num_zz_layers, minimum=0)
    check_target(backend)
    probe = QuantumCircuit(num_cells, num_cells)
    for _ in range(num_zz_layers):
        probe.rx(_PULSE, range(num_cells))
        probe.append(CollectiveZZGate(num_cells, _PAIR), range(num_cells))
    probe.rx(_PULSE, range(num_cells))
    probe.measure(range(num_cells), range(num_cells))
    # The first circuit of its width and number of layers is the one that qubits are chosen for.
    batch = [probe] if like is None else [like, probe]
    compiled = compile_circuits(batch, backend, line=line)
    return cell_errors(compiled[-1], backend, waits=waits)


def cell_errors(circuit: QuantumCircuit, backend: Any, *, waits: bool = True) -> CellErrors:
    """Return the errors of a compiled circuit of Clifford gates, or gates near to such.

    Args:
        circuit: measured at the end, in the gates and on the couplings of the device.
        backend: as in `device_errors`.
        waits: as in `device_errors`.

    Returns:
        The errors. Gates count with their calibrated error: relaxation of its duration, and
        depolarisation for the rest, as Aer splits it.

    Raises:
        ValueError: the circuit measures nothing.
    """
    target = check_target(backend)
    index = {qubit: position for position, qubit in enumerate(circuit.qubits)}
    read = [index[item.qubits[0]] for item in circuit.data if item.operation.name == "measure"]
    if not read:
        raise ValueError(f"`circuit` must be measured, got {circuit.name!r} without measurement.")
    paulis = _Carried(read)
    num_two_qubit_gates = 0
    conjugations: dict[tuple[Any, ...], list[tuple[int, tuple[int, ...]]]] = {}
    # Seconds from the end, when all are read: gates come as late as they can, so that a cell which
    # has not been touched waits in its ground state, where it loses nothing.
    clock = dict.fromkeys(read, 0.0)
    for item in reversed(circuit.data):
        name, qubits = item.operation.name, tuple(index[qubit] for qubit in item.qubits)
        if name in ("barrier", "delay", "measure"):
            continue
        duration = _duration(target, name, qubits)
        behind = max(clock.get(qubit, 0.0) for qubit in qubits)
        for qubit in qubits:
            if waits:
                paulis.relax(qubit, target, behind - clock.get(qubit, behind))
            clock[qubit] = behind + duration
        fidelity = math.prod(_process_fidelity(target, qubit, duration) for qubit in qubits)
        size = 2 ** len(qubits)
        rest = operation_error(target, name, qubits) - size / (size + 1) * (1.0 - fidelity)
        paulis.depolarise(qubits, max(rest, 0.0) * size / (size - 1))
        for qubit in qubits:
            paulis.relax(qubit, target, duration)
        num_two_qubit_gates += len(qubits) == 2
        key = (name, tuple(float(angle) for angle in item.operation.params))
        if key not in conjugations:
            conjugations[key] = _conjugation(item.operation.to_matrix())
        paulis.carry_back(qubits, conjugations[key])
    up, down = np.array(readout_flips(backend, read)).T
    return CellErrors(
        len(read), dict(paulis.rates), paulis.drift / len(read), num_two_qubit_gates, up, down
    )


class _Carried:
    """The images of X and Z of every wire at the end of the circuit, and the errors so far."""

    def __init__(self, read: list[int]) -> None:
        self.images = {
            qubit: (_Image(1 << cell, 0, 0), _Image(0, 1 << cell, 0))
            for cell, qubit in enumerate(read)
        }
        self.rates: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        self.drift = 0.0

    def depolarise(self, qubits: tuple[int, ...], probability: float) -> None:
        if probability == 0.0:
            return
        products = [_NOTHING]
        for qubit in qubits:
            products = [each.times(one) for each in products for one in self._all(qubit)]
        for image in products[1:]:
            self.rates[image.kind()] += probability / len(products)

    def relax(self, qubit: int, target: Target, time: float) -> None:
        t1, t2 = _relaxation_times(target, qubit)
        decayed = -math.expm1(-time / t1)
        flip = 0.25 * decayed
        turn = max(-0.5 * math.expm1(-time / t2) - flip, 0.0)
        _, x, y, z = self._all(qubit)
        for image, rate in ((x, flip), (y, flip), (z, turn)):
            if rate:
                self.rates[image.kind()] += rate
        if z.kind() == (0, 0, 1):
            self.drift += decayed if z.phase == 0 else -decayed

    def carry_back(
        self, qubits: tuple[int, ...], conjugation: list[tuple[int, tuple[int, ...]]]
    ) -> None:
        """Move to the time before a gate G: P there is G P G^-1 behind it."""
        known = [self._all(qubit) for qubit in qubits]
        moved = []
        for phase, factors in conjugation:
            image = _Image(0, 0, phase)
            for place, factor in enumerate(factors):
                image = image.times(known[place][factor])
            moved.append(image)
        for place, qubit in enumerate(qubits):
            self.images[qubit] = (moved[2 * place], moved[2 * place + 1])

    def _all(self, qubit: int) -> tuple[_Image, _Image, _Image, _Image]:
        if qubit not in self.images:  # a qubit that is not read
            self.images[qubit] = (_NOTHING, _NOTHING)
        x, z = self.images[qubit]
        y = x.times(z)
        return _NOTHING, x, y._replace(phase=(y.phase + 1) % 4), z


def _conjugation(unitary: Matrix) -> list[tuple[int, tuple[int, ...]]]:
    """Return G P G^-1 for X and Z of each qubit: phase (0 or 2) and the Pauli on each qubit."""
    num_qubits = unitary.shape[0].bit_length() - 1
    found = []
    for place in range(num_qubits):
        for pauli in (1, 3):
            factors = [0] * num_qubits
            factors[place] = pauli
            turned = unitary @ _product(factors) @ unitary.conj().T
            overlaps = {
                code: float(np.trace(_product(_digits(code, num_qubits)) @ turned).real)
                for code in range(4**num_qubits)
            }
            code = max(overlaps, key=lambda key: abs(overlaps[key]))
            found.append((0 if overlaps[code] > 0.0 else 2, tuple(_digits(code, num_qubits))))
    return found


def _digits(code: int, num_qubits: int) -> list[int]:
    return [code >> 2 * place & 3 for place in range(num_qubits)]


def _product(factors: list[int]) -> Matrix:
    product: Matrix = np.eye(1, dtype=np.complex128)
    for factor in factors:  # the first qubit is the last factor
        product = np.kron(_PAULIS[factor], product).astype(np.complex128)
    return product


def _duration(target: Target, name: str, qubits: tuple[int, ...]) -> float:
    entry = (target.get(name, None) or {}).get(qubits)
    return float(entry.duration) if entry is not None and entry.duration else 0.0


def _relaxation_times(target: Target, qubit: int) -> tuple[float, float]:
    entry = target.qubit_properties[qubit] if target.qubit_properties else None
    t1 = float(entry.t1) if entry is not None and entry.t1 else math.inf
    t2 = float(entry.t2) if entry is not None and entry.t2 else math.inf
    return t1, min(t2, 2.0 * t1)


def _process_fidelity(target: Target, qubit: int, time: float) -> float:
    t1, t2 = _relaxation_times(target, qubit)
    return 0.25 * (1.0 + math.exp(-time / t1) + 2.0 * math.exp(-time / t2))
