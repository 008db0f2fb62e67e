r"""Exact probabilities from Aer: few circuits with snapshots for any number of charging times.

Symmetric states of N cells have N + 1 amplitudes, c_k = sqrt(C(N, k)) <2^k - 1|psi>, so a snapshot
saves some multiple of N + 1 numbers, not 2^N. From one snapshot to the next a circuit goes back to
where both schedules part and on from there; where that is longer than from |0...0>, a new circuit
begins. `pair_blocks` says how a layer becomes instructions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from qiskit_aer import AerSimulator
from scipy.special import gammaln

from rzqiskit.circuits.product_formula import ChargingSchedule, Layer
from rzqiskit.execution.idle_cores import idle_cores
from rzqiskit.execution.trace_circuit import TraceCircuit, XLayer
from rzqiskit.validation import FloatArray

__all__ = ["trace_amplitudes", "trace_work"]

ComplexArray = npt.NDArray[np.complex128]
# Up to this width threads bring little, and lose much where other programs hold them up.
_SERIAL_WIDTH = 15
# Circuits go to Aer together up to here: at N = 20 the tables of a layer take 1 MB.
_LAYERS_PER_JOB = 128
# Angles of two schedules that differ by rounding only.
_SAME_ANGLE = 1e-13


def trace_amplitudes(schedules: Sequence[ChargingSchedule]) -> ComplexArray:
    """Return the Dicke amplitudes at the end of each schedule, computed by Aer in 2^N dimensions.

    Args:
        schedules: what to run, all of one width; consecutive ones that begin alike share work.

    Returns:
        Amplitudes c_k of k excited cells, shape (num_schedules, N + 1), each row up to a phase,
        after the layers alone. abs(c_k)^2 is the probability of Hamming weight k that the shots of
        a Z-basis circuit sample; schedules of basis "x" or "y" stop before the rotation of the
        cells with which their circuits measure.

    Raises:
        ValueError: no schedules, or schedules of different widths.

    Notes:
        From 16 cells on Aer runs on as many cores as other programs leave idle, or on fewer by
        ``OMP_NUM_THREADS``.

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
    simulator = _simulator(num_qubits)
    saved: list[ComplexArray] = []
    for job in _jobs(_traces(num_qubits, [head for head, _ in heads])):
        result = simulator.run([trace.circuit for trace in job], shots=1).result()
        for index, trace in enumerate(job):
            saved += trace.rows(result.data(index))
    excitations = np.arange(num_qubits + 1)
    log_binomial = gammaln(num_qubits + 1) - (
        gammaln(excitations + 1) + gammaln(num_qubits - excitations + 1)
    )
    # The last diagonal layers act on the N + 1 amplitudes alone: no need to send them to Aer.
    tails = np.exp(-1j * np.array([_diagonal_phase(num_qubits, tail) for _, tail in heads]))
    amplitudes: ComplexArray = np.stack(saved) * np.exp(0.5 * log_binomial) * tails
    return amplitudes


def trace_work(schedules: Sequence[ChargingSchedule]) -> int:
    """Return how many amplitudes `trace_amplitudes` has Aer rotate: N 2^N in every x layer it runs.

    In wide batteries each takes 3 ns on one core, the pairs' phases included.

    Args:
        schedules: see `trace_amplitudes`.

    Returns:
        The number.

    Examples:
        >>> layers = (Layer("x", 0.5), Layer("zz", 0.1), Layer("x", 0.5))
        >>> trace_work([ChargingSchedule(10, 1.0, 2, 2, "z", layers)])
        20480
    """
    heads = [_split(schedule.layers)[0] for schedule in schedules]
    num_layers = sum(len(road) for _, road in _roads(heads))
    num_qubits = max((schedule.num_qubits for schedule in schedules), default=0)
    return num_layers * (num_qubits << num_qubits)


def _simulator(num_qubits: int) -> AerSimulator:
    return AerSimulator(
        method="statevector",
        fusion_enable=False,
        max_parallel_threads=idle_cores() if num_qubits > _SERIAL_WIDTH else 1,
    )


def _traces(num_qubits: int, heads: Sequence[tuple[Layer, ...]]) -> Iterator[TraceCircuit]:
    """Yield the circuits that pass by the ends of all schedules, in order."""
    trace = TraceCircuit(num_qubits)
    for starts_anew, road in _roads(heads):
        if starts_anew:
            yield trace
            trace = TraceCircuit(num_qubits)
        for layer in road:
            trace.append(layer)
        trace.save()
    yield trace


def _roads(heads: Sequence[tuple[Layer, ...]]) -> Iterator[tuple[bool, list[XLayer]]]:
    """Yield for each schedule the shorter road to its end, and whether it is that from |0...0>."""
    previous: tuple[Layer, ...] = ()
    for head in heads:
        onward = _x_layers(_road(previous, head))
        anew = len(onward) > sum(map(_is_drive, head))
        yield anew, _x_layers(head) if anew else onward
        previous = head


def _jobs(traces: Iterator[TraceCircuit]) -> Iterator[list[TraceCircuit]]:
    """Yield the circuits by jobs."""
    job: list[TraceCircuit] = []
    for trace in traces:
        job.append(trace)
        if sum(trace.num_layers for trace in job) >= _LAYERS_PER_JOB:
            yield job
            job = []
    if job:
        yield job


def _split(layers: tuple[Layer, ...]) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """Return the layers up to the last x layer, and the diagonal ones after it."""
    end = len(layers)
    while end and layers[end - 1].axis != "x":
        end -= 1
    return layers[:end], layers[end:]


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


def _x_layers(layers: Sequence[Layer]) -> list[XLayer]:
    """Return the layers as x layers, each with the diagonal ones before it."""
    joined: list[XLayer] = []
    z, zz = 0.0, 0.0
    for is_drive, run in itertools.groupby(layers, key=_is_drive):
        if is_drive:
            joined.append((sum(layer.angle for layer in run), z, zz))
            z, zz = 0.0, 0.0
        else:
            z, zz = _sum_angles(list(run))
    # A road back may end with what it undoes.
    return [*joined, (0.0, z, zz)] if z or zz else joined


def _is_drive(layer: Layer) -> bool:
    return layer.axis == "x"


def _sum_angles(layers: Sequence[Layer]) -> tuple[float, float]:
    z = sum(layer.angle for layer in layers if layer.axis == "z")
    return z, sum(layer.angle for layer in layers if layer.axis == "zz")


def _diagonal_phase(num_qubits: int, layers: Sequence[Layer]) -> FloatArray:
    z, zz = _sum_angles(layers)
    spin = np.arange(num_qubits + 1) - 0.5 * num_qubits
    return z * spin + zz * spin**2
