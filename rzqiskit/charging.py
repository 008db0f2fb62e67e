r"""Charging the battery on a sampler: circuits, shots, and the metrics with their errors."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit import metrics
from rzqiskit.circuits.product_formula import (
    FRAMES,
    SLICES,
    SPACINGS,
    Basis,
    ChargingSchedule,
    Formula,
    Frame,
    Slices,
    Spacing,
    charging_schedules,
)
from rzqiskit.model import RosenZenerBattery, check_battery
from rzqiskit.schema import make_dataset, provenance
from rzqiskit.validation import (
    FloatArray,
    check_choice,
    check_integer,
    check_positive_integer,
    check_seed,
    check_times,
)

if TYPE_CHECKING:
    import xarray as xr
    from qiskit.primitives import BaseSamplerV2

__all__ = ["run_charging"]

Variables = dict[str, tuple[tuple[str, ...], Any]]
Counts = dict[str, npt.NDArray[np.int64]]  # basis -> shape (num_times, N + 1)
# Wider batteries run on the Dicke-space emulator: Aer's cost doubles with each cell, and at these
# widths 51 times take it some seconds (sampled) or, with one slice a time, some seconds (exact).
AER_MAX_QUBITS = 14
AER_MAX_QUBITS_EXACT = 20
# Of all circuits together: Aer keeps each, here a gigabyte in 20 s; the emulator draws weights.
AER_MAX_SHOTS = 10**7
MAX_SHOTS = 10**9  # beyond, rounding is no longer below the estimates' errors
# Without shots also what would take Aer much longer than ten seconds on one core: see `trace_work`.
AER_MAX_WORK = 4 * 10**9
# Up to this width the emulator gets circuits, like any sampler: a second for ten of them here. In
# wider ones the time goes into a gate for every cell, and it gets the schedules' numbers instead.
CIRCUIT_MAX_QUBITS = 10_000
MEASURED_BASES: tuple[Basis, ...] = ("z", "y")
# Of a result, which has a row of every number of excited cells for each time: a hundred times of a
# million cells with shots, ten of ten millions. Computing it takes hardly more than it keeps.
MAX_RESULT_BYTES = 4 * 2**30


def run_charging(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    *,
    sampler: BaseSamplerV2 | None = None,
    backend: Any = None,
    shots: int | None = 4096,
    num_steps: int = 8,
    order: int = 2,
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
    seed: np.random.Generator | int | None = None,
) -> xr.Dataset:
    """Return the metrics of the battery as charged by circuits.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy, strictly increasing, from 0 upwards; with shots
            each takes 32 bytes a cell of the result, without 8, and it may take 4 GiB in all.
        sampler: any Qiskit sampler. None takes Aer's statevector simulator up to 14 cells and 10^7
            shots in all, `DickeSampler` up to 10000 cells, and beyond, where a circuit of so many
            qubits would take too long, the emulator that runs the layers as numbers and draws
            Hamming weights. The attribute ``sampler`` of the result says which:
            "qiskit_aer.SamplerV2", "rzqiskit.DickeSampler" or "rzqiskit.emulator".
        backend: the device whose gates `sampler` takes; the circuits are compiled for it by
            `compile_circuits`. None for a sampler that takes any gates.
        shots: shots of each circuit, at most 10^9, two for each time (Z and Y basis). None
            gives the exact probabilities that the same circuits would sample. Aer computes them
            where that takes it at most about ten seconds on one core (100 times of 20 cells with
            shared slices, of 18 cells with 8 slices each, never more than 20 cells) and the
            Dicke-space emulator beyond, with the same results to rounding.
        num_steps: number of slices of the pulse in each circuit.
        order: order of accuracy of the product formula: 1, 2, 4 or 6.
        frame: interaction picture of the formula, "mean-field", "drive" or "lab", see
            `charging_schedule`.
        spacing: slices of equal "time" or equal pulse "area".
        slices: "each" time has `num_steps` slices of its own, or all have a "shared" grid of
            `num_steps` slices up to the last time, of which early times use only the first. Then
            exact probabilities cost one layer a time, not `num_steps`.
        seed: fixes the shots; an integer is mixed with the battery and the circuits'
            parameters, so that runs of different batteries with one seed are independent.
            A sampler of your own carries its own seed.

    Returns:
        Dims `time` and `excitations`; populations, the five metrics and their maxima and final
        values. With shots also `counts`, `counts_y`, `shots` and `<name>_stderr`.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range; a result too large; a seed together with a sampler, a
            sampler without shots, a backend without a sampler.

    Notes:
        The circuits of all times and both bases go into one job. The instantaneous power comes
        from the Y basis, P_I = Delta f(t) <Jy>, everything else from the Z basis. Maxima are those
        of smooth curves through the points, see `estimate_maximum`: the highest of many noisy
        points would be too high.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=4, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> measured = run_charging(battery, [0.1, 0.2, 0.3], shots=1000, seed=7)
        >>> measured.counts.sum("excitations").values
        array([1000, 1000, 1000])
        >>> exact = run_charging(battery, [0.1, 0.2, 0.3], shots=None)
        >>> deviation = abs(measured.stored_energy - exact.stored_energy)
        >>> bool((deviation < 5 * measured.stored_energy_stderr).all())
        True
    """
    check_battery(battery)
    time = check_times(times)
    run = Formula(
        num_steps=check_positive_integer("num_steps", num_steps),
        order=check_positive_integer("order", order),
        frame=check_choice("frame", frame, FRAMES),
        spacing=check_choice("spacing", spacing, SPACINGS),
        slices=check_choice("slices", slices, SLICES),
    )
    _check_size(battery, time, sampled=shots is not None)
    if backend is not None and sampler is None:
        raise ValueError("`sampler` must be given with a backend, got None.")
    if shots is None:
        if sampler is not None or seed is not None:
            name = "sampler" if sampler is not None else "seed"
            raise ValueError(f"`{name}` must be None without shots: nothing is sampled.")
        # Basis "y" keeps the last diagonal layers, on which the Z-basis populations do not depend.
        schedules = charging_schedules(battery, time, basis="y", **run)
        on_aer = _fits_aer(schedules)
        variables = _exact_variables(battery, time, schedules, on_aer=on_aer)
        name = "qiskit_aer.AerSimulator" if on_aer else "rzqiskit.emulator"
        attrs = provenance(battery, solver="circuit", sampler=name, **run)
    else:
        shots = check_integer("shots", shots, minimum=1, maximum=MAX_SHOTS)
        if sampler is not None and seed is not None:
            raise ValueError("`seed` must be None with a sampler of your own: seed the sampler.")
        generator, name = None, "rzqiskit.emulator"
        if sampler is None:
            generator = _job_seed(seed, battery, time, shots, run)
            if battery.num_qubits <= CIRCUIT_MAX_QUBITS:
                sampler = _default_sampler(battery.num_qubits, 2 * time.size * shots, generator)
        if sampler is None:
            counts = _count_schedules(battery, time, generator, shots, run)
        elif backend is None:
            counts = _count_sweeps(battery, time, sampler, shots, run)
        else:
            counts = _count_compiled(battery, time, sampler, backend, shots, run)
        name = name if sampler is None else _sampler_name(sampler)
        variables = _sampled_variables(battery, time, counts, shots)
        attrs = provenance(
            battery, solver="circuit", sampler=name, shots=shots, seed=_recordable(seed), **run
        )
        if backend is not None:
            attrs["backend"] = str(getattr(backend, "name", None) or type(backend).__name__)
    for package in ("qiskit", "qiskit-aer"):
        attrs[f"{package.replace('-', '_')}_version"] = importlib.metadata.version(package)
    coords = {
        "time": (("time",), time),
        "excitations": (("excitations",), np.arange(battery.num_qubits + 1)),
    }
    return make_dataset(variables, coords, attrs)


def _check_size(battery: RosenZenerBattery, time: FloatArray, *, sampled: bool) -> None:
    # counts of both bases, populations and their errors, and the coordinate
    rows = (4 if sampled else 1) * time.size + 1
    size = 8 * rows * (battery.num_qubits + 1)
    if size > MAX_RESULT_BYTES:
        raise ValueError(
            f"`times` and `num_qubits` must give a result of at most {MAX_RESULT_BYTES / 2**30:g} "
            f"GiB, got {size / 2**30:.3g} GiB from {time.size} times and {battery.num_qubits} "
            "cells: take fewer times in one call, or `evolve_exact`, whose cost does not grow with "
            "the cells."
        )


def _sampler_name(sampler: BaseSamplerV2) -> str:
    return f"{type(sampler).__module__.split('.')[0]}.{type(sampler).__name__}"


def _default_sampler(num_qubits: int, shots: int, seed: np.random.Generator) -> BaseSamplerV2:
    if num_qubits <= AER_MAX_QUBITS and shots <= AER_MAX_SHOTS:
        from rzqiskit.execution.sampling import make_aer_sampler

        return make_aer_sampler(seed=seed)
    from rzqiskit.emulator import DickeSampler

    return DickeSampler(seed=seed)


def _recordable(seed: np.random.Generator | int | None) -> int | str | None:
    if seed is None:
        return None
    return "generator" if isinstance(seed, np.random.Generator) else int(seed)


def _job_seed(
    seed: np.random.Generator | int | None,
    battery: RosenZenerBattery,
    time: FloatArray,
    shots: int,
    run: Formula,
) -> np.random.Generator:
    if seed is None or isinstance(seed, np.random.Generator):
        return check_seed(seed)
    job = json.dumps([battery.to_dict(), time.tolist(), shots, run], sort_keys=True)
    digest = int.from_bytes(hashlib.sha256(job.encode()).digest(), "big")
    return np.random.default_rng([check_integer("seed", seed, minimum=0), digest])


def _sampled_variables(
    battery: RosenZenerBattery, time: FloatArray, counts: Counts, shots: int
) -> Variables:
    from rzqiskit.estimation import estimate_metrics, estimate_summaries

    estimates = estimate_metrics(
        counts["z"],
        level_splitting=battery.level_splitting,
        times=time,
        counts_y=counts["y"],
        drive_values=np.asarray(battery.drive.value(time)),
    )
    variables: Variables = {
        "counts": (("time", "excitations"), counts["z"]),
        "counts_y": (("time", "excitations"), counts["y"]),
        "shots": (("time",), np.full(time.size, shots, dtype=np.int64)),
    }
    for name, (values, stderr) in estimates.items():
        dims = ("time", "excitations") if name == "population" else ("time",)
        variables[name] = (dims, values)
        variables[f"{name}_stderr"] = (dims, stderr)
    for name, (value, error) in estimate_summaries(time, estimates).items():
        variables[name] = ((), value)
        variables[f"{name}_stderr"] = ((), error)
    return variables


def _count_sweeps(
    battery: RosenZenerBattery,
    time: FloatArray,
    sampler: BaseSamplerV2,
    shots: int,
    run: Formula,
) -> Counts:
    """Return the counts of each basis from parameter sweeps."""
    from rzqiskit.circuits.charging import build_charging_sweeps
    from rzqiskit.execution.sampling import run_pubs

    labelled = [
        (basis, sweep)
        for basis in MEASURED_BASES
        for sweep in build_charging_sweeps(battery, time, basis=basis, **run)
    ]
    histograms = run_pubs(
        [(sweep.circuit, sweep.angles) for _, sweep in labelled], sampler, shots=shots
    )
    counts = _no_counts(battery, time)
    for (basis, sweep), histogram in zip(labelled, histograms, strict=True):
        counts[basis][sweep.indices] = histogram
    return counts


def _count_schedules(
    battery: RosenZenerBattery,
    time: FloatArray,
    generator: np.random.Generator | None,
    shots: int,
    run: Formula,
) -> Counts:
    """Return the counts of each basis from schedules, without any circuit."""
    from rzqiskit.emulator.evolution import evolve_schedule, sample_hamming_weights

    counts = _no_counts(battery, time)
    for basis in MEASURED_BASES:
        for index, schedule in enumerate(charging_schedules(battery, time, basis=basis, **run)):
            first, drawn = sample_hamming_weights(evolve_schedule(schedule), shots, seed=generator)
            counts[basis][index, first : first + drawn.size] = drawn
    return counts


def _no_counts(battery: RosenZenerBattery, time: FloatArray) -> Counts:
    shape = (time.size, battery.num_qubits + 1)
    return {basis: np.zeros(shape, dtype=np.int64) for basis in MEASURED_BASES}


def _count_compiled(
    battery: RosenZenerBattery,
    time: FloatArray,
    sampler: BaseSamplerV2,
    backend: Any,
    shots: int,
    run: Formula,
) -> Counts:
    """Return the counts of each basis from circuits of a device."""
    from rzqiskit.circuits.charging import build_charging_circuits
    from rzqiskit.circuits.compilation.compiler import compile_circuits
    from rzqiskit.execution.sampling import run_circuits

    circuits = [
        circuit
        for basis in MEASURED_BASES
        for circuit in build_charging_circuits(battery, time, basis=basis, **run)
    ]
    histograms = run_circuits(compile_circuits(circuits, backend), sampler, shots=shots)
    blocks = np.split(histograms, len(MEASURED_BASES))
    return {str(basis): block for basis, block in zip(MEASURED_BASES, blocks, strict=True)}


def _fits_aer(schedules: list[ChargingSchedule]) -> bool:
    if schedules[0].num_qubits > AER_MAX_QUBITS_EXACT:
        return False
    from rzqiskit.execution.trace import trace_work

    return trace_work(schedules) <= AER_MAX_WORK


def _exact_variables(
    battery: RosenZenerBattery,
    time: FloatArray,
    schedules: list[ChargingSchedule],
    *,
    on_aer: bool,
) -> Variables:
    populations, spin_y = _trace(schedules) if on_aer else _emulate(schedules)
    energy = metrics.stored_energy(populations, battery.level_splitting)
    drive = np.asarray(battery.drive.value(time))
    values: dict[str, FloatArray] = {
        "stored_energy": energy,
        "average_power": metrics.average_power(energy, time),
        "instantaneous_power": battery.level_splitting * drive * spin_y,
        "energy_fluctuation": metrics.energy_fluctuation(populations, battery.level_splitting),
        "diagonal_entropy": metrics.diagonal_entropy(populations),
    }
    variables: Variables = {"population": (("time", "excitations"), populations)}
    for name, value in values.items():
        maximum, at = metrics.sampled_maximum(time, value)
        variables[name] = (("time",), value)
        variables[f"maximum_{name}"] = ((), maximum)
        variables[f"time_of_maximum_{name}"] = ((), at)
        variables[f"final_{name}"] = ((), value[-1])
    return variables


def _trace(schedules: list[ChargingSchedule]) -> tuple[FloatArray, FloatArray]:
    """Return populations and <Jy> by Aer, shapes (num_times, N + 1) and (num_times,)."""
    from rzqiskit.execution.trace import trace_amplitudes

    amplitudes = trace_amplitudes(schedules)
    return np.abs(amplitudes) ** 2, _mean_spin_y(amplitudes)


def _emulate(schedules: list[ChargingSchedule]) -> tuple[FloatArray, FloatArray]:
    """Return populations and <Jy> by the emulator, shapes (num_times, N + 1), (num_times,)."""
    from rzqiskit.dicke.layers import spin_mean_covariance, state_populations
    from rzqiskit.emulator.evolution import evolve_schedule

    populations = np.zeros((len(schedules), schedules[0].num_qubits + 1))
    spin_y = np.zeros(len(schedules))
    for index, schedule in enumerate(schedules):
        # Unturned: "z" as the basis of layers that were kept to the end.
        state = evolve_schedule(dataclasses.replace(schedule, basis="z"))
        first, window = state_populations(state)
        populations[index, first : first + window.size] = window
        spin_y[index] = spin_mean_covariance(state)[0][1]
    return populations, spin_y


def _mean_spin_y(amplitudes: npt.NDArray[np.complex128]) -> FloatArray:
    # <Jy> = Im <J+>, and J+ |k> = sqrt((N - k) (k + 1)) |k + 1>.
    num_qubits = amplitudes.shape[-1] - 1
    k = np.arange(num_qubits)
    raising = np.sqrt((num_qubits - k) * (k + 1.0))
    mean: FloatArray = (amplitudes[:, 1:].conj() * raising * amplitudes[:, :-1]).imag.sum(axis=-1)
    return mean
