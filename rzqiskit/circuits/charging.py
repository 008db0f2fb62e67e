r"""Charging runs as quantum circuits: |0...0>, the layers of a schedule, a measurement.

|0> is the ground state of a cell, so the Hamming weight of a Z-basis outcome is the number k of
excited cells. In the Y and X bases the circuit first turns the axis, such that k - N/2 is the
eigenvalue of +Jy or +Jx.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qiskit.circuit import ClassicalRegister, ParameterVector, QuantumCircuit, QuantumRegister

from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.circuits.product_formula import (
    Axis,
    Basis,
    Formula,
    Frame,
    Slices,
    Spacing,
    charging_schedules,
)
from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    from rzqiskit.model import RosenZenerBattery

__all__ = ["ChargingSweep", "build_charging_circuits", "build_charging_sweeps"]

CREGISTER = "meas"


@dataclass(frozen=True, slots=True)
class ChargingSweep:
    """Charging circuits of one shape: one circuit with free angles, and their values.

    Attributes:
        circuit: the circuit; its parameters are the angles of the layers.
        angles: shape (num_times, num_parameters), rad, in the order of ``circuit.parameters``.
        indices: shape (num_times,), the place of each row among the times asked for.
    """

    circuit: QuantumCircuit
    angles: FloatArray
    indices: npt.NDArray[np.int64]


def build_charging_circuits(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    *,
    num_steps: int = 8,
    order: int = 2,
    basis: Basis = "z",
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
) -> list[QuantumCircuit]:
    """Return one measured circuit for each time.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy, strictly increasing, from 0 upwards.
        num_steps: number of slices of the pulse in each circuit.
        order: order of accuracy of the product formula: 1, 2, 4 or 6.
        basis: "z", "y" or "x": the collective spin component that the Hamming weights tell.
        frame: interaction picture of the formula, "mean-field", "drive" or "lab", see
            `charging_schedule`.
        spacing: slices of equal "time" or equal pulse "area".
        slices: "each" time has `num_steps` slices of its own, or all have a "shared" grid of
            `num_steps` slices up to the last time, of which early times use only the first.

    Returns:
        The circuits, named ``charging_<basis>_<index>``, with the classical register ``meas`` of
        one bit a cell. ``circuit.metadata`` holds the battery, time, num_steps, order, basis,
        frame, spacing and slices in a form that JSON can hold.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range.

    Examples:
        >>> import numpy as np
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> battery = RosenZenerBattery(
        ...     num_qubits=4, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> circuits = build_charging_circuits(battery, [0.0, 0.3], num_steps=3, order=2)
        >>> [dict(circuit.count_ops()) for circuit in circuits]
        [{'measure': 4}, {'rx': 12, 'rz': 8, 'measure': 4, 'collective_zz': 2}]
        >>> circuits[1].name, circuits[1].metadata["time"]
        ('charging_z_1', 0.3)
    """
    formula = Formula(num_steps=num_steps, order=order, frame=frame, spacing=spacing, slices=slices)
    schedules = charging_schedules(battery, times, basis=basis, **formula)
    circuits = []
    for index, schedule in enumerate(schedules):
        circuit = _circuit(schedule.axes, schedule.angles, schedule.num_qubits, basis)
        circuit.name = f"charging_{basis}_{index}"
        circuit.metadata = {"time": schedule.time, **_metadata(battery, basis, formula)}
        circuits.append(circuit)
    return circuits


def build_guide_circuits(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    *,
    num_steps: int = 8,
    order: int = 2,
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
) -> dict[int, QuantumCircuit]:
    """Return Z circuits with the layers that a Z measurement does not see, where it sees none.

    J^2, which shows the noise, is put together from X, Y and Z. Where the shortest Z circuit has no
    all-pairs layer and so hardly any noise, it would hide that of the other two.

    Args:
        battery: what is charged.
        times: see `build_charging_circuits`, as the other arguments.
        num_steps: number of slices.
        order: order of accuracy.
        frame: interaction picture.
        spacing: "time" or "area".
        slices: "each" or "shared".

    Returns:
        place of a time -> its circuit, for those times at which the Z circuit has no all-pairs
        layer and the Y circuit has.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> battery = RosenZenerBattery(
        ...     num_qubits=4, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> [sorted(build_guide_circuits(battery, [0.0, 0.3], num_steps=n)) for n in (1, 2)]
        [[1], []]
    """
    formula = Formula(num_steps=num_steps, order=order, frame=frame, spacing=spacing, slices=slices)
    shortest = charging_schedules(battery, times, basis="z", **formula)
    whole = charging_schedules(battery, times, basis="y", **formula)
    circuits = {}
    for index, (seen, schedule) in enumerate(zip(shortest, whole, strict=True)):
        if seen.num_zz_layers == 0 < schedule.num_zz_layers:
            circuit = _circuit(schedule.axes, schedule.angles, schedule.num_qubits, "z")
            circuit.name = f"charging_guide_{index}"
            circuit.metadata = {"time": schedule.time, **_metadata(battery, "z", formula)}
            circuits[index] = circuit
    return circuits


def build_charging_sweeps(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    *,
    num_steps: int = 8,
    order: int = 2,
    basis: Basis = "z",
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
) -> list[ChargingSweep]:
    """Return the circuits of `build_charging_circuits` with the angles as parameters.

    All times of one shape (nearly always every time but t = 0) share a circuit, which is built,
    compiled and submitted once.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy, strictly increasing, from 0 upwards.
        num_steps: number of slices of the pulse in each circuit.
        order: order of accuracy of the product formula: 1, 2, 4 or 6.
        basis: "z", "y" or "x".
        frame: "mean-field", "drive" or "lab".
        spacing: "time" or "area".
        slices: "each" or "shared"; shared slices give each number of slices a shape of its own.

    Returns:
        One sweep for each shape; ``(sweep.circuit, sweep.angles)`` is a sampler's pub.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range.

    Examples:
        >>> import numpy as np
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> battery = RosenZenerBattery(
        ...     num_qubits=4, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> times = np.linspace(0.0, 0.3, 11)
        >>> [sweep.angles.shape for sweep in build_charging_sweeps(battery, times, num_steps=3)]
        [(1, 0), (10, 7)]
    """
    formula = Formula(num_steps=num_steps, order=order, frame=frame, spacing=spacing, slices=slices)
    schedules = charging_schedules(battery, times, basis=basis, **formula)
    groups: dict[tuple[Axis, ...], list[int]] = {}
    for index, schedule in enumerate(schedules):
        groups.setdefault(schedule.axes, []).append(index)
    sweeps = []
    for axes, members in groups.items():
        parameters = ParameterVector("angle", len(axes))
        circuit = _circuit(axes, list(parameters), battery.num_qubits, basis)
        circuit.name = f"charging_{basis}"
        circuit.metadata = _metadata(battery, basis, formula)
        circuit.metadata["times"] = [schedules[index].time for index in members]
        angles = np.array([schedules[index].angles for index in members], dtype=np.float64)
        sweeps.append(ChargingSweep(circuit, angles, np.array(members, dtype=np.int64)))
    return sweeps


def _metadata(battery: RosenZenerBattery, basis: Basis, formula: Formula) -> dict[str, Any]:
    return {"battery": battery.to_dict(), "basis": basis, **formula}


def _circuit(
    axes: Sequence[Axis], angles: Sequence[Any], num_qubits: int, basis: Basis
) -> QuantumCircuit:
    """Return the measured circuit of the layers, with numbers or parameters for angles."""
    cells = QuantumRegister(num_qubits, "q")
    outcome = ClassicalRegister(num_qubits, CREGISTER)
    circuit = QuantumCircuit(cells, outcome)
    for axis, angle in zip(axes, angles, strict=True):
        if axis == "x":
            circuit.rx(angle, cells)
        elif axis == "z":
            circuit.rz(-angle, cells)
        else:
            circuit.append(CollectiveZZGate(num_qubits, angle), cells)
    # With sz = -Z, sy = -Y, sx = X: RX(pi/2) takes sy to sz, RY(pi/2) takes sx to sz.
    if basis == "y":
        circuit.rx(np.pi / 2.0, cells)
    elif basis == "x":
        circuit.ry(np.pi / 2.0, cells)
    circuit.measure(cells, outcome)
    return circuit
