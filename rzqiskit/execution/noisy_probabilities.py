"""What a noisy device measures with infinitely many shots: the density matrix, read with errors.

`NoisySampler` draws shots; here are the probabilities that it draws from, so that a bias can be
told from bad luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import QuantumCircuit
from qiskit_aer import AerSimulator

from rzqiskit.execution.noise import (
    active_qubits,
    cut_circuit,
    device_noise_model,
    measured_qubits,
    readout_flips,
)

__all__ = ["noisy_bit_string_probabilities", "noisy_weight_probabilities"]

FloatArray = npt.NDArray[np.float64]
_MOST_QUBITS = 13  # a density matrix of 1 GiB


def noisy_bit_string_probabilities(
    circuits: Sequence[QuantumCircuit], backend: Any, *, readout: bool = True
) -> list[FloatArray]:
    """Return the probability of each bit string of circuits compiled for a noisy device.

    Args:
        circuits: compiled and measured, one classical bit a measurement; of at most 13 active
            qubits each.
        backend: anything with a ``target`` and its calibration, see `device_noise_model`.
        readout: whether readout errors count.

    Returns:
        One array of shape (2**num_bits,) a circuit; bit i of the index is classical bit i.

    Raises:
        ValueError: a circuit of too many active qubits.

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
        >>> circuit = QuantumCircuit(5, 2)
        >>> _ = circuit.x(3)
        >>> _ = circuit.measure([3, 1], [0, 1])
        >>> (read,) = noisy_bit_string_probabilities([circuit], FakeManilaV2())
        >>> read.round(3)
        array([0.02 , 0.967, 0.   , 0.012])
    """
    results = []
    models: dict[tuple[int, ...], Any] = {}
    for circuit in circuits:
        qubits = active_qubits(circuit)
        if len(qubits) > _MOST_QUBITS:
            raise ValueError(
                f"`circuits` must use at most {_MOST_QUBITS} qubits for their density matrix, got "
                f"{len(qubits)}."
            )
        if qubits not in models:
            models[qubits] = device_noise_model(backend, qubits)
        read = measured_qubits(circuit)
        cut = cut_circuit(circuit, qubits)
        unread = cut.copy_empty_like()
        for item in cut.data:
            if item.operation.name != "measure":
                unread.append(item)
        unread.save_probabilities([qubits.index(qubit) for qubit in read])
        simulator = AerSimulator(method="density_matrix", noise_model=models[qubits])
        data = simulator.run(unread, shots=1).result().data(0)
        probabilities = np.asarray(data["probabilities"], dtype=np.float64)
        if readout:
            probabilities = _read(probabilities, readout_flips(backend, read))
        results.append(probabilities)
    return results


def noisy_weight_probabilities(
    circuits: Sequence[QuantumCircuit], backend: Any, *, readout: bool = True
) -> FloatArray:
    """Return the probability of each Hamming weight, as `noisy_bit_string_probabilities`.

    Args:
        circuits: all of N bits.
        backend: as there.
        readout: as there.

    Returns:
        Shape (num_circuits, N + 1).

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
        >>> circuit = QuantumCircuit(5, 2)
        >>> _ = circuit.measure([3, 1], [0, 1])
        >>> noisy_weight_probabilities([circuit], FakeManilaV2(), readout=False)
        array([[1., 0., 0.]])
    """
    weights = []
    for probabilities in noisy_bit_string_probabilities(circuits, backend, readout=readout):
        ones = np.bitwise_count(np.arange(probabilities.size))
        weights.append(np.bincount(ones, weights=probabilities))
    return np.stack(weights)


def _read(probabilities: FloatArray, flips: Sequence[tuple[float, float]]) -> FloatArray:
    # Bit 0 is the last axis.
    tensor = probabilities.reshape([2] * len(flips))
    for bit, (up, down) in enumerate(flips):
        confusion = np.array([[1.0 - up, down], [up, 1.0 - down]])
        axis = len(flips) - 1 - bit
        tensor = np.moveaxis(np.tensordot(confusion, tensor, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(tensor).reshape(-1)
