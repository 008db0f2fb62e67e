r"""Choosing the product formula, its slices and the shots for a target error.

Nothing is estimated that can be computed: the Dicke-space emulator runs the very schedules that
the circuits would, so the Trotter error of a candidate is its error. A device enters by what its
calibration leaves of a cell's polarisation (`execution.survival`): each bit is flipped with that
probability, which blurs the populations, and with them every metric.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from rzqiskit import metrics
from rzqiskit.circuits.product_formula import Frame, charging_schedule
from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import (
    FloatArray,
    check_choice,
    check_positive,
    check_positive_integer,
    check_times,
)

__all__ = ["PLANNED_METRICS", "Plan", "plan"]

PlannedMetric = Literal["stored_energy", "energy_fluctuation", "diagonal_entropy"]
PLANNED_METRICS: tuple[PlannedMetric, ...] = (
    "stored_energy",
    "energy_fluctuation",
    "diagonal_entropy",
)
_NUM_TIMES = 16
_CANDIDATES: tuple[tuple[Frame, int], ...] = (
    ("mean-field", 2),
    ("drive", 2),
    ("mean-field", 4),
    ("mean-field", 6),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A product formula with its expected errors, each the largest over the times.

    Attributes:
        metric: what is to be measured.
        target_error: the error asked for, in the unit of the metric.
        frame: interaction picture, see `charging_schedule`.
        order: order of accuracy of the formula.
        num_steps: slices of each circuit.
        num_zz_layers: all-pairs layers of a Z-basis circuit.
        num_two_qubit_gates: two-qubit gates of it on the device; None without one.
        shots: shots of each circuit.
        trotter_error: error of the exact probabilities of the circuits.
        device_error: change by the device's noise; 0 without a device.
        bias: error of both together, of either sign.
        shot_error: one standard error of a measured point.
    """

    metric: PlannedMetric
    target_error: float
    frame: Frame
    order: int
    num_steps: int
    num_zz_layers: int
    num_two_qubit_gates: int | None
    shots: int
    trotter_error: float
    device_error: float
    bias: float
    shot_error: float

    @property
    def total_error(self) -> float:
        """Bias and shot error, added in squares."""
        return float(np.hypot(self.bias, self.shot_error))

    @property
    def is_reachable(self) -> bool:
        """Whether the total error is within the target."""
        return self.total_error <= self.target_error * (1.0 + 1e-9)


@dataclass(frozen=True, slots=True)
class _Candidate:
    frame: Frame
    order: int
    num_steps: int
    num_zz_layers: int
    num_two_qubit_gates: int | None
    trotter_error: float
    device_error: float
    bias: float
    spread: float  # standard deviation of a single shot


def plan(
    battery: RosenZenerBattery,
    *,
    target_error: float,
    metric: PlannedMetric = "stored_energy",
    times: npt.ArrayLike | None = None,
    backend: Any = None,
    shots: int | None = None,
    max_zz_layers: int = 64,
) -> Plan:
    """Return the cheapest product formula and shots for a target error.

    Args:
        battery: what is to be charged.
        target_error: largest error allowed of `metric` at any time, bias and one standard error
            added in squares; in the unit of the metric.
        metric: "stored_energy", "energy_fluctuation" or "diagonal_entropy".
        times: shape (num_times,), at which the error counts, inverse energy; 16 equal ones up to
            the end of the pulse when None.
        backend: a device, or anything with a ``target`` that holds its calibration. Without one
            the plan has the fewest all-pairs layers that reach the target, with one the number of
            slices with the least bias: more of them only add noise.
        shots: shots of each circuit; as many as the target takes when None.
        max_zz_layers: longest circuit tried.

    Returns:
        The plan; `is_reachable` tells whether it meets the target. If nothing does, it is the one
        with the least bias, with shots for a standard error of the target's size.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range; a device too small for the battery.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=10, drive=SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
        ... )
        >>> best = plan(battery, target_error=0.02)
        >>> best.frame, best.order, best.num_zz_layers, best.is_reachable
        ('mean-field', 2, 1, True)
    """
    if not isinstance(battery, RosenZenerBattery):
        raise TypeError(f"`battery` must be a RosenZenerBattery, got {type(battery).__name__}.")
    target_error = check_positive("target_error", target_error)
    metric = check_choice("metric", metric, PLANNED_METRICS)
    shots = None if shots is None else check_positive_integer("shots", shots)
    most = check_positive_integer("max_zz_layers", max_zz_layers)
    if times is None:
        times = np.linspace(0.0, battery.drive.duration, _NUM_TIMES + 1)[1:]
    problem = _Problem(battery, metric, check_times(times), backend)
    if backend is None:
        allowed = target_error / np.sqrt(2.0)
        if shots is not None:
            noise = problem.exact_spread / np.sqrt(shots)
            allowed = np.sqrt(max(target_error**2 - noise**2, 0.0)) or allowed
        chosen = _shortest(problem, allowed, most)
    else:
        chosen = _least_biased(problem, most)
    if shots is None:
        room = max(target_error**2 - chosen.bias**2, 0.0) or target_error**2
        shots = max(int(np.ceil(chosen.spread**2 / room)), 1)
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
        shot_error=float(chosen.spread / np.sqrt(shots)),
    )


def _shortest(problem: _Problem, allowed: float, most: int) -> _Candidate:
    """Return the candidate of fewest layers within `allowed`, or else of least bias."""
    best: _Candidate | None = None
    closest: _Candidate | None = None
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


def _least_biased(problem: _Problem, most: int) -> _Candidate:
    """Return the candidate of least bias on the device."""
    best: _Candidate | None = None
    for frame, order in _CANDIDATES[:2]:
        for candidate in problem.candidates(frame, order, most):
            if best is None or candidate.bias < best.bias:
                best = candidate
            # The noise only grows with the slices, and alone is past the best by now.
            if candidate.device_error > 2.0 * best.bias:
                break
    if best is None:
        raise ValueError(f"`max_zz_layers` must leave room for one slice, got {most}.")
    return best


class _Problem:
    """The battery, what counts as its error, and what a device makes of its circuits."""

    def __init__(
        self, battery: RosenZenerBattery, metric: PlannedMetric, times: FloatArray, backend: Any
    ) -> None:
        from rzqiskit.exact import evolve_exact

        self.battery, self.metric, self.times, self.backend = battery, metric, times, backend
        populations = evolve_exact(battery, times).population.values
        self.exact = self._metric(populations)
        self.exact_spread = self._spread(populations)
        self._survivals: dict[int, tuple[float, int]] = {}

    def candidates(self, frame: Frame, order: int, most: int) -> Iterator[_Candidate]:
        """Yield candidates of up to `most` layers, shortest first."""
        num_steps = 0
        layers = -1
        while True:
            num_steps += 1
            before = layers
            layers, populations = self._run(frame, order, num_steps)
            # More slices that are no more layers: nothing is left to approximate.
            if layers > most or layers == before:
                return
            ideal = self._metric(populations)
            gates, noisy = None, populations
            if self.backend is not None:
                flip, gates = self._device(frame, order, num_steps, layers)
                noisy = populations @ _flip_matrix(self.battery.num_qubits, flip)
            measured = self._metric(noisy)
            yield _Candidate(
                frame=frame,
                order=order,
                num_steps=num_steps,
                num_zz_layers=layers,
                num_two_qubit_gates=gates,
                trotter_error=float(np.abs(ideal - self.exact).max()),
                device_error=float(np.abs(measured - ideal).max()),
                bias=float(np.abs(measured - self.exact).max()),
                spread=self._spread(noisy),
            )

    def _run(self, frame: Frame, order: int, num_steps: int) -> tuple[int, FloatArray]:
        from rzqiskit.dicke.layers import state_populations
        from rzqiskit.emulator.evolution import evolve_schedule

        populations = np.zeros((self.times.size, self.battery.num_qubits + 1))
        layers = 0
        for index, time in enumerate(self.times.tolist()):
            schedule = charging_schedule(
                self.battery, time, num_steps=num_steps, order=order, frame=frame
            )
            first, window = state_populations(evolve_schedule(schedule))
            populations[index, first : first + window.size] = window
            layers = max(layers, schedule.num_zz_layers)
        return layers, populations

    def _device(self, frame: Frame, order: int, num_steps: int, layers: int) -> tuple[float, int]:
        """Return the flip probability of a bit and the number of two-qubit gates."""
        if layers not in self._survivals:
            from rzqiskit.circuits.charging import build_charging_circuits
            from rzqiskit.circuits.compilation.compiler import compile_circuits
            from rzqiskit.execution.survival import cell_survival

            circuits = build_charging_circuits(
                self.battery, self.times[-1:], num_steps=num_steps, order=order, frame=frame
            )
            (compiled,) = compile_circuits(circuits, self.backend)
            survival = cell_survival(compiled, self.backend.target)
            self._survivals[layers] = survival.flip_probability, survival.num_two_qubit_gates
        return self._survivals[layers]

    def _metric(self, populations: FloatArray) -> FloatArray:
        populations = np.maximum(populations, 0.0)
        if self.metric == "diagonal_entropy":
            return metrics.diagonal_entropy(populations)
        function = getattr(metrics, self.metric)
        values: FloatArray = function(populations, self.battery.level_splitting)
        return values

    def _spread(self, populations: FloatArray) -> float:
        """Return the standard deviation of one shot's share in the estimate, largest over times."""
        p = np.maximum(populations, 0.0)
        k = np.arange(p.shape[-1], dtype=np.float64)
        mean = (p @ k)[:, None]
        if self.metric == "diagonal_entropy":
            share = -np.log2(np.where(p > 0.0, p, 1.0))
        elif self.metric == "stored_energy":
            share = self.battery.level_splitting * (k - mean)
        else:
            variance = (p * (k - mean) ** 2).sum(axis=-1, keepdims=True)
            deviation = np.sqrt(np.where(variance > 0.0, variance, 1.0))
            share = self.battery.level_splitting * ((k - mean) ** 2 - variance) / (2 * deviation)
        center = (p * share).sum(axis=-1, keepdims=True)
        return float(np.sqrt((p * (share - center) ** 2).sum(axis=-1)).max())


def _flip_matrix(num_qubits: int, flip: float) -> FloatArray:
    """Return the probabilities (k, k') of weight k' where each of N bits of weight k may flip."""
    matrix = np.empty((num_qubits + 1, num_qubits + 1))
    for k in range(num_qubits + 1):
        stay = binom.pmf(np.arange(k + 1), k, 1.0 - flip)
        rise = binom.pmf(np.arange(num_qubits - k + 1), num_qubits - k, flip)
        matrix[k] = np.convolve(stay, rise)
    return matrix
