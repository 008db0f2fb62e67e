r"""What errors to expect of charging circuits: of the formula, of a device, of the shots.

Nothing is estimated that can be computed: the Dicke-space emulator runs the very schedules that
the circuits would, so the Trotter error of a candidate is its error. A device enters by the errors
that its calibration predicts for the compiled circuit (`execution.cell_errors`): relaxation,
dephasing and depolarisation of every gate and wait, carried through the network to the cells that
they reach, and readout that mistakes 1 for 0 more often than 0 for 1. The same schedules then run
with these errors, averaged over permutations of the cells (`symmetric_noise`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rzqiskit import metrics
from rzqiskit.circuits.product_formula import ChargingSchedule, Frame, charging_schedule
from rzqiskit.exact import MAX_POPULATION_QUBITS
from rzqiskit.model import RosenZenerBattery, check_battery
from rzqiskit.planning.shot_errors import expected_shot_error
from rzqiskit.validation import FloatArray, check_choice, check_positive_integer, check_times

if TYPE_CHECKING:
    from rzqiskit.execution.cell_errors import CellErrors

__all__ = [
    "MAX_SHOTS",
    "PLANNED_METRICS",
    "Candidate",
    "ErrorBudget",
    "PlannedMetric",
    "Problem",
    "error_budget",
]

PlannedMetric = Literal["stored_energy", "energy_fluctuation", "diagonal_entropy"]
PLANNED_METRICS: tuple[PlannedMetric, ...] = (
    "stored_energy",
    "energy_fluctuation",
    "diagonal_entropy",
)
MAX_SHOTS = 10**12
"""Most shots of one circuit in a plan: years of measuring on any device."""
_NUM_TIMES = 16


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """The errors expected of charging circuits, each the largest over the times.

    Attributes:
        metric: what is measured.
        num_zz_layers: all-pairs layers of a Z-basis circuit.
        num_two_qubit_gates: two-qubit gates of it on the device; None without one.
        trotter_error: error of the exact probabilities of the circuits.
        device_error: change by the device's noise; 0 without a device.
        bias: error of both together, of either sign.
        shot_error: root mean square error of a measured point by its shots, see
            `planning.shot_errors`.

    Examples:
        >>> budget = ErrorBudget("stored_energy", 1, None, 0.03, 0.0, 0.03, 0.04)
        >>> round(budget.total_error, 12)
        0.05
    """

    metric: PlannedMetric
    num_zz_layers: int
    num_two_qubit_gates: int | None
    trotter_error: float
    device_error: float
    bias: float
    shot_error: float

    @property
    def total_error(self) -> float:
        """Bias and shot error, added in squares."""
        return float(np.hypot(self.bias, self.shot_error))


def error_budget(
    battery: RosenZenerBattery,
    *,
    num_steps: int,
    order: int = 2,
    frame: Frame = "mean-field",
    shots: int = 4096,
    metric: PlannedMetric = "stored_energy",
    times: npt.ArrayLike | None = None,
    backend: Any = None,
    waits: bool = True,
    line: Sequence[int] | None = None,
) -> ErrorBudget:
    """Return what errors to expect of circuits that are chosen already.

    Args:
        battery: what is to be charged.
        num_steps: slices of each circuit.
        order: order of the product formula.
        frame: interaction picture of the formula.
        shots: shots of each circuit.
        metric: as in `plan`.
        times: as in `plan`.
        backend: as in `plan`.
        waits: whether cells also decay while they wait for others, as on a device; simulations
            without delays have that free, see `device_errors`.
        line: physical qubits on which the circuits run, as for `compile_circuits`; those that it
            chooses for the Z-basis circuits of these times when None.

    Returns:
        The budget, of raw circuits: mitigation is not planned for.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range; a battery of more than 4096 cells, or too large for
            the device.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=6, drive=SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
        ... )
        >>> budget = error_budget(battery, num_steps=2, shots=1000)
        >>> budget.num_zz_layers, budget.device_error, round(budget.shot_error, 3)
        (1, 0.0, 0.039)
    """
    problem = Problem(
        check_planned_battery(battery),
        check_metric(metric),
        planned_times(battery, times),
        backend,
        waits=waits,
        line=line,
    )
    shots = check_shots(shots)
    chosen = problem.candidate(frame, order, check_positive_integer("num_steps", num_steps))
    return ErrorBudget(
        metric=metric,
        num_zz_layers=chosen.num_zz_layers,
        num_two_qubit_gates=chosen.num_two_qubit_gates,
        trotter_error=chosen.trotter_error,
        device_error=chosen.device_error,
        bias=chosen.bias,
        shot_error=problem.shot_error(chosen.populations, shots),
    )


def check_planned_battery(battery: Any) -> RosenZenerBattery:
    if check_battery(battery).num_qubits > MAX_POPULATION_QUBITS:
        raise ValueError(
            f"`num_qubits` must be at most {MAX_POPULATION_QUBITS} to plan circuits, got "
            f"{battery.num_qubits}."
        )
    return battery


def check_shots(shots: Any) -> int:
    cleaned = check_positive_integer("shots", shots)
    if cleaned > MAX_SHOTS:
        raise ValueError(f"`shots` must be at most {MAX_SHOTS:.0e} in a plan, got {cleaned}.")
    return cleaned


def check_metric(metric: Any) -> PlannedMetric:
    return check_choice("metric", metric, PLANNED_METRICS)


def planned_times(battery: RosenZenerBattery, times: npt.ArrayLike | None) -> FloatArray:
    if times is None:
        times = np.linspace(0.0, battery.drive.duration, _NUM_TIMES + 1)[1:]
    return check_times(times)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A formula with its errors, each the largest over the times; see `ErrorBudget`."""

    frame: Frame
    order: int
    num_steps: int
    num_zz_layers: int
    num_two_qubit_gates: int | None
    trotter_error: float
    device_error: float
    bias: float
    populations: FloatArray  # as measured, shape (num_times, N + 1)


class Problem:
    """The battery, what counts as its error, and what a device makes of its circuits."""

    def __init__(
        self,
        battery: RosenZenerBattery,
        metric: PlannedMetric,
        times: FloatArray,
        backend: Any,
        *,
        waits: bool = True,
        line: Sequence[int] | None = None,
    ) -> None:
        from rzqiskit.exact import evolve_exact

        if backend is None and line is not None:
            raise ValueError("`backend` must be given with `line`, got None.")
        if backend is not None and getattr(backend, "target", None) is None:
            raise TypeError(
                f"`backend` must be a device with a target, got {type(backend).__name__}."
            )
        self.battery, self.metric, self.times = battery, metric, times
        self.backend, self.waits, self.line = backend, waits, line
        populations = evolve_exact(battery, times).population.values
        self.exact = self._metric(populations)
        self.exact_populations = populations
        self._errors: dict[int, CellErrors] = {}

    def candidates(self, frame: Frame, order: int, most: int) -> Iterator[Candidate]:
        """Yield candidates of up to `most` layers, shortest first."""
        num_steps = 0
        layers = -1
        while True:
            num_steps += 1
            before = layers
            schedules = self._schedules(frame, order, num_steps)
            layers = max(schedule.num_zz_layers for schedule in schedules)
            # More slices that are no more layers: nothing is left to approximate.
            if layers > most or layers == before:
                return
            yield self.candidate(frame, order, num_steps)

    def candidate(self, frame: Frame, order: int, num_steps: int) -> Candidate:
        """Return the errors of one formula."""
        schedules = self._schedules(frame, order, num_steps)
        layers = max(schedule.num_zz_layers for schedule in schedules)
        populations = self._run(schedules)
        ideal = self._metric(populations)
        gates, noisy = None, populations
        if self.backend is not None:
            noisy = np.empty_like(populations)
            # At t = 0 and in other special cases there are fewer layers, and fewer errors.
            for number in {schedule.num_zz_layers for schedule in schedules}:
                members = [i for i, item in enumerate(schedules) if item.num_zz_layers == number]
                errors = self._device(schedules[members[0]], frame)
                noisy[members] = _read_noisily(
                    [schedules[i] for i in members], populations[members], errors
                )
                if number == layers:
                    gates = errors.num_two_qubit_gates
        measured = self._metric(noisy)
        return Candidate(
            frame=frame,
            order=order,
            num_steps=num_steps,
            num_zz_layers=layers,
            num_two_qubit_gates=gates,
            trotter_error=float(np.abs(ideal - self.exact).max()),
            device_error=float(np.abs(measured - ideal).max()),
            bias=float(np.abs(measured - self.exact).max()),
            populations=noisy,
        )

    def _schedules(self, frame: Frame, order: int, num_steps: int) -> list[ChargingSchedule]:
        return [
            charging_schedule(self.battery, time, num_steps=num_steps, order=order, frame=frame)
            for time in self.times.tolist()
        ]

    def _run(self, schedules: list[ChargingSchedule]) -> FloatArray:
        from rzqiskit.dicke.layers import state_populations
        from rzqiskit.emulator.evolution import evolve_schedule

        populations = np.zeros((self.times.size, self.battery.num_qubits + 1))
        for row, schedule in zip(populations, schedules, strict=True):
            first, window = state_populations(evolve_schedule(schedule))
            row[first : first + window.size] = window
        return populations

    def _device(self, first: ChargingSchedule, frame: Frame) -> CellErrors:
        """Return the errors of circuits of the same number of layers as the first one of them."""
        layers = first.num_zz_layers
        if layers not in self._errors:
            from rzqiskit.circuits.charging import build_charging_circuits
            from rzqiskit.execution.cell_errors import device_errors

            (circuit,) = build_charging_circuits(
                self.battery,
                [first.time],
                num_steps=first.num_steps,
                order=first.order,
                frame=frame,
            )
            self._errors[layers] = device_errors(
                self.battery.num_qubits,
                layers,
                self.backend,
                waits=self.waits,
                like=circuit,
                line=self.line,
            )
        return self._errors[layers]

    def _metric(self, populations: FloatArray) -> FloatArray:
        populations = np.maximum(populations, 0.0)
        if self.metric == "diagonal_entropy":
            return metrics.diagonal_entropy(populations)
        function = getattr(metrics, self.metric)
        values: FloatArray = function(populations, self.battery.level_splitting)
        return values

    def shot_error(self, populations: FloatArray, shots: int) -> float:
        """Return the error that `shots` leave, largest over the times."""
        return expected_shot_error(
            self.metric, populations, shots, level_splitting=self.battery.level_splitting
        )


def _read_noisily(
    schedules: list[ChargingSchedule], populations: FloatArray, errors: CellErrors
) -> FloatArray:
    """Return the populations that a device shows, readout errors included."""
    from rzqiskit.mitigation.readout import weight_confusion
    from rzqiskit.symmetric_noise import MAX_CELLS, blurred_populations, noisy_populations

    if errors.num_cells <= MAX_CELLS:
        left = noisy_populations(schedules, errors.rates, drift=errors.drift)
    else:
        left = blurred_populations(populations, errors.rates)
    read: FloatArray = left @ weight_confusion(errors.flip_up, errors.flip_down).T
    return read
