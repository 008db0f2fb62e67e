"""Readout calibration: the qubits that a circuit measures, prepared all in |0> and all in |1>."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import QuantumCircuit
from qiskit.primitives import BaseSamplerV2
from qiskit.primitives.containers.sampler_pub import SamplerPub

from rzqiskit.execution.sampling import _is_seeded_local, _run, _run_apart
from rzqiskit.validation import check_positive_integer

__all__ = ["build_readout_calibration_circuits", "run_readout_calibration"]

IntArray = npt.NDArray[np.int64]


def build_readout_calibration_circuits(circuit: QuantumCircuit) -> list[QuantumCircuit]:
    """Return two circuits that measure the same qubits into the same bits, all 0 and all 1.

    Args:
        circuit: the measured circuit whose readout is to be calibrated, compiled or not; what it
            does before the measurement does not matter.

    Returns:
        The circuits ``readout_zeros`` and ``readout_ones`` on the same registers, the second with
        an X on every measured qubit.

    Raises:
        TypeError: `circuit` is no circuit.
        ValueError: nothing is measured, or a qubit or a bit is used twice.

    Examples:
        >>> circuit = QuantumCircuit(5, 2)
        >>> _ = circuit.measure([3, 1], [0, 1])
        >>> [dict(made.count_ops()) for made in build_readout_calibration_circuits(circuit)]
        [{'measure': 2}, {'x': 2, 'measure': 2}]
    """
    if not isinstance(circuit, QuantumCircuit):
        raise TypeError(f"`circuit` must be a QuantumCircuit, got {type(circuit).__name__}.")
    readings = [item for item in circuit.data if item.operation.name == "measure"]
    if not readings:
        raise ValueError(f"`circuit` must be measured, got {circuit.name!r} without measurement.")
    qubits = [item.qubits[0] for item in readings]
    bits = [item.clbits[0] for item in readings]
    if len(set(qubits)) < len(qubits) or len(set(bits)) < len(bits):
        raise ValueError("`circuit` must measure each qubit once, got one measured again.")
    circuits = []
    for name, excited in (("readout_zeros", False), ("readout_ones", True)):
        made = circuit.copy_empty_like(name)
        made.metadata = {"calibration": name}
        if excited:
            made.x(qubits)
        made.measure(qubits, bits)
        circuits.append(made)
    return circuits


def run_readout_calibration(
    circuit: QuantumCircuit, sampler: BaseSamplerV2, *, shots: int
) -> tuple[IntArray, IntArray]:
    """Return how often each bit was read as 1 with all qubits in |0>, and with all in |1>.

    Args:
        circuit: the measured circuit whose readout is to be calibrated, into one register.
        sampler: any sampler; that on which `circuit` runs.
        shots: shots of each of the two circuits.

    Returns:
        Two arrays of shape (num_bits,), by classical bit, for `estimate_readout_errors`.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: no shots, or a circuit that is not measured into one register.

    Examples:
        >>> from qiskit.primitives import StatevectorSampler
        >>> circuit = QuantumCircuit(2)
        >>> circuit.measure_all()
        >>> run_readout_calibration(circuit, StatevectorSampler(), shots=50)
        (array([0, 0]), array([50, 50]))
    """
    shots = check_positive_integer("shots", shots)
    if not isinstance(sampler, BaseSamplerV2):
        raise TypeError(f"`sampler` must be a BaseSamplerV2, got {type(sampler).__name__}.")
    circuits = build_readout_calibration_circuits(circuit)
    if len(circuit.cregs) != 1:
        raise ValueError(f"`circuit` must have one classical register, got {len(circuit.cregs)}.")
    pubs = [SamplerPub.coerce((made,), shots) for made in circuits]
    results: list[Any] = (
        _run_apart(pubs, sampler) if _is_seeded_local(sampler) else _run(pubs, sampler)
    )
    name = circuit.cregs[0].name
    zeros, ones = (_ones(result.data[name]) for result in results)
    return zeros, ones


def _ones(bits: Any) -> IntArray:
    total: IntArray = bits.to_bool_array(order="little").sum(axis=0, dtype=np.int64)
    return total
