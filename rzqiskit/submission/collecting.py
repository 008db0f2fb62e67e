"""Collecting a charging run: where its jobs are, and the metrics of what came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rzqiskit.mitigation.zero_noise import Extrapolation
from rzqiskit.schema import make_dataset, provenance
from rzqiskit.submission.arguments import check_folder
from rzqiskit.submission.circuit_table import describe_roles, read_roles
from rzqiskit.submission.estimating import (
    Mitigation,
    ReadoutMethod,
    check_circuits,
    check_methods,
    estimate_run,
    possible_mitigations,
)
from rzqiskit.submission.grouping import Estimates
from rzqiskit.submission.measured import MeasuredRun
from rzqiskit.submission.preparing import KIND
from rzqiskit.validation import check_flag

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.execution.jobs import BatchStatus
    from rzqiskit.execution.run_folder import RunFolder

__all__ = ["charging_status", "collect_all_mitigations", "collect_charging", "describe_jobs"]


def charging_status(folder: Path | str) -> list[BatchStatus]:
    """Return the state of every job of a run folder; nothing is fetched or sent.

    Args:
        folder: as `submit_charging` returned it.

    Returns:
        One entry for each batch of circuits, in order.

    Raises:
        ValueError: no run folder, one of another version, a damaged one; no saved account.
    """
    from rzqiskit.execution.jobs import collect_batches, reopen_device

    run = _open_run(folder)
    # What is collected needs no device, and no account.
    collected = all(run.has_counts(batch) for batch in run.batches)
    device: Any = None if collected else reopen_device(run)
    return collect_batches(run, device, fetch=False)


def describe_jobs(folder: Path | str) -> list[str]:
    """Return what the circuits of each job are for, in a few words.

    Args:
        folder: as `submit_charging` returned it.

    Returns:
        One text for each job, in order, such as "4 Z, 2 calibration; noise 1, 3".

    Raises:
        ValueError: no run folder, one of another version, a damaged one.
    """
    run = _open_run(folder)
    roles = read_roles(run.record["purpose"], int(run.record["num_circuits"]))
    return [describe_roles(roles[batch.start : batch.stop]) for batch in run.batches]


def collect_charging(
    folder: Path | str,
    *,
    mitigation: Mitigation = "none",
    readout_method: ReadoutMethod = "inversion",
    extrapolation: Extrapolation = "exponential",
    resubmit: bool = False,
) -> xr.Dataset:
    """Fetch what is finished and return the metrics of the battery.

    Args:
        folder: as `submit_charging` returned it.
        mitigation: "readout" undoes the readout errors that the run's own calibration shows;
            "zero_noise" then extrapolates to no noise in the factors by which circuits were
            folded, "guided" along what J^2 shows of the noise, circuit by circuit, folded or not
            (`extrapolate_guided_metrics`). The counts stay as they were read.
        readout_method: how readout errors are undone: "inversion" of the weights' confusion
            matrix, for states symmetric under exchange of the cells, as all of the circuits' are;
            or "mthree" (the extra ``rzqiskit[mitigation]``) on the bit strings.
        extrapolation: the curve of "zero_noise", see `extrapolate_to_zero_noise`.
        resubmit: whether to send again what failed, was cancelled, never arrived or cannot be
            read.

    Returns:
        As `run_charging` gives it, at all times of the run: where circuits are missing, counts and
        shots are 0 and the rest is NaN. The maxima are NaN until everything is there. The
        attributes `jobs_<state>` tell how many jobs are in each state, `complete` is 1 or 0;
        `job_ids` are those of the jobs that are there, `calibration_time` is the device's when it
        took them (a JSON list if there were several), `qubits` the one that each bit reads, once
        for each layout.
        Extrapolations give E, P, Sigma and P_I alone. With X circuits there are `counts_x` and
        `total_spin_squared`, which is N/2 (N/2 + 1) without noise; with folded ones the
        `folded_counts` of each basis by `noise_factor` (zeros where nothing could be folded).
        Where the calibration shows a cell whose reading tells nothing, no readout errors can be
        undone: mitigated values are NaN, and the attribute `unreadable_qubits` lists the qubits.

    Raises:
        MissingPackageError: mthree is not installed.
        ValueError: no run folder, one of another version, a damaged one, one that takes no counts;
            no saved account; mitigation for which the run has no circuits.
        ExecutionError: the device did not take a job again.

    Notes:
        Collecting twice changes nothing. A job that fails is not sent again unless asked for; if
        it and its successor both come back, the first one that was fetched counts.
        Standard errors are those of the shots as amplified by the mitigation, and of the
        calibration; the biases that remain are measured in docs/error_bars. Circuits without an
        entangling gate have nothing to extrapolate, their readout errors are undone. Guided, times
        at which J^2 shows no signal left are NaN.

    Examples:
        >>> import tempfile
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> from rzqiskit.submission import submit_charging
        >>> battery = RosenZenerBattery(
        ...     num_qubits=3, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> folder = submit_charging(
        ...     battery, [0.1, 0.3], "local:FakeTorino", num_steps=2, shots=1000, seed=7,
        ...     noise_factors=(1, 3), total_spin=True, folder=Path(tempfile.mkdtemp()) / "run",
        ... )
        >>> raw = collect_charging(folder)
        >>> guided = collect_charging(folder, mitigation="guided")
        >>> bool((raw.counts == guided.counts).all())
        True
        >>> bool((guided.stored_energy_stderr > raw.stored_energy_stderr).all())
        True
        >>> bool((raw.total_spin_squared < 1.5 * 2.5).all())
        True
    """
    check_methods(mitigation, readout_method, extrapolation)
    if mitigation in ("none", "readout") and extrapolation != "exponential":
        raise ValueError(
            f"`extrapolation` must be left out without extrapolating, got {extrapolation!r}."
        )
    run = _open_run(folder)
    check_circuits(run.record["purpose"], mitigation, extrapolation)
    states = _fetch(run, resubmit)
    return _dataset(run, MeasuredRun(run), states, mitigation, readout_method, extrapolation)


def collect_all_mitigations(
    folder: Path | str,
    *,
    readout_method: ReadoutMethod = "inversion",
    extrapolation: Extrapolation = "exponential",
    resubmit: bool = False,
) -> xr.DataTree:
    """Fetch what is finished and return the metrics by every mitigation that the circuits allow.

    Args:
        folder: as `submit_charging` returned it.
        readout_method: as for `collect_charging`.
        extrapolation: as for `collect_charging`.
        resubmit: as for `collect_charging`.

    Returns:
        A tree with the node ``raw`` and, as far as the run has circuits for them, ``readout``,
        ``zero_noise`` and ``guided``; each as `collect_charging` returns it.

    Raises:
        MissingPackageError: mthree is not installed.
        ValueError: as for `collect_charging`.
        ExecutionError: the device did not take a job again.

    Examples:
        >>> import tempfile
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> from rzqiskit.model import RosenZenerBattery
        >>> from rzqiskit.submission import submit_charging
        >>> battery = RosenZenerBattery(
        ...     num_qubits=3, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> folder = submit_charging(
        ...     battery, [0.3], "local:FakeTorino", num_steps=2, shots=1000, seed=7,
        ...     noise_factors=(1, 3), folder=Path(tempfile.mkdtemp()) / "run",
        ... )
        >>> list(collect_all_mitigations(folder).children)
        ['raw', 'readout', 'zero_noise']
    """
    import xarray as xr

    check_methods("readout", readout_method, extrapolation)
    run = _open_run(folder)
    possible = possible_mitigations(run.record["purpose"])
    for name in possible:
        check_circuits(run.record["purpose"], name, extrapolation)
    states = _fetch(run, resubmit)
    measured = MeasuredRun(run)
    nodes = {
        "raw" if name == "none" else name: _dataset(
            run, measured, states, name, readout_method, extrapolation
        )
        for name in possible
    }
    attrs = {name: nodes["raw"].attrs[name] for name in ("backend", "run_id", "complete")}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), **nodes})


def _open_run(folder: Path | str) -> RunFolder:
    from rzqiskit.execution.run_folder import RunFolder, RunFolderError

    run = RunFolder(check_folder(folder))
    if run.record["purpose"].get("kind") != KIND:
        raise RunFolderError(f"`folder` must hold a charging run, got {run.path}.")
    return run


def _fetch(run: RunFolder, resubmit: bool) -> dict[str, int]:
    """Fetch what is finished; return how many jobs are in each state."""
    from rzqiskit.execution.jobs import collect_batches, reopen_device, summarize_states

    resubmit = check_flag("resubmit", resubmit)
    if all(run.has_counts(batch) for batch in run.batches):
        return {"collected": len(run.batches)}
    return summarize_states(collect_batches(run, reopen_device(run), resubmit=resubmit))


def _dataset(
    run: RunFolder,
    measured: MeasuredRun,
    states: Mapping[str, int],
    mitigation: Mitigation,
    readout_method: ReadoutMethod,
    extrapolation: Extrapolation,
) -> xr.Dataset:
    if mitigation == "none":
        readout_method = "inversion"  # of no consequence
    estimates = estimate_run(
        measured, mitigation, readout_method=readout_method, extrapolation=extrapolation
    )
    folded = measured.noise_factors.size > 1
    variables: dict[str, tuple[tuple[str, ...], Any]] = {}
    for basis in measured.bases:
        suffix = "" if basis == "z" else f"_{basis}"
        counts = measured.counts(basis)
        variables[f"counts{suffix}"] = (("time", "excitations"), counts[0])
        if folded:
            variables[f"folded_counts{suffix}"] = (
                ("noise_factor", "time", "excitations"),
                counts,
            )
    variables["shots"] = (("time",), variables["counts"][1].sum(axis=-1))
    for name, (values, stderr) in estimates.items():
        dims = ("time", "excitations") if name == "population" else ("time",)
        variables[name] = (dims, values)
        variables[f"{name}_stderr"] = (dims, stderr)
    for name, (value, error) in _summaries(measured, estimates).items():
        variables[name] = ((), value)
        variables[f"{name}_stderr"] = ((), error)
    attrs = _attributes(run, measured, states, mitigation)
    if mitigation != "none":
        attrs["readout_method"] = readout_method
    if mitigation == "zero_noise":
        attrs["extrapolation"] = extrapolation
    coords: dict[str, tuple[tuple[str, ...], Any]] = {
        "time": (("time",), measured.time),
        "excitations": (("excitations",), np.arange(measured.battery.num_qubits + 1)),
    }
    if folded:
        coords["noise_factor"] = (("noise_factor",), measured.noise_factors)
    return make_dataset(variables, coords, attrs)


def _summaries(measured: MeasuredRun, estimates: Estimates) -> dict[str, tuple[float, float]]:
    """Return maxima and final values; NaN where a value is missing or not known."""
    from rzqiskit.estimation import estimate_summaries

    summaries: dict[str, tuple[float, float]] = {}
    for name, estimate in estimates.items():
        if name in ("population", "total_spin_squared"):
            continue
        if measured.complete and np.isfinite(estimate).all():
            summaries |= estimate_summaries(measured.time, {name: estimate})
        else:
            for kind in ("maximum", "time_of_maximum", "final"):
                summaries[f"{kind}_{name}"] = (float("nan"), float("nan"))
    return summaries


def _calibration_times(run: RunFolder, measured: MeasuredRun) -> Any:
    """Return when the device was calibrated as it took the jobs that are there: one or several."""
    times = {job["calibration_time"] for job in measured.jobs if job and "calibration_time" in job}
    times.discard(None)
    if len(times) > 1:
        return sorted(times)
    return times.pop() if times else run.record["calibration_time"]


def _attributes(
    run: RunFolder, measured: MeasuredRun, states: Mapping[str, int], mitigation: Mitigation
) -> dict[str, Any]:
    purpose = run.record["purpose"]
    attrs = provenance(
        measured.battery,
        solver="circuit",
        sampler="qiskit_ibm_runtime.Sampler",
        shots=run.record["shots"],
        backend=run.record["device"],
        date=run.record["created"],
        seed=run.record["seed"],
        calibration_time=_calibration_times(run, measured),
        fractional_gates=run.record["fractional_gates"],
        run_id=run.record["run_id"],
        job_ids=[None if job is None else job["job_id"] for job in measured.jobs],
        qubits=list(dict.fromkeys(tuple(layout) for layout in run.record["layout"])),
        mitigation=mitigation,
        options=run.record["options"],
        network=purpose["network"],
        complete=int(measured.complete),
        **{f"jobs_{state}": number for state, number in states.items()},
        **purpose["formula"],
    )
    if measured.unreadable:
        attrs["unreadable_qubits"] = json.dumps(measured.unreadable)
    for package, version in run.record["versions"].items():
        attrs[f"{package.replace('-', '_')}_version"] = version
    return attrs
