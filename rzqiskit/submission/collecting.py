"""Collecting a charging run: where its jobs are, and the metrics of what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rzqiskit.model import RosenZenerBattery
from rzqiskit.schema import make_dataset, provenance
from rzqiskit.submission.grouping import Estimates, estimate_in_groups
from rzqiskit.submission.sending import BASES, KIND
from rzqiskit.validation import FloatArray, check_choice

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.execution.jobs import BatchStatus
    from rzqiskit.execution.run_folder import RunFolder

__all__ = ["MITIGATIONS", "charging_status", "collect_charging"]

Mitigation = Literal["none", "readout"]
MITIGATIONS: tuple[Mitigation, ...] = ("none", "readout")
IntArray = npt.NDArray[np.int64]


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


def collect_charging(
    folder: Path | str, *, mitigation: Mitigation = "none", resubmit: bool = False
) -> xr.Dataset:
    """Fetch what is finished and return the metrics of the battery.

    Args:
        folder: as `submit_charging` returned it.
        mitigation: "readout" undoes the readout errors that the run's own calibration shows; the
            counts stay as they were read.
        resubmit: whether to send again what failed, was cancelled or never arrived.

    Returns:
        As `run_charging` gives it, at all times of the run: where circuits are missing, counts and
        shots are 0 and the rest is NaN. The maxima are NaN until everything is there. The
        attributes `jobs_<state>` tell how many jobs are in each state, `complete` is 1 or 0.

    Raises:
        ValueError: no run folder, one of another version, a damaged one; no saved account;
            mitigation of a run without calibration.
        ExecutionError: the device did not take a job again.

    Notes:
        Collecting twice changes nothing. A job that fails is not sent again unless asked for; if
        it and its successor both come back, the first one that was fetched counts.
    """
    from rzqiskit.execution.jobs import collect_batches, reopen_device, summarize_states

    mitigation = check_choice("mitigation", mitigation, MITIGATIONS)
    run = _open_run(folder)
    if mitigation == "readout" and not run.record["purpose"]["readout_calibration"]:
        raise ValueError("`mitigation` must be 'none' for a run without readout calibration.")
    everything = all(run.has_counts(batch) for batch in run.batches)
    if everything:
        states = {"collected": len(run.batches)}
    else:
        statuses = collect_batches(run, reopen_device(run), resubmit=resubmit)
        states = summarize_states(statuses)
    return _dataset(run, states, mitigation)


def _open_run(folder: Path | str) -> RunFolder:
    from rzqiskit.execution.run_folder import RunFolder, RunFolderError

    run = RunFolder(Path(folder))
    if run.record["purpose"].get("kind") != KIND:
        raise RunFolderError(f"`folder` must hold a charging run, got {run.path}.")
    return run


def _dataset(run: RunFolder, states: Mapping[str, int], mitigation: Mitigation) -> xr.Dataset:
    from rzqiskit.estimation import estimate_summaries

    purpose = run.record["purpose"]
    battery = RosenZenerBattery.from_dict(purpose["battery"])
    time = np.array(purpose["times"])
    seen = run.counts()
    counts = {
        str(basis): _histograms(seen[first : first + time.size], battery.num_qubits)
        for basis, first in zip(BASES, (0, time.size), strict=True)
    }
    estimates = _estimate(run, battery, time, seen, counts, mitigation)
    variables: dict[str, tuple[tuple[str, ...], Any]] = {
        "counts": (("time", "excitations"), counts["z"]),
        "counts_y": (("time", "excitations"), counts["y"]),
        "shots": (("time",), counts["z"].sum(axis=-1)),
    }
    for name, (values, stderr) in estimates.items():
        dims = ("time", "excitations") if name == "population" else ("time",)
        variables[name] = (dims, values)
        variables[f"{name}_stderr"] = (dims, stderr)
    complete = all(number is not None for number in seen)
    if complete:
        summaries = estimate_summaries(time, estimates)
    else:
        names = [name for name in estimates if name != "population"]
        unknown = (float("nan"), float("nan"))
        summaries = {
            f"{kind}_{name}": unknown
            for name in names
            for kind in ("maximum", "time_of_maximum", "final")
        }
    for name, (value, error) in summaries.items():
        variables[name] = ((), value)
        variables[f"{name}_stderr"] = ((), error)
    attrs = provenance(
        battery,
        solver="circuit",
        sampler="qiskit_ibm_runtime.Sampler",
        shots=run.record["shots"],
        backend=run.record["device"],
        calibration_time=run.record["calibration_time"],
        run_id=run.record["run_id"],
        mitigation=mitigation,
        options=run.record["options"],
        network=purpose["network"],
        complete=int(complete),
        **{f"jobs_{state}": number for state, number in states.items()},
        **purpose["formula"],
    )
    for package, version in run.record["versions"].items():
        attrs[f"{package.replace('-', '_')}_version"] = version
    coords = {
        "time": (("time",), time),
        "excitations": (("excitations",), np.arange(battery.num_qubits + 1)),
    }
    return make_dataset(variables, coords, attrs)


def _histograms(seen: Sequence[dict[int, int] | None], num_qubits: int) -> IntArray:
    """Return the Hamming-weight counts, shape (num_circuits, N + 1); zeros where nothing is."""
    counts = np.zeros((len(seen), num_qubits + 1), dtype=np.int64)
    for row, outcomes in zip(counts, seen, strict=True):
        for outcome, number in (outcomes or {}).items():
            row[outcome.bit_count()] += number
    return counts


def _estimate(
    run: RunFolder,
    battery: RosenZenerBattery,
    time: FloatArray,
    seen: Sequence[dict[int, int] | None],
    counts: Mapping[str, IntArray],
    mitigation: Mitigation,
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return metrics and their errors at all times, NaN where they are not known."""
    from rzqiskit.estimation import estimate_metrics
    from rzqiskit.mitigation import mitigate_metrics

    drive = np.asarray(battery.drive.value(time))
    readouts = _readouts(run, seen, battery.num_qubits) if mitigation == "readout" else {}
    sets = [tuple(sorted(qubits)) for qubits in run.record["layout"]]

    def estimate(basis: str, members: list[int], key: Any) -> Estimates | None:
        arguments: dict[str, Any] = {
            "level_splitting": battery.level_splitting,
            "times": time[members],
        }
        if basis == "y":
            arguments |= {"counts_y": counts["y"][members], "drive_values": drive[members]}
        if mitigation == "none":
            return estimate_metrics(counts["z"][members], **arguments)
        if key not in readouts:  # its calibration is not there yet
            return None
        return mitigate_metrics(counts["z"][members], readouts[key], **arguments)

    keys = {}
    for basis, first in zip(BASES, (0, time.size), strict=True):
        known = (counts["z"].sum(axis=-1) > 0) & (counts[basis].sum(axis=-1) > 0)
        keys[str(basis)] = [
            sets[first + index] if known[index] else None for index in range(time.size)
        ]
    return estimate_in_groups(estimate, keys, num_qubits=battery.num_qubits)


def _readouts(
    run: RunFolder, seen: Sequence[dict[int, int] | None], num_qubits: int
) -> dict[tuple[int, ...], Any]:
    """Return the readout errors of each set of qubits whose calibration is there."""
    from rzqiskit.mitigation import estimate_readout_errors

    first = 2 * len(run.record["purpose"]["times"])
    readouts = {}
    for index in range(first, len(seen), 2):
        zeros, ones = seen[index], seen[index + 1]
        if zeros is None or ones is None:
            continue
        readouts[tuple(sorted(run.record["layout"][index]))] = estimate_readout_errors(
            _ones(zeros, num_qubits),
            _ones(ones, num_qubits),
            shots_of_zeros=sum(zeros.values()),
            shots_of_ones=sum(ones.values()),
        )
    return readouts


def _ones(outcomes: Mapping[int, int], num_qubits: int) -> IntArray:
    return np.array(
        [
            sum(number for outcome, number in outcomes.items() if outcome >> bit & 1)
            for bit in range(num_qubits)
        ],
        dtype=np.int64,
    )
