r"""Charging runs on devices that take days: submit now, collect from another process.

`submit_charging` writes everything into a run folder before it sends anything, `collect_charging`
fetches what is finished, as often as one likes. See `rzqiskit.execution.run_folder` for what the
folder holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rzqiskit.circuits.product_formula import Formula, Frame, Slices, Spacing
from rzqiskit.model import RosenZenerBattery
from rzqiskit.schema import make_dataset, provenance
from rzqiskit.validation import (
    FloatArray,
    check_choice,
    check_positive_integer,
    check_times,
)

if TYPE_CHECKING:
    import xarray as xr
    from qiskit.circuit import QuantumCircuit

    from rzqiskit.execution.jobs import BatchStatus
    from rzqiskit.execution.run_folder import RunFolder

__all__ = [
    "MITIGATIONS",
    "SubmissionEstimate",
    "charging_status",
    "collect_charging",
    "estimate_submission",
    "submit_charging",
]

Mitigation = Literal["none", "readout"]
MITIGATIONS: tuple[Mitigation, ...] = ("none", "readout")
_BASES: tuple[Literal["z", "y"], ...] = ("z", "y")
_KIND = "charging"
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SubmissionEstimate:
    """What a submission would send, and what it would cost.

    Attributes:
        device: name of the device.
        num_circuits: circuits, readout calibration included.
        num_jobs: jobs that they are split into.
        shots: shots of each circuit.
        num_qubits: cells of the battery.
        largest_depth: two-qubit depth of the deepest circuit.
        largest_num_two_qubit_gates: two-qubit gates of the largest circuit.
        circuit_seconds: duration of the longest circuit, measurement included.
        device_seconds: time on the device of all shots: gates, measurements and the delay between
            shots. Loading a job comes on top.
    """

    device: str
    num_circuits: int
    num_jobs: int
    shots: int
    num_qubits: int
    largest_depth: int
    largest_num_two_qubit_gates: int
    circuit_seconds: float
    device_seconds: float


@dataclass(frozen=True)
class _Submission:
    device: Any
    circuits: list[QuantumCircuit]
    shots: int
    options: dict[str, Any]
    purpose: dict[str, Any]
    max_circuits: int | None


def estimate_submission(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    backend: Any,
    *,
    shots: int = 4096,
    num_steps: int = 8,
    order: int = 2,
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
    network: str = "auto",
    readout_calibration: bool = True,
    options: Any = None,
    fractional_gates: bool = False,
    max_circuits_per_job: int | None = None,
) -> SubmissionEstimate:
    """Return what `submit_charging` with the same arguments would send; nothing is written or sent.

    Args:
        battery: see `submit_charging`, as for all arguments.
        times: shape (num_times,), inverse energy.
        backend: the device.
        shots: shots of each circuit.
        num_steps: slices.
        order: order of the formula.
        frame: frame of the formula.
        spacing: spacing of the slices.
        slices: whose slices.
        network: how collective layers are compiled.
        readout_calibration: whether circuits for readout calibration are added.
        options: the runtime's sampler options.
        fractional_gates: whether to use the device's fractional gates.
        max_circuits_per_job: most circuits of one job.

    Returns:
        The estimate.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range, an unknown device, too many cells for it.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=4, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> estimate = estimate_submission(battery, [0.1, 0.3], "local:FakeTorino", num_steps=2)
        >>> estimate.num_circuits, estimate.num_jobs
        (6, 1)
    """
    from rzqiskit.execution.run_folder import plan_batches

    made = _prepare(
        battery, times, backend, Path(), shots, network, readout_calibration, options,
        fractional_gates, max_circuits_per_job, None,
        Formula(num_steps=num_steps, order=order, frame=frame, spacing=spacing, slices=slices),
    )  # fmt: skip
    device = made.device
    limits = [limit for limit in (device.max_circuits, made.max_circuits) if limit is not None]
    batches = plan_batches(
        len(made.circuits),
        made.shots,
        max_circuits=min(limits, default=None),
        max_shots=device.max_shots,
    )
    target = device.backend.target
    durations = [circuit.estimate_duration(target, unit="s") for circuit in made.circuits]
    rest = made.options.get("execution", {}).get("rep_delay") or device.repetition_delay
    two_qubit = [_two_qubit_gates(circuit) for circuit in made.circuits]
    return SubmissionEstimate(
        device=device.name,
        num_circuits=len(made.circuits),
        num_jobs=len(batches),
        shots=made.shots,
        num_qubits=battery.num_qubits,
        largest_depth=max(depth for _, depth in two_qubit),
        largest_num_two_qubit_gates=max(number for number, _ in two_qubit),
        circuit_seconds=float(max(durations)),
        device_seconds=float(made.shots * sum(duration + rest for duration in durations)),
    )


def submit_charging(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    backend: Any,
    *,
    folder: Path | str | None = None,
    shots: int = 4096,
    num_steps: int = 8,
    order: int = 2,
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
    network: str = "auto",
    readout_calibration: bool = True,
    options: Any = None,
    fractional_gates: bool = False,
    max_circuits_per_job: int | None = None,
    seed: int | None = None,
) -> Path:
    """Write the run folder of a charging run, send its circuits, and return the folder.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy, strictly increasing, from 0 upwards.
        backend: name of a device of the account that `QiskitRuntimeService` has saved, such as
            ``"ibm_torino"``; ``"local:FakeTorino"`` to rehearse on this machine, with the jobs in
            the run folder; or a backend object of either kind.
        folder: the run folder, which must not exist yet; a new one in the working folder when None.
        shots: shots of each circuit, of which there are two for each time (Z and Y basis).
        num_steps: number of slices of the pulse in each circuit.
        order: order of accuracy of the product formula: 1, 2, 4 or 6.
        frame: interaction picture of the formula, see `charging_schedule`.
        spacing: slices of equal "time" or equal pulse "area".
        slices: slices for "each" time, or "shared" by all.
        network: how collective layers are compiled, see `compile_circuits`.
        readout_calibration: whether to add two circuits for each set of qubits that is read.
        options: the runtime's sampler options (dynamical decoupling, twirling, repetition delay,
            ...), as its `SamplerOptions` or as what they are made of.
        fractional_gates: whether to use the device's fractional gates.
        max_circuits_per_job: most circuits of one job, below the device's own limit.
        seed: fixes the shots of a rehearsal; None on a device.

    Returns:
        The folder.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range; an unknown device, no saved account, too many cells
            for the device; a folder that exists.
        ExecutionError: the device did not take a job. The folder holds what was sent and what was
            not: collect it, with resubmission when you want the rest sent.

    Notes:
        Credentials are the runtime's business: it reads them where `save_account` put them.

    Examples:
        >>> import tempfile
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=3, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> folder = submit_charging(
        ...     battery, [0.1, 0.3], "local:FakeTorino", num_steps=1, shots=500, seed=7,
        ...     folder=Path(tempfile.mkdtemp()) / "run",
        ... )
        >>> collect_charging(folder).counts.sum("excitations").values
        array([500, 500])
    """
    from rzqiskit.execution.jobs import create_run, send_batches

    if folder is None:
        folder = f"charging-{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"
    path = Path(folder)
    if path.exists():
        raise ValueError(f"`folder` must not exist yet, got {path}.")
    made = _prepare(
        battery, times, backend, path, shots, network, readout_calibration, options,
        fractional_gates, max_circuits_per_job, seed,
        Formula(num_steps=num_steps, order=order, frame=frame, spacing=spacing, slices=slices),
    )  # fmt: skip
    run = create_run(
        path,
        made.circuits,
        made.device,
        shots=made.shots,
        options=made.options,
        purpose=made.purpose,
        max_circuits=made.max_circuits,
        seed=seed,
    )
    send_batches(run, made.device, run.batches)
    return path


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
    return collect_batches(run, reopen_device(run), fetch=False)


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


def _prepare(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    backend: Any,
    path: Path,
    shots: int,
    network: str,
    readout_calibration: bool,
    options: Any,
    fractional_gates: bool,
    max_circuits: int | None,
    seed: int | None,
    formula: Formula,
) -> _Submission:
    from rzqiskit.circuits.charging import build_charging_circuits
    from rzqiskit.circuits.compilation.compiler import compile_circuits
    from rzqiskit.execution.calibration import build_readout_calibration_circuits
    from rzqiskit.execution.jobs import measured_qubits
    from rzqiskit.execution.run_folder import SERVICE
    from rzqiskit.execution.runtime.devices import check_runtime_options, device_of, open_device

    if not isinstance(battery, RosenZenerBattery):
        raise TypeError(f"`battery` must be a RosenZenerBattery, got {type(battery).__name__}.")
    time = check_times(times)
    shots = check_positive_integer("shots", shots)
    if max_circuits is not None:
        max_circuits = check_positive_integer("max_circuits_per_job", max_circuits)
    plain_options = check_runtime_options(options)
    service = path / SERVICE
    if isinstance(backend, str):
        device = open_device(backend, service, fractional_gates=fractional_gates, seed=seed)
    else:
        device = device_of(backend, service, fractional_gates=fractional_gates, seed=seed)
    if battery.num_qubits > device.backend.num_qubits:
        raise ValueError(
            f"`battery` must have at most {device.backend.num_qubits} cells on {device.name}, got "
            f"{battery.num_qubits}."
        )
    circuits = [
        circuit
        for basis in _BASES
        for circuit in build_charging_circuits(battery, time, basis=basis, **formula)
    ]
    compiled = compile_circuits(circuits, device.backend, network=network)
    calibrated: dict[tuple[int, ...], QuantumCircuit] = {}
    for circuit in compiled if readout_calibration else []:
        calibrated.setdefault(tuple(sorted(measured_qubits(circuit))), circuit)
    for circuit in calibrated.values():
        compiled.extend(build_readout_calibration_circuits(circuit))
    purpose = {
        "kind": _KIND,
        "battery": battery.to_dict(),
        "times": time.tolist(),
        "formula": dict(formula),
        "network": network,
        "readout_calibration": bool(calibrated),
    }
    return _Submission(device, compiled, shots, plain_options, purpose, max_circuits)


def _open_run(folder: Path | str) -> RunFolder:
    from rzqiskit.execution.run_folder import RunFolder, RunFolderError

    run = RunFolder(Path(folder))
    if run.record["purpose"].get("kind") != _KIND:
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
        for basis, first in zip(_BASES, (0, time.size), strict=True)
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

    known = {basis: rows.sum(axis=-1) > 0 for basis, rows in counts.items()}
    drive = np.asarray(battery.drive.value(time))
    shape = (time.size,)
    names = ("stored_energy", "average_power", "instantaneous_power", "energy_fluctuation",
             "diagonal_entropy")  # fmt: skip
    result = {name: (np.full(shape, np.nan), np.full(shape, np.nan)) for name in names}
    full = counts["z"].shape
    result["population"] = (np.full(full, np.nan), np.full(full, np.nan))
    readouts = _readouts(run, seen, battery.num_qubits) if mitigation == "readout" else {}
    sets = [tuple(sorted(qubits)) for qubits in run.record["layout"]]

    for basis, first in zip(_BASES, (0, time.size), strict=True):
        groups: dict[Any, list[int]] = {}
        for index in np.flatnonzero(known["z"] & known[basis]).tolist():
            groups.setdefault(sets[first + index] if readouts else None, []).append(index)
        for qubits, members in groups.items():
            arguments: dict[str, Any] = {
                "level_splitting": battery.level_splitting,
                "times": time[members],
            }
            if basis == "y":
                arguments |= {"counts_y": counts["y"][members], "drive_values": drive[members]}
            if mitigation == "none":
                part = estimate_metrics(counts["z"][members], **arguments)
            elif qubits in readouts:
                part = mitigate_metrics(counts["z"][members], readouts[qubits], **arguments)
            else:  # its calibration is not there yet
                continue
            # The Y basis may be read on other qubits than the Z basis: take only its own from it.
            wanted = ["instantaneous_power"] if basis == "y" else [*part]
            for name in wanted:
                for place, values in zip(result[name], part[name], strict=True):
                    place[members] = values
    return result


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


def _two_qubit_gates(circuit: QuantumCircuit) -> tuple[int, int]:
    """Return the number of two-qubit gates, and their depth."""

    def joint(item: Any) -> bool:
        return len(item.qubits) > 1 and item.operation.name != "barrier"

    return sum(map(joint, circuit.data)), int(circuit.depth(joint))
