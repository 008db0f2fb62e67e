"""Circuits for the figures: the metrics as measured with shots, for any number of cells."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.exact import evolve_exact
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import RosenZenerBattery
from rzqiskit.schema import METRICS, make_dataset, provenance
from rzqiskit.validation import FloatArray, check_choice, check_integer, check_positive_integer

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.circuits.product_formula import ChargingSchedule, Formula

__all__ = [
    "MAX_AER_QUBITS",
    "MAX_CIRCUIT_QUBITS",
    "check_options",
    "choose_formula",
    "measure_grid",
    "measure_metrics",
]

MAX_AER_QUBITS = 14
"""Widest battery whose circuits run on Aer; wider ones run on the collective emulator."""
MAX_CIRCUIT_QUBITS = 100
"""Widest battery for which circuits are built; above, the emulator takes their layers directly."""

_MEASURED = tuple(name for name in METRICS if name != "instantaneous_power")  # of the Z basis

Estimates = dict[str, tuple[FloatArray, FloatArray]]


def choose_formula(battery: RosenZenerBattery) -> Formula:
    """Return a product formula whose error stays below the shot noise of the figures.

    8 slices of order 2 where |g| N T <= 2, as nearly everywhere in Figs. 2-6, and 12 of order 4 for
    the strong interactions of Fig. 7, where that is right to 2e-4 of N Delta.

    Args:
        battery: what is charged.

    Returns:
        `num_steps` and `order`, as `run_charging` takes them.

    Examples:
        >>> from rzqiskit.reproduction.instances import paper_battery
        >>> choose_formula(paper_battery())
        {'num_steps': 8, 'order': 2}
    """
    strength = abs(battery.jz_squared_coefficient) * battery.num_qubits * battery.drive.duration
    return {"num_steps": 8, "order": 2} if strength <= 2.0 else {"num_steps": 12, "order": 4}


def check_options(shots: int, seed: int, num_threads: int | None = None) -> None:
    """Refuse options of the figures, before anything takes time.

    Args:
        shots: of each circuit.
        seed: fixes them.
        num_threads: of the exact solver, all cores when None.

    Raises:
        TypeError: one that is no integer.
        ValueError: shots or threads that are not positive, a negative seed.

    Examples:
        >>> check_options(4096, -1)
        Traceback (most recent call last):
        ValueError: `seed` must be a non-negative integer, got -1.
    """
    check_positive_integer("shots", shots)
    check_integer("seed", seed, minimum=0)
    if num_threads is not None:
        check_positive_integer("num_threads", num_threads)


def measure_metrics(
    requests: Sequence[tuple[RosenZenerBattery, npt.ArrayLike]], *, shots: int, seed: int
) -> list[Estimates]:
    """Return the metrics of many batteries and their standard errors as measured on circuits.

    Circuits of the same shape, whatever their batteries, are bindings of one parametrised circuit
    and one job. Aer runs them up to `MAX_AER_QUBITS` cells, the collective emulator beyond.

    Args:
        requests: battery and times, shape (num_times,), strictly increasing, inverse energy.
        shots: shots of each circuit.
        seed: fixes them; mixed with the circuits, so that those of other requests are independent.

    Returns:
        For each request name -> (values, standard errors), each of shape (num_times,), without
        P_I, which would need a second basis.

    Raises:
        TypeError: shots or a seed that are no integers.
        ValueError: no shots, a negative seed.

    Examples:
        >>> from rzqiskit.reproduction.instances import paper_battery
        >>> battery = paper_battery(num_qubits=10**5, interaction=1.0)
        >>> [estimates] = measure_metrics([(battery, [0.1])], shots=4000, seed=7)
        >>> value, error = estimates["stored_energy"]
        >>> value.shape, bool(0.0 < error[0] < 10.0)
        ((1,), True)
    """
    from rzqiskit.circuits.product_formula import charging_schedules
    from rzqiskit.estimation import estimate_metrics

    check_options(shots, seed)
    jobs: dict[tuple[int, tuple[str, ...]], list[_Charging]] = {}
    histograms = []
    for index, (battery, times) in enumerate(requests):
        time = np.asarray(times, dtype=np.float64)
        histograms.append(np.zeros((time.size, battery.num_qubits + 1), dtype=np.int64))
        schedules = charging_schedules(battery, time, basis="z", **_formula(battery))
        for row, schedule in enumerate(schedules):
            key = (battery.num_qubits, schedule.axes)
            jobs.setdefault(key, []).append(_Charging(battery, schedule, index, row))
    for (num_qubits, axes), chargings in jobs.items():
        # One generator a job: its circuits are as independent as those of one sampler. And another
        # for other circuits, so that the panels of a figure do not share their shots' errors.
        angles = [charging.schedule.angles for charging in chargings]
        job = json.dumps([num_qubits, axes, shots, np.array(angles, dtype=np.float64).tolist()])
        digest = int.from_bytes(hashlib.sha256(job.encode()).digest(), "big")
        generator = np.random.default_rng([seed, digest])
        if num_qubits > MAX_CIRCUIT_QUBITS:
            counts: Iterable[npt.NDArray[np.int64]] = _run_layers(chargings, shots, generator)
        else:
            counts = _run_circuits(chargings, shots, generator)
        for charging, histogram in zip(chargings, counts, strict=True):
            histograms[charging.request][charging.row] = histogram
    return [
        estimate_metrics(histogram, level_splitting=battery.level_splitting, times=np.array(times))
        for (battery, times), histogram in zip(requests, histograms, strict=True)
    ]


def _formula(battery: RosenZenerBattery) -> Formula:
    return {**choose_formula(battery), "frame": "mean-field", "spacing": "time", "slices": "each"}


def _sampler_name(num_qubits: int) -> str:
    """Return what runs batteries of a width, by the names that `run_charging` gives them."""
    if num_qubits > MAX_CIRCUIT_QUBITS:
        return "rzqiskit.emulator"
    return "qiskit_aer.SamplerV2" if num_qubits <= MAX_AER_QUBITS else "rzqiskit.DickeSampler"


@dataclass(frozen=True, slots=True)
class _Charging:
    battery: RosenZenerBattery
    schedule: ChargingSchedule
    request: int
    row: int


def _run_circuits(
    chargings: list[_Charging], shots: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    from rzqiskit.circuits.charging import build_charging_sweeps
    from rzqiskit.emulator import DickeSampler
    from rzqiskit.execution.sampling import make_aer_sampler, run_pubs

    first = chargings[0]
    [sweep] = build_charging_sweeps(first.battery, [first.schedule.time], **_formula(first.battery))
    angles = np.array([charging.schedule.angles for charging in chargings], dtype=np.float64)
    on_aer = first.battery.num_qubits <= MAX_AER_QUBITS
    sampler = make_aer_sampler(seed=generator) if on_aer else DickeSampler(seed=generator)
    [counts] = run_pubs([(sweep.circuit, angles)], sampler, shots=shots)
    return counts


def _run_layers(
    chargings: list[_Charging], shots: int, generator: np.random.Generator
) -> Iterable[npt.NDArray[np.int64]]:
    from rzqiskit.emulator import evolve_schedule, sample_hamming_weights

    for charging in chargings:
        state = evolve_schedule(charging.schedule)
        start, counts = sample_hamming_weights(state, shots, seed=generator)
        histogram = np.zeros(charging.battery.num_qubits + 1, dtype=np.int64)
        histogram[start : start + counts.size] = counts
        yield histogram


def measure_grid(
    grid: BatteryGrid,
    *,
    maxima: Iterable[str] = (),
    finals: Iterable[str] = (),
    shots: int = 4096,
    seed: int = 7,
    num_threads: int | None = None,
) -> xr.Dataset:
    """Return maxima and finals of every battery of a grid as measured on circuits.

    A maximum is measured by the circuit that stops at the time at which the exact solution has
    it: the highest of many noisy points would be too high.

    Args:
        grid: the batteries.
        maxima: metrics whose maximum is wanted, without P_I as for `measure_metrics`.
        finals: metrics that are wanted at the end of the pulse.
        shots: shots of each circuit.
        seed: fixes them.
        num_threads: threads of the exact solver, all cores when None.

    Returns:
        On the dims of the grid `maximum_<name>`, `final_<name>` and their `<...>_stderr`; among
        the attributes how far all of them are from the exact solution in standard errors, and the
        circuits' formula and sampler: one value, or a list nested as the grid where its batteries
        have different ones.

    Raises:
        TypeError: shots, a seed or threads that are no integers.
        ValueError: no shots, a negative seed, no threads, an unknown metric.

    Examples:
        >>> from rzqiskit.reproduction.instances import paper_battery
        >>> grid = BatteryGrid(paper_battery().drive, num_qubits=3, interaction=[0.0, 2.0])
        >>> measured = measure_grid(grid, maxima=["stored_energy"], finals=["diagonal_entropy"])
        >>> measured["maximum_stored_energy_stderr"].sizes
        Frozen({'interaction': 2})
    """
    check_options(shots, seed, num_threads)
    maxima = tuple(check_choice("maxima", name, _MEASURED) for name in maxima)
    finals = tuple(check_choice("finals", name, _MEASURED) for name in finals)
    exact = evolve_exact(
        grid, quantities=(*maxima, *finals), tolerance=1e-8, num_threads=num_threads
    )
    instants = {name: exact[f"time_of_maximum_{name}"].values.ravel() for name in maxima}
    requests, wishes = [], []
    for index in range(grid.size):
        battery = grid.battery(index)
        wanted = {f"maximum_{name}": (name, float(instants[name][index])) for name in maxima}
        wanted |= {f"final_{name}": (name, battery.drive.duration) for name in finals}
        requests.append((battery, np.unique([time for _, time in wanted.values()])))
        wishes.append(wanted)
    values: dict[str, FloatArray] = {}
    measured = measure_metrics(requests, shots=shots, seed=seed)
    for index, (wanted, estimates) in enumerate(zip(wishes, measured, strict=True)):
        times = requests[index][1]
        for variable, (name, time) in wanted.items():
            for suffix, series in zip(("", "_stderr"), estimates[name], strict=True):
                target = values.setdefault(f"{variable}{suffix}", np.zeros(grid.size))
                target[index] = series[np.searchsorted(times, time)]
    deviation = np.concatenate(
        [
            (flat - exact[name].values.ravel()) / values[f"{name}_stderr"]
            for name, flat in values.items()
            if not name.endswith("_stderr")
        ]
    )
    circuits = [
        {**_formula(battery), "sampler": _sampler_name(battery.num_qubits)}
        for battery, _ in requests
    ]
    attrs = provenance(
        None, rms_standard_errors=float(np.sqrt(np.mean(deviation**2))),
        largest_standard_errors=float(np.abs(deviation).max()), num_comparisons=deviation.size,
        solver="circuit", shots=shots, seed=seed, grid=grid.to_dict(),
        **{
            name: _over_grid([circuit[name] for circuit in circuits], grid)
            for name in ("num_steps", "order", "frame", "spacing", "slices", "sampler")
        },
        **{
            f"{package.replace('-', '_')}_version": importlib.metadata.version(package)
            for package in ("qiskit", "qiskit-aer")
        },
    )  # fmt: skip
    variables = {name: (grid.dims, flat.reshape(grid.shape)) for name, flat in values.items()}
    return make_dataset(variables, dict(grid.coords), attrs)


def _over_grid(values: Sequence[Any], grid: BatteryGrid) -> Any:
    """Return the one value of all batteries, or a list nested as the grid."""
    if all(value == values[0] for value in values):
        return values[0]
    return np.reshape(np.array(values, dtype=object), grid.shape).tolist()
