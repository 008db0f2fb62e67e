"""From circuits and any Qiskit sampler to histograms of the Hamming weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import QuantumCircuit
from qiskit.primitives import BaseSamplerV2, BitArray, StatevectorSampler
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit_aer.primitives import SamplerV2 as AerSampler

from rzqiskit.circuits.compilation.targets import check_gates
from rzqiskit.circuits.gates import COLLECTIVE_ZZ
from rzqiskit.cores import usable_cores
from rzqiskit.validation import check_positive_integer, check_seed

__all__ = ["hamming_weight_counts", "make_aer_sampler", "run_circuits", "run_pubs"]

IntArray = npt.NDArray[np.int64]
_SEED_BOUND = 2**31


def make_aer_sampler(
    *, seed: np.random.Generator | int | None = None, **backend_options: Any
) -> AerSampler:
    """Return Aer's sampler as this package uses it: statevectors, circuits side by side.

    Args:
        seed: fixes the shots. Aer starts every job of one sampler from the same seed, and every
            circuit within a job from another: give each job a sampler of its own.
        **backend_options: further options of `qiskit_aer.AerSimulator`, such as `noise_model`;
            ``method`` is "statevector" without a noise model.

    Returns:
        The sampler.

    Raises:
        TypeError: `seed` is no integer.
        ValueError: `seed` is negative.

    Examples:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(3)
        >>> circuit.x([0, 1])
        <...>
        >>> circuit.measure_all()
        >>> run_circuits([circuit], make_aer_sampler(seed=7), shots=100)
        array([[  0,   0, 100,   0]])
    """
    options: dict[str, Any] = {"max_parallel_experiments": 0, **backend_options}
    options.setdefault("max_parallel_threads", usable_cores())
    if options.get("noise_model") is None:
        options.setdefault("method", "statevector")
    # Drawn rather than passed on: Aer numbers the circuits of a job by adding to the seed, so
    # that neighbouring user seeds could meet.
    drawn = int(check_seed(seed).integers(_SEED_BOUND))
    return AerSampler(seed=drawn, options={"backend_options": options})


def hamming_weight_counts(bits: BitArray) -> IntArray:
    """Return the histogram of the Hamming weight of measured bit strings.

    Args:
        bits: the outcomes, shape (...) of `num_bits` bits and `num_shots` shots.

    Returns:
        Counts, shape (..., num_bits + 1): how often k bits were 1.

    Examples:
        >>> bits = BitArray.from_samples(["011", "000", "100", "111"])
        >>> hamming_weight_counts(bits)
        array([1, 1, 1, 1])
    """
    num_weights = bits.num_bits + 1
    weights = bits.bitcount().reshape(-1, bits.num_shots).astype(np.int64)
    weights += num_weights * np.arange(len(weights))[:, None]
    counts = np.bincount(weights.ravel(), minlength=len(weights) * num_weights)
    return counts.reshape(*bits.shape, num_weights).astype(np.int64)


def run_circuits(
    circuits: Sequence[QuantumCircuit], sampler: BaseSamplerV2, *, shots: int
) -> IntArray:
    """Return the Hamming-weight histogram of each circuit, from one job.

    Args:
        circuits: measured circuits without free parameters, all into classical registers
            of one name and size.
        sampler: any sampler; the shots are as independent as it makes them, see `run_pubs`.
        shots: number of shots of each circuit.

    Returns:
        Counts, shape (num_circuits, N + 1) for N measured bits.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: no circuits, no shots, a circuit without measurement or with free parameters,
            circuits of different widths.

    Examples:
        >>> from qiskit import QuantumCircuit
        >>> from qiskit.primitives import StatevectorSampler
        >>> circuit = QuantumCircuit(2)
        >>> circuit.measure_all()
        >>> run_circuits([circuit, circuit], StatevectorSampler(seed=7), shots=10)
        array([[10,  0,  0],
               [10,  0,  0]])
    """
    if isinstance(circuits, QuantumCircuit) or not isinstance(circuits, Iterable):
        kind = "one circuit" if isinstance(circuits, QuantumCircuit) else type(circuits).__name__
        raise TypeError(f"`circuits` must be a list of circuits, got {kind}.")
    pubs = [(circuit,) for circuit in circuits]
    if not pubs:
        raise ValueError("`circuits` must hold at least one circuit, got none.")
    widths = sorted({circuit.num_clbits for (circuit,) in pubs if hasattr(circuit, "num_clbits")})
    if len(widths) > 1:
        raise ValueError(f"`circuits` must measure the same number of bits, got {widths}.")
    return np.stack(run_pubs(pubs, sampler, shots=shots))


def run_pubs(
    pubs: Iterable[tuple[Any, ...]], sampler: BaseSamplerV2, *, shots: int
) -> list[IntArray]:
    """Return the Hamming-weight histograms of sampler pubs.

    All pubs go in one job, with two exceptions in favour of independent shots. The runtime's
    sampler in local mode with `options.simulator.seed_simulator` set gives every pub of a job the
    same noise, so each pub is then run by itself under a seed of its own (the option is put back
    afterwards). Qiskit's `StatevectorSampler` with an integer seed repeats the same noise for
    every circuit: one with a `numpy.random.Generator` of that seed runs in its place.

    Args:
        pubs: (circuit,) or (circuit, parameter values) each; one classical register a circuit.
        sampler: any sampler. One that draws weights directly
            (`DickeSampler.sample_hamming_weights`) is not asked for bit strings where every qubit
            is measured, and gets the circuits as they are. For all others collective gates are
            expanded first, since Aer, which is behind many of them, knows no composite gates.
        shots: number of shots.

    Returns:
        For each pub the counts, shape (..., N + 1): the pub's own shape, then the weights.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: no shots, a circuit without measurement or with free parameters, or with gates
            that the device of the sampler has not.
    """
    shots = check_positive_integer("shots", shots)
    if not isinstance(sampler, BaseSamplerV2):
        raise TypeError(f"`sampler` must be a BaseSamplerV2, got {type(sampler).__name__}.")
    coerced = [SamplerPub.coerce(_checked(pub), shots) for pub in pubs]
    draw_weights = getattr(sampler, "sample_hamming_weights", None)
    if draw_weights is not None and all(_measures_all(pub.circuit) for pub in coerced):
        return list(draw_weights(coerced))
    if draw_weights is None:
        coerced = [
            SamplerPub(_expanded(pub.circuit), pub.parameter_values, pub.shots, validate=False)
            for pub in coerced
        ]
        check_gates((pub.circuit for pub in coerced), getattr(sampler, "backend", None))
    if isinstance(sampler, AerSampler):
        return _run_on_aer(coerced, sampler)
    if type(sampler) is StatevectorSampler and isinstance(sampler.seed, (int, np.integer)):
        sampler = StatevectorSampler(seed=np.random.default_rng(sampler.seed))
    return _run_and_count(coerced, sampler)


def _run_on_aer(pubs: list[SamplerPub], sampler: AerSampler) -> list[IntArray]:
    """Return the histograms of pubs, whatever Aer's sampler makes of their circuits and shapes."""
    # It runs a circuit without parameters but once, however many points its pub has: each point is
    # then a pub of its own, with shots of its own.
    single: list[SamplerPub] = []
    numbers = []
    for pub in pubs:
        if pub.circuit.num_parameters:
            numbers.append(1)
            single.append(pub)
        else:
            numbers.append(pub.parameter_values.size)
            single += [SamplerPub(pub.circuit, shots=pub.shots)] * numbers[-1]
    found = iter(_run_and_count(single, sampler))
    histograms = []
    for pub, number in zip(pubs, numbers, strict=True):
        rows = np.array([next(found) for _ in range(number)], dtype=np.int64)
        histograms.append(rows.reshape(*pub.parameter_values.shape, -1))
    return histograms


def _run_and_count(coerced: list[SamplerPub], sampler: BaseSamplerV2) -> list[IntArray]:
    results = _run_apart(coerced, sampler) if _is_seeded_local(sampler) else _run(coerced, sampler)
    return [
        hamming_weight_counts(result.data[pub.circuit.cregs[0].name])
        for pub, result in zip(coerced, results, strict=True)
    ]


def _checked(pub: tuple[Any, ...]) -> tuple[Any, ...]:
    circuit = pub[0]
    if not isinstance(circuit, QuantumCircuit):
        raise TypeError(f"`circuits` must be quantum circuits, got {type(circuit).__name__}.")
    if len(circuit.cregs) != 1:
        raise ValueError(
            f"`circuits` must have one classical register each, got {len(circuit.cregs)} "
            f"in {circuit.name!r}."
        )
    if "measure" not in circuit.count_ops():
        raise ValueError(f"`circuits` must be measured, got {circuit.name!r} without measurement.")
    if len(pub) == 1 and circuit.num_parameters:
        raise ValueError(
            f"`circuits` must be bound, got {circuit.name!r} with {circuit.num_parameters} "
            "free parameters."
        )
    return pub


def _measures_all(circuit: QuantumCircuit) -> bool:
    measured = [
        qubit
        for instruction in circuit.data
        if instruction.operation.name == "measure"
        for qubit in instruction.qubits
    ]
    return bool(len(measured) == len(set(measured)) == circuit.num_qubits == circuit.num_clbits)


def _expanded(circuit: QuantumCircuit) -> QuantumCircuit:
    # By the beginning, which the plain gates that QPY and OpenQASM 3 give back share.
    if not any(name.startswith(COLLECTIVE_ZZ) for name in circuit.count_ops()):
        return circuit
    return circuit.decompose(f"{COLLECTIVE_ZZ}*")


def _run(pubs: list[SamplerPub], sampler: BaseSamplerV2) -> list[Any]:
    return list(sampler.run(pubs).result()) if pubs else []


def _is_seeded_local(sampler: BaseSamplerV2) -> bool:
    options = getattr(getattr(sampler, "options", None), "simulator", None)
    return isinstance(getattr(options, "seed_simulator", None), int)


def _run_apart(pubs: list[SamplerPub], sampler: Any) -> list[Any]:
    options = sampler.options.simulator
    given = options.seed_simulator
    seeds = np.random.SeedSequence(given).generate_state(len(pubs)) % _SEED_BOUND
    results: list[Any] = []
    try:
        for pub, seed in zip(pubs, seeds.tolist(), strict=True):
            options.seed_simulator = seed
            results += _run([pub], sampler)
    finally:
        options.seed_simulator = given
    return results
