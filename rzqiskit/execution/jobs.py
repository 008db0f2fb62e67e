"""Sending the circuits of a run folder, and fetching what they measured.

At every moment at most one thing is unknown: whether the job of the last intent was accepted. Its
tag answers that, so a process that dies here loses nothing; nothing is sent twice unless asked for,
and nothing counts twice even then.

Several processes may do all of this at once. One that sends holds a lock, so that a job that is not
known yet is told from one whose sender died; and an attempt is made by whoever creates its intent,
for the number of attempts that was seen when the batch was judged.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from qiskit.circuit import QuantumCircuit

from rzqiskit.execution.batching import Batch, plan_batches
from rzqiskit.execution.noise import measured_qubits
from rzqiskit.execution.run_folder import Attempt, AttemptTakenError, Counts, RunFolder
from rzqiskit.execution.runtime.devices import Device, make_runtime_sampler, open_device
from rzqiskit.execution.runtime.jobs import (
    MAX_EXECUTIONS,
    MAX_PAYLOAD,
    AnswerError,
    CorruptedError,
    LostError,
    fetch_counts,
    find_job,
    job_state,
    payload_sizes,
    send,
    without_credentials,
)

__all__ = [
    "BATCH_STATES",
    "BatchStatus",
    "ExecutionError",
    "collect_batches",
    "create_run",
    "plan_jobs",
    "reopen_device",
    "send_batches",
    "summarize_states",
]

BatchState = Literal[
    "collected",
    "done",
    "running",
    "queued",
    "sending",
    "unreachable",
    "corrupted",
    "failed",
    "cancelled",
    "lost",
    "unsent",
]
BATCH_STATES: tuple[BatchState, ...] = get_args(BatchState)
_RESUBMITTED = ("corrupted", "failed", "cancelled", "lost", "unsent")
# Seconds after which a sender is given up where the system does not tell whether it lives.
_SENDER_PATIENCE = 900.0
_TOO_EARLY = (
    "It was about to be sent {:.0f} seconds ago, and the service may not show it before {:.0f}."
)
_VERSIONED = ("rzqiskit", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "samplomatic", "numpy")


class ExecutionError(RuntimeError):
    """A device did not take a job.

    Attributes:
        job_id: the job concerned, None if there is none.
    """

    def __init__(self, message: str, *, job_id: str | None = None) -> None:
        super().__init__(message)
        self.job_id = job_id


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """Where a batch is.

    Attributes:
        batch: the batch.
        state: "collected", "done" (on the device, not fetched), "running", "queued",
            "sending" (a process is about to, or was a moment ago), "unreachable" (the device does
            not say), "corrupted" (finished, but the answer cannot be read, so far), "failed",
            "cancelled", "lost" (the service knows the job no more) or "unsent".
        job_id: the job that tells, None where there is none.
        num_attempts: how often the batch was sent.
        message: why it failed.
    """

    batch: Batch
    state: BatchState
    job_id: str | None
    num_attempts: int
    message: str


def plan_jobs(
    circuits: Sequence[QuantumCircuit],
    device: Device,
    *,
    shots: int,
    options: Mapping[str, Any],
    max_circuits: int | None = None,
) -> list[Batch]:
    """Return the jobs that circuits are split into.

    Args:
        circuits: compiled for the device.
        device: its limits on circuits and shots apply, and the service's on all shots of a job and
            on its size.
        shots: shots of each circuit.
        options: of the runtime's sampler, as JSON holds them; twirling makes jobs large.
        max_circuits: most circuits of one job, below the device's own limit.

    Returns:
        The batches.

    Raises:
        ValueError: a circuit that alone is too large for a job.
    """
    limits = [limit for limit in (device.max_circuits, max_circuits) if limit is not None]
    return plan_batches(
        len(circuits),
        shots,
        max_circuits=min(limits, default=None),
        max_shots=device.max_shots,
        max_executions=MAX_EXECUTIONS,
        sizes=payload_sizes(device, circuits, shots=shots, options=options),
        max_size=MAX_PAYLOAD,
    )


def create_run(
    path: Path,
    circuits: Sequence[QuantumCircuit],
    device: Device,
    *,
    shots: int,
    options: Mapping[str, Any],
    purpose: Mapping[str, Any],
    max_circuits: int | None = None,
    seed: int | None = None,
) -> RunFolder:
    """Write the folder of a run; nothing is sent.

    Args:
        path: where the folder is to be.
        circuits: compiled for the device, each measured into one register.
        device: where they are to run.
        shots: shots of each circuit.
        options: of the runtime's sampler, as JSON holds them.
        purpose: what the caller needs to make sense of the counts.
        max_circuits: most circuits of one job, below the device's own limit.
        seed: fixes the shots of a rehearsal.

    Returns:
        The folder.
    """
    batches = plan_jobs(circuits, device, shots=shots, options=options, max_circuits=max_circuits)
    record = {
        "device": device.name,
        "instance": device.instance,
        "calibration_time": device.calibration_time,
        "fractional_gates": device.fractional_gates,
        "seed": seed,
        "shots": shots,
        "options": dict(options),
        "layout": [measured_qubits(circuit) for circuit in circuits],
        "versions": {package: importlib.metadata.version(package) for package in _VERSIONED},
        "purpose": dict(purpose),
    }
    return RunFolder.create(path, circuits, batches, record)


def reopen_device(run: RunFolder) -> Device:
    """Return the device of a run folder.

    Args:
        run: the folder.

    Raises:
        ValueError: no saved account, or the device is gone.
    """
    return open_device(
        run.record["device"],
        run.service_folder,
        instance=run.record["instance"],
        fractional_gates=run.record["fractional_gates"],
        seed=run.record["seed"],
    )


def send_batches(
    run: RunFolder,
    device: Device,
    batches: Sequence[Batch],
    num_attempts: Sequence[int] | None = None,
) -> None:
    """Send batches, each written down before and after.

    Args:
        run: the folder.
        device: its device.
        batches: some of the folder's.
        num_attempts: how often each had been sent when it was decided to send it; never when None.
            A batch that another process has sent meanwhile is left to that.

    Raises:
        ExecutionError: the device did not take a batch, or the disk not its job; those before it
            are sent, those after it are not.
    """
    if not batches:
        return
    circuits = run.circuits()
    with run.sending():
        for batch, number in zip(batches, num_attempts or [0] * len(batches), strict=True):
            job_id, failed = None, "sent"
            try:
                sampler = make_runtime_sampler(device.backend, options=run.record["options"])
                attempt = run.begin_attempt(batch, number)
                chosen = circuits[batch.start : batch.stop]
                job_id = send(sampler, chosen, shots=batch.shots, tag=attempt.tag)
                failed = f"written down as {job_id}, sent"  # its tag finds it all the same
                run.record_job(batch, attempt, _job_record(job_id, device))
            except AttemptTakenError:
                continue
            except Exception as error:  # whatever a service, its client or the disk ends in
                # Without the original, whose text and traceback may quote what was sent along.
                raise ExecutionError(
                    f"Job {batch.index + 1} of {len(run.batches)} could not be {failed} to "
                    f"{device.name}: {type(error).__name__}, "
                    f"{without_credentials(str(error), device)} {run.path} holds everything: "
                    "collect it with resubmission to send what is missing.",
                    job_id=job_id,
                ) from None


def collect_batches(
    run: RunFolder, device: Device, *, fetch: bool = True, resubmit: bool = False
) -> list[BatchStatus]:
    """Ask the device about all batches that are not collected, and fetch what is done.

    Args:
        run: the folder.
        device: its device.
        fetch: whether to fetch; else only the states are told.
        resubmit: whether to send again what failed, was cancelled or lost, never arrived or cannot
            be read.

    Returns:
        The state of every batch, in order.

    Raises:
        RunFolderError: a file of the folder is damaged, or it takes no counts.
        ExecutionError: the device did not take a batch again.
    """
    statuses = [_examine(run, device, batch, fetch) for batch in run.batches]
    if resubmit:
        again = [status for status in statuses if status.state in _RESUBMITTED]
        judged = [status.num_attempts for status in again]
        send_batches(run, device, [status.batch for status in again], judged)
        for status in again:
            statuses[status.batch.index] = _examine(run, device, status.batch, fetch)
    return statuses


def summarize_states(statuses: Sequence[BatchStatus]) -> dict[str, int]:
    """Return how many batches are in each state, without the states that none is in."""
    number = Counter(status.state for status in statuses)
    return {state: number[state] for state in BATCH_STATES if number[state]}


def _examine(run: RunFolder, device: Device, batch: Batch, fetch: bool) -> BatchStatus:
    if run.has_counts(batch):
        # Whatever has become of the files of its attempts.
        return BatchStatus(batch, "collected", run.counted_job(batch), run.num_attempts(batch), "")
    attempts = run.attempts(batch)
    if not attempts:
        if run.is_being_sent_from():
            return BatchStatus(batch, "sending", None, 0, "Another process is sending this run.")
        # Its files may have been moved away: a job that is there must not be paid again.
        try:
            job_id = _ask(find_job, device, run.tag(batch, 1))
        except _UnreachableError as error:
            return BatchStatus(batch, "unreachable", None, 0, str(error))
        if job_id is None:
            return BatchStatus(batch, "unsent", None, 0, "")
        attempts = [Attempt(1, run.tag(batch, 1), 0.0, job_id, None, "")]
        _note(run.record_job, batch, attempts[0], _job_record(job_id, device))
    states: list[BatchStatus] = []
    for attempt in attempts:
        status = _examine_attempt(run, device, batch, attempt, fetch, len(attempts))
        if status.state == "collected":
            return status
        states.append(status)
    # An attempt that may still bring something says more than a later one that does not.
    return min(reversed(states), key=lambda status: BATCH_STATES.index(status.state))


def _examine_attempt(
    run: RunFolder, device: Device, batch: Batch, attempt: Attempt, fetch: bool, number: int
) -> BatchStatus:
    def status(state: BatchState, job_id: str | None, message: str = "") -> BatchStatus:
        return BatchStatus(batch, state, job_id, number, message)

    job_id = attempt.job_id
    if attempt.end is not None:
        return status("failed" if attempt.end == "failed" else "cancelled", job_id, attempt.message)
    try:
        if job_id is None:
            job_id = _ask(find_job, device, attempt.tag)
            if job_id is not None:
                _note(run.record_job, batch, attempt, _job_record(job_id, device))
        if job_id is None:
            alive = run.is_being_sent_from()
            if alive or (alive is None and attempt.age < _SENDER_PATIENCE):
                return status("sending", None, "Another process is sending it.")
            # Nobody sends any more. What a sender knew that ended meanwhile, it has written down.
            job_id = run.attempts(batch)[attempt.number - 1].job_id
        if job_id is None:
            if attempt.age < device.settling_time:
                return status("sending", None, _TOO_EARLY.format(attempt.age, device.settling_time))
            return status("unsent", None, "The process that sent it ended before it was sent.")
        state, message = _ask(job_state, device, job_id)
        if state in ("failed", "cancelled"):
            _note(run.record_end, batch, attempt, state, message)
        if state != "done" or not fetch:
            return status(state, job_id, message)
        registers = [tuple(entry) for entry in run.record["registers"][batch.start : batch.stop]]
        counts: list[Counts] = _ask(fetch_counts, device, job_id, registers)
    except _UnreachableError as error:
        return status("unreachable", job_id, str(error))
    except LostError as error:
        return _lost(status, device, attempt, job_id, str(error))
    except AnswerError as error:
        _note(run.record_end, batch, attempt, "failed", str(error))
        return status("failed", job_id, str(error))
    except CorruptedError as error:
        # Not the end: another day the same job may be read.
        return status("corrupted", job_id, str(error))
    run.record_counts(batch, attempt, job_id, counts)
    return status("collected", run.counted_job(batch))


def _note(record: Callable[..., None], *arguments: Any) -> None:
    # What the device tells any time need not be written down: the folder may be one to read only.
    with contextlib.suppress(OSError):
        record(*arguments)


def _lost(
    status: Callable[..., BatchStatus], device: Device, attempt: Attempt, job_id: Any, message: str
) -> BatchStatus:
    """Return that a job is lost, if it is old enough and not found by its tag either."""
    try:
        if _ask(find_job, device, attempt.tag) is None and attempt.age >= device.settling_time:
            return status("lost", job_id, message)
    except _UnreachableError as error:
        message = str(error)
    return status("unreachable", job_id, message)


class _UnreachableError(Exception):
    """The device did not answer."""


def _ask(question: Callable[..., Any], device: Device, *arguments: Any) -> Any:
    try:
        return question(device, *arguments)
    except (AnswerError, CorruptedError, LostError):
        raise
    except Exception as error:  # one odd job must not keep the others from being collected
        text = without_credentials(str(error), device)
        raise _UnreachableError(f"{type(error).__name__}: {text}") from None


def _job_record(job_id: str, device: Device) -> dict[str, Any]:
    try:
        calibration_time = device.calibration_time
    except Exception:  # the job is what must be written down
        calibration_time = None
    return {
        "job_id": job_id,
        "backend": device.backend.name,
        "instance": device.instance,
        "calibration_time": calibration_time,
    }
