"""From collective layers to symmetric states, Hamming-weight populations and histograms.

Qubits and spins: |0> is the ground state, so Jx = sum X / 2, Jy = -sum Y / 2, Jz = -sum Z / 2, and
the Dicke level is the Hamming weight.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from qiskit.primitives.containers.bindings_array import BindingsArray

from rzqiskit.circuits.schedule import ChargingSchedule
from rzqiskit.dicke.layers import (
    FrameState,
    apply_rotation,
    apply_squeezing,
    ground_state,
    state_populations,
)
from rzqiskit.emulator.program import CollectiveLayer, CollectiveProgram
from rzqiskit.validation import check_positive_integer, check_seed

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

__all__ = [
    "binding_values",
    "circuit_states",
    "draw_counts",
    "draw_weights",
    "evolve_schedule",
    "layer_populations",
    "sample_hamming_weights",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def circuit_states(
    circuit: QuantumCircuit, parameter_values: npt.ArrayLike | None = None
) -> list[FrameState]:
    """Return the symmetric states that a circuit prepares, measurements left out.

    Args:
        circuit: a permutation-symmetric circuit on |0...0>.
        parameter_values: shape (num_bindings, num_parameters), in the order of
            ``circuit.parameters``; None for a circuit without parameters.

    Returns:
        One state for each binding, exact up to a global phase.

    Raises:
        SymmetryError: the circuit is not permutation symmetric.
        TypeError: `circuit` is no circuit.
        ValueError: values missing, of the wrong shape or not finite, or no qubits.

    Examples:
        >>> from qiskit.circuit import QuantumCircuit
        >>> circuit = QuantumCircuit(3)
        >>> circuit.h([0, 1, 2])
        <...>
        >>> [state] = circuit_states(circuit)
        >>> state_populations(state)[1].round(12).tolist()
        [0.125, 0.375, 0.375, 0.125]
    """
    program = CollectiveProgram(circuit)
    values = np.empty((1, 0)) if parameter_values is None else np.array(parameter_values, float)
    if values.ndim != 2 or values.shape[1] != circuit.num_parameters:
        raise ValueError(
            f"`parameter_values` must have shape (num_bindings, {circuit.num_parameters}), "
            f"got {values.shape}."
        )
    layers = program.layers(values)
    return [_evolve(program.num_qubits, layers, index) for index in range(values.shape[0])]


def layer_populations(
    num_qubits: int, layers: list[CollectiveLayer], index: int
) -> tuple[int, FloatArray]:
    """Return the Hamming-weight populations after `layers` for the binding `index`.

    Returns:
        The first weight and the populations from there on. The last pair layer commutes with the
        measurement and is left out.
    """
    return state_populations(_evolve(num_qubits, layers, index, keep_last=False))


def binding_values(bindings: BindingsArray, circuit: QuantumCircuit) -> FloatArray:
    """Return the values of a pub as shape (num_bindings, num_parameters)."""
    size = math.prod(bindings.shape)
    if not circuit.num_parameters:
        return np.empty((size, 0))
    values = np.asarray(bindings.as_array(circuit.parameters), dtype=np.float64)
    return values.reshape(size, circuit.num_parameters)


def _evolve(
    num_qubits: int, layers: list[CollectiveLayer], index: int, *, keep_last: bool = True
) -> FrameState:
    state = ground_state(num_qubits)
    for position, layer in enumerate(layers):
        cosine, x, y, z = layer.rotation[index].tolist()
        sine = math.hypot(x, y, z)
        if sine > 0.0:
            state = apply_rotation(state, (x, -y, -z), 2.0 * math.atan2(sine, cosine))
        if position + 1 == len(layers) and not keep_last:
            break
        state = apply_squeezing(state, float(layer.angle[index]))
        if layer.turn[index] != 0.0:
            state = apply_rotation(state, _Z, -float(layer.turn[index]))
    return state


def evolve_schedule(schedule: ChargingSchedule) -> FrameState:
    """Return the state after a charging schedule, turned for its basis, of any number of cells.

    Args:
        schedule: from `rzqiskit.circuits.product_formula.charging_schedule`.

    Returns:
        The state; its populations by Hamming weight k are those of the spin component
        k - N/2 along the schedule's basis, as in the circuits of the same schedule.

    Raises:
        TypeError: `schedule` is no schedule.
        ValueError: a layer squeezes so strongly that the state needs more levels than fit.

    Examples:
        >>> from rzqiskit.circuits.product_formula import charging_schedule
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> battery = RosenZenerBattery(
        ...     num_qubits=10**6, drive=SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
        ... )
        >>> state = evolve_schedule(charging_schedule(battery, 0.2, num_steps=8, order=2))
        >>> first, populations = state_populations(state)
        >>> bool(abs(populations.sum() - 1.0) < 1e-12)
        True
    """
    if not isinstance(schedule, ChargingSchedule):
        raise TypeError(f"`schedule` must be a ChargingSchedule, got {type(schedule).__name__}.")
    state = ground_state(schedule.num_qubits)
    for layer in schedule.layers:
        if layer.axis == "zz":
            state = apply_squeezing(state, layer.angle)
        else:
            state = apply_rotation(state, _X if layer.axis == "x" else _Z, layer.angle)
    if schedule.basis == "y":
        state = apply_rotation(state, _X, 0.5 * math.pi)
    elif schedule.basis == "x":
        state = apply_rotation(state, _Y, -0.5 * math.pi)
    return state


def sample_hamming_weights(
    state: FrameState, shots: int, *, seed: np.random.Generator | int | None = None
) -> tuple[int, IntArray]:
    """Return a histogram of measured Hamming weights, without any bit string.

    Args:
        state: the state.
        shots: number of shots.
        seed: fixes the shots.

    Returns:
        The first weight of the histogram and the counts from there on, int64; no shot can fall
        elsewhere, up to a probability of 1e-16.

    Raises:
        TypeError: `state` is no state, `shots` or `seed` no integer.
        ValueError: `shots` is not positive.

    Examples:
        >>> first, counts = sample_hamming_weights(ground_state(10**6), 100, seed=7)
        >>> first, int(counts[0]), int(counts.sum())
        (0, 100, 100)
    """
    if not isinstance(state, FrameState):
        raise TypeError(f"`state` must be a FrameState, got {type(state).__name__}.")
    num_shots = check_positive_integer("shots", shots)
    first, populations = state_populations(state)
    return first, draw_counts(populations, num_shots, check_seed(seed))


def draw_counts(populations: FloatArray, shots: int, generator: np.random.Generator) -> IntArray:
    """Return multinomial counts of populations whose sum is 1 up to rounding."""
    return generator.multinomial(shots, populations / populations.sum()).astype(np.int64)


def draw_weights(
    first: int, populations: FloatArray, shots: int, generator: np.random.Generator
) -> IntArray:
    """Return the Hamming weight of each shot, shape (shots,)."""
    cumulative = np.cumsum(populations)
    found = np.searchsorted(cumulative, generator.random(shots) * cumulative[-1], side="right")
    weights: IntArray = first + np.minimum(found, populations.size - 1).astype(np.int64)
    return weights
