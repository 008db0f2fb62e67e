r"""Aer with the noise of a device, cut down to the qubits that a circuit uses.

A circuit for a device of 156 qubits touches ten of them. The noise of the others costs seconds to
build and to simulate, and changes nothing. Unlike `NoiseModel.from_backend`, readout keeps its
asymmetry: a qubit in |1> is misread more often than one in |0>.
"""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit.circuit import Delay, QuantumCircuit
from qiskit.primitives import BaseSamplerV2, PrimitiveJob, PrimitiveResult
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.transpiler import Target
from qiskit_aer.noise import NoiseModel, ReadoutError
from qiskit_aer.noise.device.models import basic_device_gate_errors
from qiskit_aer.noise.passes import RelaxationNoisePass

from rzqiskit.circuits.compilation.targets import check_gates, check_target
from rzqiskit.execution.sampling import make_aer_sampler
from rzqiskit.validation import check_positive_integer, check_seed

__all__ = [
    "MAX_NOISY_QUBITS",
    "NoisySampler",
    "active_qubits",
    "check_noisy_qubits",
    "cut_circuit",
    "device_noise_model",
    "measured_qubits",
    "readout_flips",
]

MAX_NOISY_QUBITS = 28
"""Most qubits that are simulated with noise: every shot is a statevector, then of 4 GiB."""
_DIRECTIVES = ("barrier", "delay")


def check_noisy_qubits(num_qubits: int) -> None:
    """Raise where a simulation with noise would not fit in memory.

    Args:
        num_qubits: of a battery, or the active qubits of its circuits.

    Raises:
        ValueError: more than `MAX_NOISY_QUBITS`.

    Examples:
        >>> check_noisy_qubits(40)
        Traceback (most recent call last):
        ValueError: `num_qubits` must be at most 28 to simulate noise (statevectors of 4 GiB), got 40.
    """  # noqa: E501
    if num_qubits > MAX_NOISY_QUBITS:
        size = 2 ** (MAX_NOISY_QUBITS + 4 - 30)  # 16 bytes an amplitude
        raise ValueError(
            f"`num_qubits` must be at most {MAX_NOISY_QUBITS} to simulate noise (statevectors of "
            f"{size} GiB), got {num_qubits}."
        )


def active_qubits(circuit: QuantumCircuit) -> tuple[int, ...]:
    """Return the qubits that can make a difference to what is measured, in ascending order.

    Args:
        circuit: a measured circuit. Qubits that no gates join to a measured one are left out, such
            as those idle ones on which dynamical decoupling acts all the same.

    Examples:
        >>> circuit = QuantumCircuit(5, 1)
        >>> _ = circuit.cx(3, 1)
        >>> _ = circuit.x(4)
        >>> _ = circuit.measure(3, 0)
        >>> active_qubits(circuit)
        (1, 3)
    """
    index = {qubit: position for position, qubit in enumerate(circuit.qubits)}
    joined: dict[int, set[int]] = {}
    measured = set()
    for item in circuit.data:
        qubits = [index[qubit] for qubit in item.qubits]
        if item.clbits:
            measured.update(qubits)
        if item.operation.name not in _DIRECTIVES:
            for qubit in qubits:
                joined.setdefault(qubit, set()).update(qubits)
    active, waiting = set(), list(measured)
    while waiting:
        qubit = waiting.pop()
        if qubit not in active:
            active.add(qubit)
            waiting.extend(joined.get(qubit, ()))
    return tuple(sorted(active))


def cut_circuit(circuit: QuantumCircuit, qubits: Sequence[int]) -> QuantumCircuit:
    """Return the circuit on `qubits` alone, numbered 0, 1, ... in the order given.

    Args:
        circuit: has no gate on both one of `qubits` and another qubit. Classical registers are
            kept.
        qubits: what to keep, such as `active_qubits`.

    Raises:
        ValueError: a gate joins what is kept to what is not, or a lost qubit is measured.

    Examples:
        >>> circuit = QuantumCircuit(5, 1)
        >>> _ = circuit.cx(3, 1)
        >>> cut_circuit(circuit, (1, 3)).num_qubits
        2
    """
    place = {circuit.qubits[qubit]: position for position, qubit in enumerate(qubits)}
    cut = QuantumCircuit(len(qubits), global_phase=circuit.global_phase, name=circuit.name)
    for register in circuit.cregs:
        cut.add_register(register)
    loose = [bit for bit in circuit.clbits if not circuit.find_bit(bit).registers]
    cut.add_bits(loose)
    cut.metadata = circuit.metadata
    for item in circuit.data:
        kept = [cut.qubits[place[qubit]] for qubit in item.qubits if qubit in place]
        if len(kept) == len(item.qubits):
            cut.append(item.operation, kept, item.clbits)
        elif item.operation.name == "barrier" and kept:
            cut.barrier(kept)
        elif kept or item.clbits:
            raise ValueError(
                f"`qubits` must hold all qubits that gates join or none, got {tuple(qubits)}."
            )
    return cut


def measured_qubits(circuit: QuantumCircuit) -> list[int]:
    """Return the qubit that each classical bit reads.

    Args:
        circuit: reads each of its bits once.

    Examples:
        >>> circuit = QuantumCircuit(5, 2)
        >>> _ = circuit.measure([3, 1], [0, 1])
        >>> measured_qubits(circuit)
        [3, 1]
    """
    read = {
        circuit.find_bit(item.clbits[0]).index: circuit.find_bit(item.qubits[0]).index
        for item in circuit.data
        if item.operation.name == "measure"
    }
    return [read[bit] for bit in range(circuit.num_clbits)]


def device_noise_model(backend: Any, qubits: Sequence[int]) -> NoiseModel:
    """Return the noise of some qubits of a device, numbered 0, 1, ... in the order given.

    Depolarisation and relaxation of each gate and relaxation in each delay as Aer models them from
    the calibration; readout from the two flip probabilities that the device reports for each qubit
    (from their mean, the readout error of the target, where it reports no more).

    Args:
        backend: anything with a ``target``, and ``properties()`` where it has them.
        qubits: physical qubits.

    Returns:
        The noise model.
    """
    target = _cut_target(check_target(backend), qubits)
    model = NoiseModel(basis_gates=[name for name in target.operation_names if name != "measure"])
    for position, flips in enumerate(readout_flips(backend, qubits)):
        up, down = flips
        model.add_readout_error(ReadoutError([[1.0 - up, up], [down, 1.0 - down]]), [position])
    with warnings.catch_warnings():
        # Calibrations that no channel fits (T2 > 2 T1, more error than full depolarisation) are
        # cut to the nearest that one does.
        warnings.filterwarnings("ignore", module="qiskit_aer.noise.device.models")
        errors = basic_device_gate_errors(target=target)
    for name, places, error in errors:
        if name not in (*_DIRECTIVES, "measure", "reset"):
            model.add_quantum_error(error, name, places)
    properties = target.qubit_properties
    if properties and all(item is not None and item.t1 and item.t2 for item in properties):
        _noise_passes(model).append(
            RelaxationNoisePass(
                t1s=[item.t1 for item in properties],
                t2s=[min(item.t2, 2.0 * item.t1) for item in properties],
                dt=target.dt,
                op_types=Delay,
                excited_state_populations=[0.0] * len(qubits),
            )
        )
    return model


def _noise_passes(model: NoiseModel) -> list[Any]:
    # Where Aer's own device models put relaxation in delays; it has no public name.
    passes = getattr(model, "_custom_noise_passes", None)
    if not isinstance(passes, list):
        raise RuntimeError(
            "`qiskit-aer` must be a version whose noise models take passes for delays "
            f"(NoiseModel._custom_noise_passes), got {importlib.metadata.version('qiskit-aer')}."
        )
    return passes


class NoisySampler(BaseSamplerV2):  # type: ignore[misc]
    """A sampler with the noise of a device, for circuits compiled for it.

    Each circuit and its noise are cut down to its active qubits, and each has a seed of its own.
    Time that passes without a delay in the circuit costs nothing, as in Aer's own device models.

    Args:
        backend: anything with a ``target``: a device, a fake, a snapshot.
        seed: fixes the shots; two jobs of one sampler are independent.
        default_shots: shots where a pub says nothing.

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
        >>> circuit = QuantumCircuit(5, 1)
        >>> _ = circuit.x(3)
        >>> _ = circuit.measure(3, 0)
        >>> result = NoisySampler(FakeManilaV2(), seed=7).run([circuit], shots=1000).result()
        >>> 900 < result[0].data.c.get_counts()["1"] < 1000
        True
    """

    def __init__(
        self,
        backend: Any,
        *,
        seed: np.random.Generator | int | None = None,
        default_shots: int = 4096,
    ) -> None:
        check_target(backend)
        self.backend = backend
        self.default_shots = check_positive_integer("default_shots", default_shots)
        self._random = check_seed(seed)
        self._models: dict[tuple[int, ...], NoiseModel] = {}

    def run(
        self, pubs: Iterable[Any], *, shots: int | None = None
    ) -> PrimitiveJob[PrimitiveResult[Any]]:
        """Run the pubs; the result holds one `BitArray` for each classical register.

        Raises:
            TypeError: `shots` is no integer.
            ValueError: no shots; a circuit of more than `MAX_NOISY_QUBITS` active qubits, or with
                gates that the device has not.
        """
        number = self.default_shots if shots is None else check_positive_integer("shots", shots)
        coerced = [SamplerPub.coerce(pub, number) for pub in pubs]
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, pub in enumerate(coerced):
            groups.setdefault(active_qubits(pub.circuit), []).append(index)
        check_noisy_qubits(max(map(len, groups), default=0))
        check_gates((pub.circuit for pub in coerced), self.backend)
        # Made here, seeds and all: jobs run in threads of their own, in any order.
        parts = [
            _Part(
                make_aer_sampler(
                    seed=self._random, noise_model=self.noise_model(qubits), method="automatic"
                ),
                qubits,
                members,
            )
            for qubits, members in groups.items()
        ]
        job: PrimitiveJob[PrimitiveResult[Any]] = PrimitiveJob(_run_parts, coerced, parts)
        job._submit()
        return job

    def noise_model(self, qubits: tuple[int, ...]) -> NoiseModel:
        """Return the noise of these qubits, see `device_noise_model`."""
        if qubits not in self._models:
            self._models[qubits] = device_noise_model(self.backend, qubits)
        return self._models[qubits]


@dataclass(frozen=True, slots=True)
class _Part:
    """The pubs of a job that use the same qubits."""

    sampler: Any
    qubits: tuple[int, ...]
    members: list[int]


def _run_parts(pubs: list[SamplerPub], parts: list[_Part]) -> PrimitiveResult[Any]:
    results: list[Any] = [None] * len(pubs)
    for part in parts:
        cut = [
            SamplerPub(
                cut_circuit(pubs[index].circuit, part.qubits),
                pubs[index].parameter_values,
                pubs[index].shots,
            )
            for index in part.members
        ]
        for index, result in zip(part.members, part.sampler.run(cut).result(), strict=True):
            results[index] = result
    return PrimitiveResult(results, metadata={"version": 2})


def _cut_target(target: Target, qubits: Sequence[int]) -> Target:
    place = {qubit: position for position, qubit in enumerate(qubits)}
    given = target.qubit_properties
    cut = Target(
        num_qubits=len(qubits),
        dt=target.dt,
        qubit_properties=[given[qubit] for qubit in qubits] if given else None,
    )
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        if isinstance(operation, type):  # control flow: acts anywhere and has no error
            continue
        entries = {
            tuple(place[qubit] for qubit in places): entry
            for places, entry in target[name].items()
            if places is not None and all(qubit in place for qubit in places)
        }
        if entries:
            cut.add_instruction(operation, entries, name=name)
    return cut


def readout_flips(backend: Any, qubits: Sequence[int]) -> list[tuple[float, float]]:
    """Return for each qubit the probabilities of reading 1 for 0, and 0 for 1.

    Args:
        backend: a device; where it reports no more than the mean of the two, that is both.
        qubits: physical qubits.

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
        >>> [(round(up, 4), round(down, 4)) for up, down in readout_flips(FakeManilaV2(), [3])]
        [(0.0084, 0.0204)]
    """
    properties = getattr(backend, "properties", None)
    reported = properties() if callable(properties) else None
    flips = []
    for qubit in qubits:
        entry = (backend.target["measure"] or {}).get((qubit,))
        mean = float(entry.error) if entry is not None and entry.error is not None else 0.0
        known = reported.qubit_property(qubit) if reported is not None else {}
        up = known.get("prob_meas1_prep0", (mean,))[0]
        down = known.get("prob_meas0_prep1", (mean,))[0]
        flips.append((min(float(up), 1.0), min(float(down), 1.0)))
    return flips
