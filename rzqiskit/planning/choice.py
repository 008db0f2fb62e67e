"""Choosing the product formula, its slices and the shots for a target error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.circuits.product_formula import Frame
from rzqiskit.model import RosenZenerBattery
from rzqiskit.planning.budget import (
    MAX_SHOTS,
    Candidate,
    ErrorBudget,
    PlannedMetric,
    Problem,
    check_metric,
    check_planned_battery,
    check_shots,
    planned_times,
)
from rzqiskit.planning.shot_errors import fewest_shots
from rzqiskit.validation import check_positive, check_positive_integer

__all__ = ["MAX_ZZ_LAYERS", "Plan", "plan"]

MAX_ZZ_LAYERS = 64
"""Longest circuit tried if nothing else is asked for, in all-pairs layers."""

_CANDIDATES: tuple[tuple[Frame, int], ...] = (
    ("mean-field", 2),
    ("mean-field", 4),
    ("mean-field", 6),
)


@dataclass(frozen=True, slots=True)
class Plan(ErrorBudget):
    """A product formula with its expected errors.

    Attributes:
        target_error: the error asked for, in the unit of the metric.
        frame: interaction picture, see `charging_schedule`.
        order: order of accuracy of the formula.
        num_steps: slices of each circuit.
        shots: shots of each circuit.

    Examples:
        >>> import rzqiskit as rz
        >>> battery = rz.RosenZenerBattery(num_qubits=6, drive=rz.SineSquaredDrive(20.0, 0.3))
        >>> chosen = rz.plan(battery, target_error=0.1)
        >>> chosen.is_reachable, chosen.num_zz_layers  # without interaction no layer is needed
        (True, 0)
    """

    target_error: float
    frame: Frame
    order: int
    num_steps: int
    shots: int

    @property
    def is_reachable(self) -> bool:
        """Whether the total error is within the target."""
        return self.total_error <= self.target_error * (1.0 + 1e-9)


def plan(
    battery: RosenZenerBattery,
    *,
    target_error: float,
    metric: PlannedMetric = "stored_energy",
    times: npt.ArrayLike | None = None,
    backend: Any = None,
    shots: int | None = None,
    max_zz_layers: int = MAX_ZZ_LAYERS,
) -> Plan:
    """Return the cheapest product formula and shots for a target error.

    Args:
        battery: what is to be charged.
        target_error: largest error allowed of `metric` at any time, bias and error of the shots
            added in squares; in the unit of the metric.
        metric: "stored_energy", "energy_fluctuation" or "diagonal_entropy".
        times: shape (num_times,), at which the error counts, inverse energy; 16 equal ones up to
            the end of the pulse when None.
        backend: a device, or anything with a ``target`` that holds its calibration. Without one
            the plan has the fewest all-pairs layers that reach the target, with one the number of
            slices with the least bias: more of them only add noise.
        shots: shots of each circuit; as many as the target takes when None, and 10**12 at most.
        max_zz_layers: longest circuit tried.

    Returns:
        The plan; `is_reachable` tells whether it meets the target. If nothing that was tried does,
        it is the one with the least bias, with shots for a standard error of the target's size.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range; a battery of more than 4096 cells, or too large for
            the device.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=10, drive=SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
        ... )
        >>> best = plan(battery, target_error=0.02)
        >>> best.frame, best.order, best.num_zz_layers, best.is_reachable
        ('mean-field', 2, 1, True)
    """
    battery, metric = check_planned_battery(battery), check_metric(metric)
    target_error = check_positive("target_error", target_error)
    shots = None if shots is None else check_shots(shots)
    most = check_positive_integer("max_zz_layers", max_zz_layers)
    problem = Problem(battery, metric, planned_times(battery, times), backend)
    if backend is None:
        allowed = target_error / np.sqrt(2.0)
        if shots is not None:
            noise = problem.shot_error(problem.exact_populations, shots)
            allowed = np.sqrt(max(target_error**2 - noise**2, 0.0)) or allowed
        chosen = _shortest(problem, allowed, most)
    else:
        chosen = _least_biased(problem, most)
    if shots is None:
        shots = _shots_for(problem, chosen, target_error)
    return Plan(
        metric=metric,
        target_error=target_error,
        frame=chosen.frame,
        order=chosen.order,
        num_steps=chosen.num_steps,
        num_zz_layers=chosen.num_zz_layers,
        num_two_qubit_gates=chosen.num_two_qubit_gates,
        shots=shots,
        trotter_error=chosen.trotter_error,
        device_error=chosen.device_error,
        bias=chosen.bias,
        shot_error=problem.shot_error(chosen.populations, shots),
    )


def _shots_for(problem: Problem, chosen: Candidate, target: float) -> int:
    """Return the shots that bias and their own error together leave within `target`."""
    room = target
    if chosen.bias < target:  # as a product: the square of a tiny target is zero
        room = math.sqrt(target - chosen.bias) * math.sqrt(target + chosen.bias)
    return fewest_shots(
        problem.metric,
        chosen.populations,
        room,
        level_splitting=problem.battery.level_splitting,
        most=MAX_SHOTS,
    )


def _shortest(problem: Problem, allowed: float, most: int) -> Candidate:
    """Return the candidate of fewest layers within `allowed`, or else of least bias."""
    best: Candidate | None = None
    closest: Candidate | None = None
    for frame, order in _CANDIDATES:
        limit = most if best is None else best.num_zz_layers - 1
        for candidate in problem.candidates(frame, order, limit):
            if closest is None or candidate.bias < closest.bias:
                closest = candidate
            if candidate.bias <= allowed:
                best = candidate
                break
    chosen = best or closest
    if chosen is None:
        raise ValueError(f"`max_zz_layers` must leave room for one slice, got {most}.")
    return chosen


def _least_biased(problem: Problem, most: int) -> Candidate:
    """Return the candidate of least bias on the device."""
    best: Candidate | None = None
    # Order 2 alone has candidates of one layer and of none, where devices are at their best.
    for candidate in problem.candidates(*_CANDIDATES[0], most):
        if best is None or candidate.bias < best.bias:
            best = candidate
        # The noise only grows with the slices, and alone is past the best by now.
        if candidate.device_error > 2.0 * best.bias:
            break
    if best is None:
        raise ValueError(f"`max_zz_layers` must leave room for one slice, got {most}.")
    return best
