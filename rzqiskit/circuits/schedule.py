"""The layers of a charging circuit, as plain numbers.

Nothing here knows Qiskit: hardware, Aer and the Dicke-space emulator all read the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["BASES", "Axis", "Basis", "ChargingSchedule", "Layer", "merge_layers"]

Axis = Literal["x", "z", "zz"]
Basis = Literal["z", "y", "x"]
BASES: tuple[Basis, ...] = ("z", "y", "x")


@dataclass(frozen=True, slots=True)
class Layer:
    """One collective factor exp(-i angle G), with G = Jx, Jz or Jz^2 for the axis x, z or zz.

    On qubits whose |0> is the ground state (Jz = -1/2 sum Z, Jx = 1/2 sum X): "x" is RX(angle) on
    every qubit, "z" is RZ(-angle) on every qubit, "zz" is RZZ(angle) on every pair.

    Attributes:
        axis: "x", "z" or "zz".
        angle: rad.
    """

    axis: Axis
    angle: float


@dataclass(frozen=True, slots=True)
class ChargingSchedule:
    """The layers that take |0...0> to the charged state at one time.

    Attributes:
        num_qubits: N, number of cells.
        time: charging time, inverse energy.
        num_steps: number of slices of the pulse.
        order: order of accuracy of the formula.
        basis: the basis to be measured; decides whether the last diagonal layers are left out.
        layers: first applied first, adjacent ones of a kind merged, none of angle zero.

    Examples:
        >>> import rzqiskit as rz
        >>> battery = rz.RosenZenerBattery(
        ...     num_qubits=6, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> schedule = rz.charging_schedule(battery, 0.3, num_steps=2)
        >>> schedule.axes
        ('x', 'z', 'zz', 'x')
    """

    num_qubits: int
    time: float
    num_steps: int
    order: int
    basis: Basis
    layers: tuple[Layer, ...]

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axis of each layer: schedules of equal axes are one circuit with other angles."""
        return tuple(layer.axis for layer in self.layers)

    @property
    def angles(self) -> tuple[float, ...]:
        """The angle of each layer, rad."""
        return tuple(layer.angle for layer in self.layers)

    @property
    def num_zz_layers(self) -> int:
        """Number of all-pairs layers, the whole two-qubit cost."""
        return sum(layer.axis == "zz" for layer in self.layers)


def merge_layers(layers: Iterable[Layer], *, keep_last: bool) -> tuple[Layer, ...]:
    """Return the layers merged as far as they commute, without those that act as a phase.

    Args:
        layers: first applied first, of any angles.
        keep_last: whether diagonal layers at the end are kept; they commute with a Z measurement.

    Returns:
        The layers that are left, none of angle zero; the first one is an x layer.

    Examples:
        >>> layers = [Layer("zz", 1.0), Layer("x", 0.5), Layer("x", 0.25), Layer("z", 1.0)]
        >>> merge_layers(layers, keep_last=False)
        (Layer(axis='x', angle=0.75),)
    """
    # Runs of [x angle] and [z angle, zz angle], alternating.
    runs: list[dict[Axis, float]] = []
    for layer in layers:
        if layer.angle == 0.0:
            continue
        axes: tuple[Axis, ...] = ("x",) if layer.axis == "x" else ("z", "zz")
        if not (runs and layer.axis in runs[-1]):
            runs.append(dict.fromkeys(axes, 0.0))
        runs[-1][layer.axis] += layer.angle
        if not any(runs[-1].values()):
            runs.pop()
    if runs and "x" not in runs[0]:
        runs.pop(0)
    if runs and not keep_last and "x" not in runs[-1]:
        runs.pop()
    return tuple(Layer(axis, angle) for run in runs for axis, angle in run.items() if angle != 0.0)
