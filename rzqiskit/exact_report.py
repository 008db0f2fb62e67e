"""What a run of the exact solver tells of itself: attributes of the result, and why it failed."""

from __future__ import annotations

from typing import Any

import numpy as np

from rzqiskit.drives import Drive
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray

__all__ = [
    "failure",
    "held_tolerance",
    "largest_power_tolerance",
    "power_tolerance",
    "report_attributes",
]

_STATUS = {
    2: "`max_steps` = {} steps did not reach the last time",
    3: "the state needs more than `max_levels` = {} levels of the frame",
}


def report_attributes(report: FloatArray) -> dict[str, Any]:
    """Return the attributes that `report`, shape (9,), holds."""
    return {
        "num_levels": int(report[0]),
        "num_steps": int(report[1]),
        "num_rejected_steps": int(report[2]),
        "truncation_weight": float(report[3]),
        "norm_drift": float(report[4]),
    }


def held_tolerance(tolerance: float, report: FloatArray) -> float:
    """Return the bound on the error of the metrics but P_I that a run held, in their own units.

    Rounding adds up over the steps of a long pulse, however short they are.

    Args:
        tolerance: what was asked for.
        report: shape (9,), what the solver tells of the run.
    """
    from rzqiskit.dicke.solver import ROUNDING

    return max(tolerance, ROUNDING * float(report[1]))


def power_tolerance(
    tolerance: float, report: FloatArray, drive: Drive, level_splitting: float
) -> float:
    """Return the bound on the error of P_I that a run held, in units of N Delta^2.

    P_I = Delta f <Jy> is max|f| / Delta times as sensitive as <Jy> / N, which is rounded in every
    step.

    Args:
        tolerance: what was asked for.
        report: shape (9,), what the solver tells of the run.
        drive: the pulse.
        level_splitting: Delta, energy.
    """
    from rzqiskit.dicke.pulses import encode_drive, peak_and_area
    from rzqiskit.dicke.solver import FLOOR, LONG, ROUNDING, SAFETY

    num_steps, local = float(report[1]), float(report[5])
    if level_splitting == 0.0:
        return tolerance
    rounding = ROUNDING * num_steps
    if local <= FLOOR:
        # Local errors at the floor add up to 1 / SAFETY of it over LONG steps, more in longer runs.
        rounding = max(rounding, local / SAFETY * max(1.0, num_steps / LONG))
    peak, _ = peak_and_area(*encode_drive(drive))
    return max(tolerance, rounding * max(1.0, float(peak) / level_splitting))


def largest_power_tolerance(tolerance: float, report: FloatArray, grid: BatteryGrid) -> float:
    """Return the largest `power_tolerance` of a grid.

    Args:
        tolerance: what was asked for.
        report: shape (size, 9), what the solver tells of each battery.
        grid: the batteries.
    """
    from rzqiskit.dicke.solver import FLOOR, ROUNDING, SAFETY

    delta = grid.parameter("level_splitting")
    num_steps, local = report[:, 1], report[:, 5]
    # Short of the floor `local` is at most SAFETY tolerance / strength: above this line what a
    # battery rounds is within the tolerance.
    at_limit = (local <= np.maximum(FLOOR, ROUNDING * SAFETY * num_steps)) & (delta > 0.0)
    if not at_limit.any():
        return tolerance
    # Of batteries that share a drive, the smallest Delta and the most steps stand for all.
    numbers = grid.drive_numbers()
    held = tolerance
    for number in np.unique(numbers[at_limit]):
        same = np.flatnonzero(at_limit & (numbers == number))
        drive = grid.battery(int(same[0])).drive
        worst, smallest = report[same].max(axis=0), float(delta[same].min())
        worst[5] = local[same].min()
        held = max(held, power_tolerance(tolerance, worst, drive, smallest))
    return held


def failure(
    status: int, limits: tuple[int, int], battery: RosenZenerBattery, report: FloatArray
) -> str:
    """Return why a run stopped early, and where."""
    reason = _STATUS[status].format(limits[1] if status == 2 else limits[0])
    return (
        f"{reason}: stopped at t = {report[7]:.6g} with {report[0]:.0f} levels "
        f"(`num_qubits` = {battery.num_qubits}, `interaction` = {battery.interaction:g})."
    )
