"""A Qiskit sampler for collective circuits of any width."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import QuantumCircuit
from qiskit.primitives import (
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveJob,
    PrimitiveResult,
    SamplerPubLike,
    SamplerPubResult,
)
from qiskit.primitives.containers.sampler_pub import SamplerPub

from rzqiskit.dicke.bit_strings import draw_bit_strings
from rzqiskit.emulator.evolution import (
    binding_values,
    draw_counts,
    draw_weights,
    layer_populations,
)
from rzqiskit.emulator.program import CollectiveProgram
from rzqiskit.validation import check_positive_integer, check_seed

__all__ = ["DickeSampler"]

IntArray = npt.NDArray[np.int64]
_CHUNK_BYTES = 2**24  # bit strings are drawn in pieces of this size


class DickeSampler(BaseSamplerV2):  # type: ignore[misc]
    """Exact sampler for permutation-symmetric circuits, 2 to 10^4 qubits and beyond.

    The circuit is checked gate by gate: rotations that are the same on all qubits, pair rotations
    that are the same on all pairs, in any order that commutes, and measurements at the end, into
    any registers. It then runs in the Dicke space of a co-moving frame
    (`rzqiskit.dicke.layers`), where the cost does not depend on the number of qubits, and bit
    strings are drawn from the symmetric state. Populations are exact to rounding; the shots are
    the only statistics.

    Known gates: ``rx ry rz p u r h x y z s t sx`` and their inverses, any one-qubit unitary;
    ``rzz cp cz cs rxx ryy``, ``cx - rz - cx``, `CollectiveZZGate`; ``swap``; and whatever has a
    definition that ends in these.

    Args:
        seed: fixes the shots. An integer makes a generator once, so that successive runs of one
            sampler differ, and a new sampler repeats them.
        default_shots: number of shots where neither pub nor run gives one.

    Raises:
        TypeError: `seed` or `default_shots` is no integer.
        ValueError: `seed` is negative or `default_shots` not positive.

    Examples:
        >>> circuit = QuantumCircuit(1000)
        >>> circuit.x(range(1000))
        <...>
        >>> circuit.measure_all()
        >>> result = DickeSampler(seed=7).run([circuit], shots=3).result()
        >>> result[0].data.meas.bitcount().tolist()
        [1000, 1000, 1000]
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.h(0)
        >>> circuit.measure_all()
        >>> DickeSampler().run([circuit])
        Traceback (most recent call last):
            ...
        rzqiskit.emulator.refusal.SymmetryError: instruction 0 (`h` on 0) breaks the permutation
        symmetry of the circuit: it acts on qubit 0, but not alike on the others.
    """

    def __init__(
        self, seed: np.random.Generator | int | None = None, *, default_shots: int = 1024
    ) -> None:
        self._generator = check_seed(seed)
        self._default_shots = check_positive_integer("default_shots", default_shots)

    @property
    def default_shots(self) -> int:
        """Number of shots where neither pub nor run gives one."""
        return self._default_shots

    def run(
        self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None
    ) -> PrimitiveJob[PrimitiveResult[SamplerPubResult]]:
        """Start a job that samples every pub.

        Args:
            pubs: circuits, or tuples (circuit, parameter values, shots).
            shots: number of shots for pubs without their own; `default_shots` when None.

        Returns:
            The job; its result holds, for each pub, one `BitArray` for each classical register.

        Raises:
            SymmetryError: a circuit is not permutation symmetric, here and not only by `result`.
            ValueError: a circuit without measurement, values missing or not finite.
        """
        tasks = [_Task(pub, index) for index, pub in enumerate(self._coerced(pubs, shots))]
        # A generator for each job: jobs run in threads of their own.
        job: PrimitiveJob[PrimitiveResult[SamplerPubResult]] = PrimitiveJob(
            _run_tasks, tasks, self._spawn()
        )
        job._submit()
        return job

    def sample_hamming_weights(
        self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None
    ) -> list[IntArray]:
        """Return histograms of the Hamming weight of all qubits, without any bit string.

        The cost is that of the populations, whatever the number of shots. Measurements in the
        circuits are not needed and make no difference.

        Args:
            pubs: as for `run`.
            shots: as for `run`.

        Returns:
            For each pub the counts, int64, shape (..., num_qubits + 1): the pub's own shape, then
            the weights.

        Raises:
            SymmetryError: a circuit is not permutation symmetric.
            ValueError: values missing or not finite.

        Examples:
            >>> circuit = QuantumCircuit(5)
            >>> _ = circuit.x(range(5))
            >>> DickeSampler(seed=7).sample_hamming_weights([circuit], shots=10**9)
            [array([         0,          0,          0,          0,          0, 1000000000])]
        """
        generator = self._spawn()
        histograms = []
        for pub in self._coerced(pubs, shots):
            values = binding_values(pub.parameter_values, pub.circuit)
            layers = CollectiveProgram(pub.circuit).layers(values)
            width = pub.circuit.num_qubits
            counts = np.zeros((len(values), width + 1), dtype=np.int64)
            for index, row in enumerate(counts):
                first, populations = layer_populations(width, layers, index)
                row[first : first + populations.size] = draw_counts(
                    populations, pub.shots, generator
                )
            histograms.append(counts.reshape(*pub.shape, -1))
        return histograms

    def _coerced(self, pubs: Iterable[SamplerPubLike], shots: int | None) -> list[SamplerPub]:
        if isinstance(pubs, QuantumCircuit):
            raise TypeError(
                "`pubs` must be a list of pubs, got one circuit: write `run([circuit])`."
            )
        number = self._default_shots if shots is None else check_positive_integer("shots", shots)
        return [SamplerPub.coerce(pub, number) for pub in pubs]

    def _spawn(self) -> np.random.Generator:
        return np.random.default_rng(self._generator.integers(2**63, size=4).tolist())


@dataclass(frozen=True)
class _Register:
    name: str
    num_bits: int
    start: int  # of its bytes within a shot
    num_bytes: int


class _Task:
    """A pub with its circuit recognised and the places of its bits worked out."""

    def __init__(self, pub: SamplerPub, index: int) -> None:
        self.pub = pub
        circuit = pub.circuit
        program = CollectiveProgram(circuit)
        values = binding_values(pub.parameter_values, circuit)
        self.layers = program.layers(values)
        self.num_bindings = len(values)
        clbits = program.clbits
        if not clbits:
            raise ValueError(
                f"circuits must be measured, got none in pub {index}; append `measure_all()`."
            )
        place = {bit: number for number, bit in enumerate(circuit.clbits)}
        self.registers: list[_Register] = []
        targets: list[tuple[int, int, int]] = []  # qubit, byte, mask
        start = 0
        for creg in circuit.cregs:
            num_bytes = -(-creg.size // 8)
            for position, bit in enumerate(creg):
                qubit = clbits.get(place[bit])
                if qubit is not None:
                    cell = start + num_bytes - 1 - position // 8
                    targets.append((qubit, cell, 1 << (position % 8)))
            self.registers.append(_Register(creg.name, creg.size, start, num_bytes))
            start += num_bytes
        self.num_bytes = start
        targets.sort()
        table = np.array(targets, dtype=np.int64).reshape(-1, 3)
        self.starts = np.searchsorted(table[:, 0], np.arange(circuit.num_qubits + 1))
        self.cells = table[:, 1].copy()
        self.masks = table[:, 2].astype(np.uint8)

    def run(self, generator: np.random.Generator) -> SamplerPubResult:
        shots = self.pub.shots
        width = self.pub.circuit.num_qubits
        arrays = {
            register.name: np.zeros((self.num_bindings, shots, register.num_bytes), dtype=np.uint8)
            for register in self.registers
        }
        chunk = max(1, _CHUNK_BYTES // max(1, self.num_bytes))
        for row in range(self.num_bindings):
            first, populations = layer_populations(width, self.layers, row)
            weights = draw_weights(first, populations, shots, generator)
            for begin in range(0, shots, chunk):
                end = min(begin + chunk, shots)
                packed = np.zeros((end - begin, self.num_bytes), dtype=np.uint8)
                draw_bit_strings(
                    weights[begin:end],
                    width,
                    self.starts,
                    self.cells,
                    self.masks,
                    generator,
                    packed,
                )
                for register in self.registers:
                    stop = register.start + register.num_bytes
                    arrays[register.name][row, begin:end] = packed[:, register.start : stop]
        shape = self.pub.shape
        bits: dict[str, Any] = {
            register.name: BitArray(
                arrays[register.name].reshape(*shape, shots, register.num_bytes),
                register.num_bits,
            )
            for register in self.registers
        }
        return SamplerPubResult(
            DataBin(**bits, shape=shape),
            metadata={"shots": shots, "circuit_metadata": self.pub.circuit.metadata},
        )


def _run_tasks(
    tasks: list[_Task], generator: np.random.Generator
) -> PrimitiveResult[SamplerPubResult]:
    return PrimitiveResult([task.run(generator) for task in tasks], metadata={"version": 2})
