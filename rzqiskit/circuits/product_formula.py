r"""The product-formula schedule of a charging run, as plain numbers.

H(t) = f(t) Jx + Delta Jz + g Jz^2 is written in an interaction picture (`frames`) and cut into
slices, each of them a splitting method (`splittings`). What comes out is always the same kind of
circuit: rotations of all cells, and between them diagonal layers

    ... exp(-i x Jx)  exp(-i (z Jz + zz Jz^2))  exp(-i x' Jx)  exp(-i (z' Jz + zz' Jz^2)) ...

Nothing here knows Qiskit: hardware, Aer and the Dicke-space emulator all read the same numbers.
"""

from __future__ import annotations

from typing import Literal, TypedDict

import numpy as np
import numpy.typing as npt

from rzqiskit.circuits.frames import FRAMES, Frame, euler_angles, mean_field
from rzqiskit.circuits.matching import match_layers
from rzqiskit.circuits.moments import MOMENT_FORMULAS, pulse_moments
from rzqiskit.circuits.schedule import BASES, Axis, Basis, ChargingSchedule, Layer, merge_layers
from rzqiskit.circuits.splittings import ORDERS, Splitting, find_splitting
from rzqiskit.model import RosenZenerBattery, check_battery
from rzqiskit.validation import (
    FloatArray,
    check_choice,
    check_non_negative,
    check_positive_integer,
    check_times,
)

__all__ = [
    "BASES",
    "FRAMES",
    "ORDERS",
    "SLICES",
    "SPACINGS",
    "Axis",
    "Basis",
    "ChargingSchedule",
    "Formula",
    "Frame",
    "Layer",
    "Slices",
    "Spacing",
    "charging_schedule",
    "charging_schedules",
]

Spacing = Literal["time", "area"]
SPACINGS: tuple[Spacing, ...] = ("time", "area")
Slices = Literal["each", "shared"]
SLICES: tuple[Slices, ...] = ("each", "shared")
_AREA_GRID = 2049
# Of the two of order 4, the one with smaller errors for its number of all-pairs layers.
LAB_FORMULA = MOMENT_FORMULAS[9]


class Formula(TypedDict, total=False):
    """The options of `charging_schedules` that choose the product formula."""

    num_steps: int
    order: int
    frame: Frame
    spacing: Spacing
    slices: Slices


def charging_schedule(
    battery: RosenZenerBattery,
    time: float,
    *,
    num_steps: int,
    order: int = 2,
    basis: Basis = "z",
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    horizon: float | None = None,
) -> ChargingSchedule:
    """Return the layers that charge `battery` from t = 0 to `time`.

    Args:
        battery: what is charged.
        time: charging time, inverse energy. After the pulse only Delta Jz acts (Eq. 1): the rest is
            one exact z layer, whatever `num_steps`.
        num_steps: number of slices that cover the pulse up to `time`.
        order: order of accuracy: 1 (Lie), 2 (Strang), 4 or 6 (Blanes and Moan, of 6 and 10
            diagonal layers a slice; order 4 has 4 in the frame "lab", and order 6 none there).
        basis: the basis to be measured. The first diagonal layers only give |0...0> a phase and
            are always left out; the last ones commute with a Z measurement and are kept for
            "y" and "x", where the layers give the whole state up to a phase.
        frame: "mean-field" takes all but the squeezing exactly and needs the fewest layers: at
            order 2, and with slices of its own, the layers' axes and weights are those that make
            the squeezing of the whole run right to second order (`matching`). "drive" takes only
            the pulse, the usual formula (`frames`), and "lab" nothing: at order 4 it is the
            commutator-free formula of pulse moments (`moments`), else the same as "drive".
        spacing: slices of equal "time", or of equal pulse "area" (of abs(f); of equal time where
            there is no pulse). Equal areas pay only where f is nowhere small: a slice across a
            dark stretch stays long however many there are.
        horizon: None for `num_steps` slices up to `time` itself. Otherwise the slices cover the
            pulse up to this later time, those after `time` are left out and the one it falls into
            is cut: schedules of one horizon begin alike, and early ones are short.

    Returns:
        The schedule; no layers at all at `time` = 0.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a negative time, no slices, an unknown order, basis, frame or spacing, a
            horizon before the time, order 6 in the frame "lab".

    Notes:
        Strang and Lie differ by the first and last layer only, so in the Z basis they are the
        same circuit, with num_steps - 1 all-pairs layers, unless Strang's are matched. Where a
        derivative of f jumps inside a slice (`Drive.breakpoints`), orders above 2 fall back to
        that of the jump.

    Examples:
        >>> import numpy as np
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> battery = RosenZenerBattery(
        ...     num_qubits=10, drive=SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
        ... )
        >>> schedule = charging_schedule(battery, 0.1 * np.pi, num_steps=2, frame="drive")
        >>> for layer in schedule.layers:
        ...     print(f"{layer.axis:>2} {layer.angle:.6f}")
         x 1.570796
         z 0.157080
        zz 0.062832
         x 1.570796
    """
    check_battery(battery)
    duration = check_non_negative("time", time)
    num_steps = check_positive_integer("num_steps", num_steps)
    splitting = find_splitting(order)
    basis = check_choice("basis", basis, BASES)
    frame = check_choice("frame", frame, FRAMES)
    if frame == "lab" and order == 6:
        raise ValueError("`order` must be at most 4 in the frame 'lab', got 6.")
    spacing = check_choice("spacing", spacing, SPACINGS)
    span = duration if horizon is None else check_non_negative("horizon", horizon)
    if span < duration:
        raise ValueError(f"`horizon` must not be before `time` = {duration:g}, got {span:g}.")
    pulse_end = min(duration, battery.drive.duration)
    edges = _edges(battery, min(span, battery.drive.duration), num_steps, spacing)
    edges = _cut(edges, pulse_end)
    if frame == "lab" and order == 4:
        layers = _lab_layers(battery, edges)
    elif frame != "mean-field" or battery.level_splitting == _pair_coefficient(battery) == 0.0:
        layers = _drive_layers(battery, *_nodes(edges, splitting))
    else:
        matched = order == 2 and horizon is None
        layers = _mean_field_layers(battery, edges, splitting, matched=matched)
    # The interaction ends with the pulse.
    layers.append(Layer("z", battery.level_splitting * (duration - pulse_end)))
    return ChargingSchedule(
        num_qubits=battery.num_qubits,
        time=duration,
        num_steps=num_steps,
        order=order,
        basis=basis,
        layers=merge_layers(layers, keep_last=basis != "z"),
    )


def charging_schedules(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    *,
    num_steps: int,
    order: int = 2,
    basis: Basis = "z",
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
) -> list[ChargingSchedule]:
    """Return the schedule of each time.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy, strictly increasing, from 0 upwards.
        num_steps: number of slices: up to each time, or up to the last one.
        order: see `charging_schedule`.
        basis: see `charging_schedule`.
        frame: see `charging_schedule`.
        spacing: see `charging_schedule`.
        slices: "each" time has `num_steps` slices of its own, or all have a "shared" grid of
            `num_steps` slices up to the last time, of which early times use only the first.

    Returns:
        One schedule for each time.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> battery = RosenZenerBattery(
        ...     num_qubits=10, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> for slices in ("each", "shared"):
        ...     schedules = charging_schedules(battery, [0.1, 0.2, 0.3], num_steps=6, slices=slices)
        ...     print([schedule.num_zz_layers for schedule in schedules])
        [5, 5, 5]
        [1, 3, 5]
    """
    check_battery(battery)
    checked = check_times(times).tolist()
    horizon = checked[-1] if check_choice("slices", slices, SLICES) == "shared" else None
    return [
        charging_schedule(
            battery, time, num_steps=num_steps, order=order, basis=basis, frame=frame,
            spacing=spacing, horizon=horizon,
        )
        for time in checked
    ]  # fmt: skip


def _pair_coefficient(battery: RosenZenerBattery) -> float:
    # Jz^2 of a single cell is a number.
    return battery.jz_squared_coefficient if battery.num_qubits > 1 else 0.0


def _edges(
    battery: RosenZenerBattery, pulse_end: float, num_steps: int, spacing: Spacing
) -> FloatArray:
    """Return the ends of the slices, shape (num_steps + 1,)."""
    edges = np.linspace(0.0, pulse_end, num_steps + 1)
    if spacing == "time":
        return edges
    drive = battery.drive
    ends = np.array([0.0, *(mark for mark in drive.landmarks if mark < pulse_end), pulse_end])
    # As many points in a narrow peak as in the rest of the window.
    num = max(_AREA_GRID // (ends.size - 1), 2)
    inner = np.linspace(ends[:-1], ends[1:], num, axis=-1).ravel()
    grid = np.union1d(np.linspace(0.0, pulse_end, _AREA_GRID), inner)
    strength = np.abs(drive.value(grid))
    area = np.concatenate(([0.0], np.cumsum(np.diff(grid) * (strength[1:] + strength[:-1]) / 2.0)))
    if area[-1] > 0.0:
        edges[1:-1] = np.interp(np.arange(1, num_steps) / num_steps, area / area[-1], grid)
    return edges


def _cut(edges: FloatArray, end: float) -> FloatArray:
    """Return the edges up to `end`, which becomes the last one."""
    # An edge that is `end` but for rounding must not leave a sliver behind it.
    tolerance = 1e-9 * (edges[1] - edges[0])
    inside = edges[edges < end - tolerance] if end > 0.0 else edges[:1]
    return np.append(inside, end)


def _nodes(edges: FloatArray, splitting: Splitting) -> tuple[FloatArray, FloatArray]:
    """Return the times at which the diagonal part acts, and its weights there.

    Both of shape (num_steps * s + 1,) for s advances a slice: slices share their end nodes.
    """
    fractions = np.cumsum(splitting.advance)
    widths = np.diff(edges)
    inner = edges[:-1, None] + widths[:, None] * fractions
    inner[:, -1] = edges[1:]
    after = widths[:, None] * np.array(splitting.weights[1:])
    weights = np.concatenate(([0.0], after.ravel()))
    weights[: -1 : len(fractions)] += widths * splitting.weights[0]
    return np.concatenate((edges[:1], inner.ravel())), weights


def _diagonal(z: float, zz: float) -> list[Layer]:
    return [Layer("z", z), Layer("zz", zz)]


def _drive_layers(
    battery: RosenZenerBattery, times: FloatArray, weights: FloatArray
) -> list[Layer]:
    splitting, coefficient = battery.level_splitting, _pair_coefficient(battery)
    areas = np.asarray(battery.drive.area(times[:-1], times[1:]))
    layers: list[Layer] = []
    for weight, area in zip(weights[1:].tolist(), areas.tolist(), strict=True):
        layers.append(Layer("x", area))
        layers += _diagonal(splitting * weight, coefficient * weight)
    return layers


def _lab_layers(battery: RosenZenerBattery, edges: FloatArray) -> list[Layer]:
    splitting, coefficient = battery.level_splitting, _pair_coefficient(battery)
    rotations = LAB_FORMULA.rotations(pulse_moments(battery.drive, edges)).tolist()
    layers: list[Layer] = []
    for width, (first, *others) in zip(np.diff(edges).tolist(), rotations, strict=True):
        layers.append(Layer("x", first))
        for weight, angle in zip(LAB_FORMULA.weights, others, strict=True):
            layers += _diagonal(splitting * weight * width, coefficient * weight * width)
            layers.append(Layer("x", angle))
    return layers


def _mean_field_layers(
    battery: RosenZenerBattery, edges: FloatArray, splitting: Splitting, *, matched: bool
) -> list[Layer]:
    coefficient = _pair_coefficient(battery)
    path = mean_field(battery)
    if coefficient == 0.0:
        # Nothing but rotations: one of them is exact.
        (rotation,) = path.rotations(edges[[0, -1]]).tolist()
        return _euler_layers(*rotation)
    if matched and edges[-1] > 0.0:
        found = match_layers(battery, path, edges)
        rotations = euler_angles(found.a, found.b)
        weights = np.append(found.weights, found.last_weight)
        imbalance = np.append(found.imbalance, path.imbalance(edges[-1:]))
    else:
        times, weights = _nodes(edges, splitting)
        rotations, weights = path.rotations(times), weights[1:]
        imbalance = path.imbalance(times)[1:]
    field = coefficient * (battery.num_qubits - 1) * imbalance
    rows = zip(rotations.tolist(), weights.tolist(), field.tolist(), strict=True)
    layers: list[Layer] = []
    for rotation, weight, strength in rows:
        layers += _euler_layers(*rotation)
        layers += _diagonal(strength * weight, coefficient * weight)
    return layers


def _euler_layers(first: float, x: float, last: float) -> list[Layer]:
    return [Layer("z", first), Layer("x", x), Layer("z", last)]
