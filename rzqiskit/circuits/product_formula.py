r"""The product-formula schedule of a charging run, as plain numbers.

H(t) = f(t) Jx + D with D = Delta Jz + g Jz^2. The drive commutes with itself at all times, so its
propagator over any interval is one rotation by the exact pulse area; D is constant. A slice is a
palindrome (or a pair) of such factors,

    exp(-i b_1 h D) exp(-i A_1 Jx) exp(-i b_2 h D) ... exp(-i A_s Jx) exp(-i b_{s+1} h D),

read from the first layer applied to the last. Time is carried by the drive: the area A_j is that
of f over the j-th interval of widths a_1 h, ..., a_s h laid end to end from the start of the slice
(a negative width runs back). With time as a coordinate of its own this is a splitting of an
autonomous system into two exactly solved parts, so every splitting method keeps its order for a
time-dependent f (Hatano, Suzuki, Lect. Notes Phys. 679, 37 (2005), section 5).

Nothing here knows Qiskit: hardware, Aer and the Dicke-space emulator all read the same numbers.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rzqiskit.validation import check_choice, check_non_negative, check_positive_integer

if TYPE_CHECKING:
    from rzqiskit.model import RosenZenerBattery

__all__ = ["BASES", "ORDERS", "Basis", "ChargingSchedule", "Layer", "charging_schedule"]

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


@dataclass(frozen=True, slots=True)
class Splitting:
    """Coefficients of one slice, in units of its width; each row sums to 1.

    Attributes:
        drive: a_1 ... a_s, widths of the drive's intervals.
        diagonal: b_1 ... b_{s+1}, weights of D around them.
    """

    drive: tuple[float, ...]
    diagonal: tuple[float, ...]


def _suzuki_fourth_order() -> Splitting:
    # Five Strang slices p, p, 1 - 4p, p, p with p = 1/(4 - 4^(1/3)); the third runs back in time.
    p = 1.0 / (4.0 - 4.0 ** (1.0 / 3.0))
    widths = (p, p, 1.0 - 4.0 * p, p, p)
    inner = tuple(0.5 * (left + right) for left, right in itertools.pairwise(widths))
    return Splitting(drive=widths, diagonal=(0.5 * p, *inner, 0.5 * p))


# Order 1 puts D first: from |0...0> it is a phase, so the formula costs one layer less than Jx
# first would in a Y or X basis.
_SPLITTINGS: dict[int, Splitting] = {
    1: Splitting(drive=(1.0,), diagonal=(1.0, 0.0)),
    2: Splitting(drive=(1.0,), diagonal=(0.5, 0.5)),
    4: _suzuki_fourth_order(),
}
ORDERS: tuple[int, ...] = tuple(_SPLITTINGS)


def charging_schedule(
    battery: RosenZenerBattery,
    time: float,
    *,
    num_steps: int,
    order: int,
    basis: Basis = "z",
) -> ChargingSchedule:
    """Return the layers that charge `battery` from t = 0 to `time`.

    Args:
        battery: what is charged.
        time: charging time, inverse energy. After the pulse has ended, H is diagonal and the
            rest is one exact layer, whatever `num_steps`.
        num_steps: number of slices of equal width that cover the pulse up to `time`.
        order: order of accuracy: 1 (Lie), 2 (Strang) or 4 (Suzuki).
        basis: the basis to be measured. The first diagonal layers only give |0...0> a phase and
            are always left out; the last ones commute with a Z measurement and are kept for
            "y" and "x", where the layers give the whole state up to a phase.

    Returns:
        The schedule; no layers at all at `time` = 0.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a negative time, no slices, an unknown order or basis.

    Notes:
        Strang and Lie differ by the first and last layer only, so in the Z basis they are the
        same circuit, with num_steps - 1 all-pairs layers. Where a derivative of f jumps inside a
        slice (`Drive.breakpoints`), orders above 2 fall back to that of the jump.

    References:
        M. Suzuki, Phys. Lett. A 146, 319 (1990).

    Examples:
        >>> import numpy as np
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> battery = RosenZenerBattery(
        ...     num_qubits=10, drive=SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
        ... )
        >>> schedule = charging_schedule(battery, 0.1 * np.pi, num_steps=2, order=2)
        >>> for layer in schedule.layers:
        ...     print(f"{layer.axis:>2} {layer.angle:.6f}")
         x 1.570796
         z 0.157080
        zz 0.062832
         x 1.570796
    """
    duration = check_non_negative("time", time)
    num_steps = check_positive_integer("num_steps", num_steps)
    order = check_positive_integer("order", order)
    if order not in _SPLITTINGS:
        listed = ", ".join(map(str, _SPLITTINGS))
        raise ValueError(f"`order` must be one of {listed}, got {order}.")
    basis = check_choice("basis", basis, BASES)
    factors = _factors(battery, duration, num_steps, _SPLITTINGS[order])
    return ChargingSchedule(
        num_qubits=battery.num_qubits,
        time=duration,
        num_steps=num_steps,
        order=order,
        basis=basis,
        layers=_layers(battery, factors, keep_last=basis != "z"),
    )


def _factors(
    battery: RosenZenerBattery, time: float, num_steps: int, splitting: Splitting
) -> list[tuple[bool, float]]:
    """Return (is_drive, pulse area or duration of D) of every factor, first applied first."""
    drive = battery.drive
    pulse_end = min(time, drive.duration)
    edges = np.linspace(0.0, pulse_end, num_steps + 1)
    fractions = np.concatenate(([0.0], np.cumsum(splitting.drive)))
    fractions[-1] = 1.0
    # Shape (num_steps, s + 1): the ends of the drive's intervals; neighbours share theirs, so
    # that the areas of a slice add up to the slice's own.
    ends = edges[:-1, None] + np.diff(edges)[:, None] * fractions
    ends[:, -1] = edges[1:]
    areas = np.asarray(drive.area(ends[:, :-1], ends[:, 1:]))
    width = pulse_end / num_steps
    factors: list[tuple[bool, float]] = []
    for row in areas:
        factors.append((False, splitting.diagonal[0] * width))
        for area, weight in zip(row, splitting.diagonal[1:], strict=True):
            factors.append((True, float(area)))
            factors.append((False, weight * width))
    factors.append((False, time - pulse_end))
    return factors


def _layers(
    battery: RosenZenerBattery, factors: list[tuple[bool, float]], *, keep_last: bool
) -> tuple[Layer, ...]:
    """Return the merged layers of `factors` without those that act as a phase."""
    splitting, coefficient = battery.level_splitting, battery.jz_squared_coefficient
    if battery.num_qubits == 1:
        coefficient = 0.0  # Jz^2 of a single cell is a number
    free = splitting == 0.0 and coefficient == 0.0
    merged: list[tuple[bool, float]] = []
    for is_drive, amount in factors:
        if amount == 0.0 or (free and not is_drive):
            continue
        if merged and merged[-1][0] == is_drive:
            amount += merged.pop()[1]
            if amount == 0.0:
                continue
        merged.append((is_drive, amount))
    if merged and not merged[0][0]:
        merged.pop(0)
    if merged and not keep_last and not merged[-1][0]:
        merged.pop()
    layers: list[Layer] = []
    for is_drive, amount in merged:
        if is_drive:
            layers.append(Layer("x", amount))
            continue
        pair: tuple[tuple[Axis, float], ...] = (("z", splitting), ("zz", coefficient))
        layers += [Layer(axis, amount * rate) for axis, rate in pair if amount * rate != 0.0]
    return tuple(layers)
