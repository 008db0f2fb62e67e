"""Jobs of the runtime: sending, finding by tag, state, counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from qiskit.circuit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.primitives import BitArray

from rzqiskit.execution.runtime.devices import Device

__all__ = [
    "UNREACHABLE",
    "AnswerError",
    "JobState",
    "fetch_counts",
    "find_job",
    "job_state",
    "send",
    "without_credentials",
]

# What asking a service may end in, and a later question may not: no network, an error on the
# other side, an answer cut short.
UNREACHABLE = (QiskitError, OSError, ValueError)

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
_STATES: dict[str, JobState] = {
    "INITIALIZING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "DONE": "done",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
}


class AnswerError(Exception):
    """A job answered something else than it was asked."""


def send(sampler: Any, circuits: Sequence[QuantumCircuit], *, shots: int, tag: str) -> str:
    """Send a job and return its id.

    Args:
        sampler: the runtime's.
        circuits: what to run.
        shots: shots of each circuit.
        tag: to be found by.
    """
    sampler.options.environment.job_tags = [tag]
    return str(sampler.run(list(circuits), shots=shots).job_id())


def find_job(device: Device, tag: str) -> str | None:
    """Return the id of the first job that carries the tag, None if there is none."""
    found = device.service.jobs(job_tags=[tag], limit=None)
    return str(found[-1].job_id()) if found else None


def job_state(device: Device, job_id: str) -> tuple[JobState, str]:
    """Return the state of a job, and why it failed."""
    job = device.service.job(job_id)
    state = _STATES.get(str(job.status()), "running")
    message = str(job.error_message() or "") if state == "failed" else ""
    return state, without_credentials(message, device)


def fetch_counts(
    device: Device, job_id: str, registers: Sequence[tuple[str, int]]
) -> list[dict[int, int]]:
    """Return how often each outcome was seen, for each circuit of a finished job.

    Args:
        device: the device.
        job_id: the job.
        registers: name and size of each circuit's classical register.

    Raises:
        AnswerError: the answer has other circuits or bits than the question.
    """
    results = list(device.service.job(job_id).result())
    if len(results) != len(registers):
        raise AnswerError(f"The job returned {len(results)} circuits instead of {len(registers)}.")
    counts = []
    for result, (name, size) in zip(results, registers, strict=True):
        bits = dict(result.data.items()).get(name)
        if not isinstance(bits, BitArray) or bits.num_bits != size or bits.ndim:
            raise AnswerError(f"The job returned no {size} bits in the register {name}.")
        counts.append({int(key): int(number) for key, number in bits.get_int_counts().items()})
    return counts


def without_credentials(text: str, device: Device) -> str:
    """Return the text of an error without the token of the account, should it quote it."""
    active = getattr(device.service, "active_account", None)
    token = (active() or {}).get("token") if active else None
    return text.replace(token, "<token>") if token else text
