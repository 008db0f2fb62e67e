r"""Exact probabilities from Aer: one circuit with snapshots for any number of charging times.

Symmetric states of N cells have N + 1 amplitudes, c_k = sqrt(C(N, k)) <2^k - 1|psi>, so a snapshot
saves N + 1 numbers, not 2^N. Between two snapshots the circuit takes the shorter road: back to
where both schedules part and on from there, or from |0...0> again.

A layer exp(-i zz Jz^2) is one diagonal gate for every two groups of about five cells, since
Jz^2 = sum_a J_a^2 + 2 sum_{a<b} J_a J_b over the groups.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from qiskit.circuit import QuantumCircuit
from qiskit.circuit.library import DiagonalGate
from qiskit_aer import AerSimulator
from scipy.special import gammaln

from rzqiskit.circuits.product_formula import ChargingSchedule, Layer
from rzqiskit.validation import FloatArray

__all__ = ["trace_amplitudes"]

ComplexArray = npt.NDArray[np.complex128]
# Measured at N = 16 and 20: larger tables leave the cache, smaller ones take more passes.
_LARGEST_BLOCK = 11
# Measured at N = 16 and 20: bringing every cell back to |0> costs Aer about two x layers.
_RESET_COST = 2
# Up to this width a layer takes less time than threads that other programs hold up.
_SERIAL_WIDTH = 17
# Angles of two schedules that differ by rounding only.
_SAME_ANGLE = 1e-13


def trace_amplitudes(schedules: Sequence[ChargingSchedule]) -> ComplexArray:
    """Return the Dicke amplitudes at the end of each schedule, computed by Aer in 2^N dimensions.

    Args:
        schedules: what to run, all of one width; consecutive ones that begin alike share work.

    Returns:
        Amplitudes c_k of k excited cells, shape (num_schedules, N + 1), each row up to a phase;
        abs(c_k)^2 is the probability of Hamming weight k that the circuits' shots sample.

    Raises:
        ValueError: no schedules, or schedules of different widths.

    Examples:
        >>> import numpy as np
        >>> layers = (Layer("x", np.pi / 2),)
        >>> schedule = ChargingSchedule(2, 1.0, 1, 2, "z", layers)
        >>> (abs(trace_amplitudes([schedule])) ** 2).round(12)
        array([[0.25, 0.5 , 0.25]])
    """
    widths = {schedule.num_qubits for schedule in schedules}
    if len(widths) != 1:
        raise ValueError(f"`schedules` must be of one width, got the widths {sorted(widths)}.")
    (num_qubits,) = widths
    heads = [_split(schedule.layers) for schedule in schedules]
    circuit = _trace_circuit(num_qubits, [head for head, _ in heads])
    simulator = AerSimulator(
        method="statevector", fusion_enable=False, statevector_parallel_threshold=_SERIAL_WIDTH
    )
    # Nothing is sampled, but which way a reset goes sets the rounding: a fixed seed makes equal
    # runs equal to the last bit.
    data = simulator.run(circuit, shots=1, seed_simulator=0).result().data()
    saved = np.array([data[_label(index)] for index in range(len(heads))])
    excitations = np.arange(num_qubits + 1)
    log_binomial = gammaln(num_qubits + 1) - (
        gammaln(excitations + 1) + gammaln(num_qubits - excitations + 1)
    )
    # The last diagonal layers act on the N + 1 amplitudes alone: no need to send them to Aer.
    tails = np.exp(-1j * np.array([_diagonal_phase(num_qubits, tail) for _, tail in heads]))
    amplitudes: ComplexArray = saved * np.exp(0.5 * log_binomial) * tails
    return amplitudes


def _split(layers: tuple[Layer, ...]) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """Return the layers up to the last x layer, and the diagonal ones after it."""
    end = len(layers)
    while end and layers[end - 1].axis != "x":
        end -= 1
    return layers[:end], layers[end:]


def _label(index: int) -> str:
    return f"amplitudes_{index}"


def _trace_circuit(num_qubits: int, heads: Sequence[tuple[Layer, ...]]) -> QuantumCircuit:
    circuit = QuantumCircuit(num_qubits)
    previous: tuple[Layer, ...] = ()
    for index, head in enumerate(heads):
        road = _road(previous, head)
        if _cost(road) > _RESET_COST + _cost(head):
            circuit.reset(range(num_qubits))
            road = list(head)
        _append_layers(circuit, road)
        # Any state of k ones has the same amplitude; 2^k - 1 has them in the k lowest bits.
        basis_states = [2**k - 1 for k in range(num_qubits + 1)]
        circuit.save_amplitudes(basis_states, label=_label(index))
        previous = head
    return circuit


def _road(start: tuple[Layer, ...], goal: tuple[Layer, ...]) -> list[Layer]:
    """Return layers from the end of one schedule to the end of another, via their fork."""
    shared = 0
    for left, right in zip(start, goal, strict=False):
        if left.axis != right.axis or abs(left.angle - right.angle) > _SAME_ANGLE:
            break
        shared += 1
    road: list[Layer] = []
    back = (Layer(layer.axis, -layer.angle) for layer in reversed(start[shared:]))
    for layer in itertools.chain(back, goal[shared:]):
        if road and road[-1].axis == layer.axis:
            road[-1] = Layer(layer.axis, road[-1].angle + layer.angle)
        else:
            road.append(layer)
    return road


def _cost(layers: Sequence[Layer]) -> int:
    return sum(1 for _ in itertools.groupby(layers, key=_is_drive))


def _is_drive(layer: Layer) -> bool:
    return layer.axis == "x"


def _append_layers(circuit: QuantumCircuit, layers: Sequence[Layer]) -> None:
    """Append layers: each x layer takes the z angle before it along, as one gate a cell."""
    z = 0.0
    for is_drive, run in itertools.groupby(layers, key=_is_drive):
        if is_drive:
            x = sum(layer.angle for layer in run)
            # RX(x) RZ(-z) up to a phase; the layers of a road always end with an x layer.
            circuit.u(x, -0.5 * np.pi, 0.5 * np.pi - z, circuit.qubits)
            z = 0.0
        else:
            z, zz = _sum_angles(list(run))
            # Slices of equal width differ by rounding, and share their gates without it.
            for gate, qubits in _pair_blocks(circuit.num_qubits, round(zz, 15)):
                circuit.append(gate, qubits)


@functools.lru_cache(maxsize=256)
def _pair_blocks(num_qubits: int, angle: float) -> tuple[tuple[DiagonalGate, list[int]], ...]:
    """Return the gates of exp(-i angle Jz^2) with the qubits they act on."""
    if angle == 0.0:
        return ()
    num_groups = 2
    # The two largest of the balanced groups make the largest block.
    while 2 * (num_qubits // num_groups) + min(num_qubits % num_groups, 2) > _LARGEST_BLOCK:
        num_groups += 1
    groups = [group.tolist() for group in np.array_split(np.arange(num_qubits), num_groups)]
    spins = [
        np.bitwise_count(np.arange(2 ** len(group))).astype(np.float64) - 0.5 * len(group)
        for group in groups
    ]
    blocks = []
    for left, right in itertools.combinations(range(num_groups), 2):
        # Rows count the right group's bits, the higher ones. Each group's own J_a^2 goes along
        # with one of its pairs.
        phase = 2.0 * np.outer(spins[right], spins[left])
        if right == left + 1:
            phase += spins[left][None, :] ** 2
        if left == num_groups - 2:
            phase += spins[right][:, None] ** 2
        diagonal = DiagonalGate(np.exp(-1j * angle * phase).ravel().tolist())
        blocks.append((diagonal, [*groups[left], *groups[right]]))
    return tuple(blocks)


def _sum_angles(layers: Sequence[Layer]) -> tuple[float, float]:
    z = sum(layer.angle for layer in layers if layer.axis == "z")
    return z, sum(layer.angle for layer in layers if layer.axis == "zz")


def _diagonal_phase(num_qubits: int, layers: Sequence[Layer]) -> FloatArray:
    z, zz = _sum_angles(layers)
    spin = np.arange(num_qubits + 1) - 0.5 * num_qubits
    return z * spin + zz * spin**2
