"""Jobs of the runtime: their size, sending, finding by tag, state, counts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from qiskit.circuit import QuantumCircuit
from qiskit.primitives import BitArray
from qiskit_ibm_runtime.decoders.defaults import DEFAULT_DECODERS
from qiskit_ibm_runtime.exceptions import RuntimeJobNotFound
from qiskit_ibm_runtime.executor.executor import Executor
from qiskit_ibm_runtime.executor_sampler.prepare import prepare
from qiskit_ibm_runtime.options_models import SamplerOptions
from qiskit_ibm_runtime.quantum_program import QuantumProgram
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

from rzqiskit.execution.runtime.devices import Device

__all__ = [
    "MAX_EXECUTIONS",
    "MAX_PAYLOAD",
    "AnswerError",
    "CorruptedError",
    "JobState",
    "LostError",
    "fetch_counts",
    "find_job",
    "job_state",
    "payload_sizes",
    "send",
    "without_credentials",
]

# What the service's page on job limits allows: shots of all circuits of a job together, and the
# bytes of its input (50 MB, of late more), with a margin for what the request adds.
MAX_EXECUTIONS = 10_000_000
MAX_PAYLOAD = 45_000_000

# However a service quotes what a request was signed with.
_SIGNATURE = re.compile(
    r"""(?ix)
    (
        (?:api[-_ ]?key | token | secret | password | authorization)
        \\*["']? \s* (?:[=:] | %3[ad]) \s* \\*["']? (?:(?:bearer | basic | api[-_ ]?key)\s+)?
        | \bbearer\s+
        | \b(?:basic | api[-_ ]?key)\s+ (?=[^\s"']{16})  # shorter words are words
    )
    [^\s"'\\,;&]+
    """
)

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


class CorruptedError(Exception):
    """The answer of a finished job arrived and cannot be read."""


class LostError(Exception):
    """The service knows no job of the id."""


def payload_sizes(
    device: Device, circuits: Sequence[QuantumCircuit], *, shots: int, options: Mapping[str, Any]
) -> list[int]:
    """Return the bytes that each circuit would make up as a job of its own, as it is sent.

    Together in a job circuits take less: the sum is on the safe side. Twirled circuits take a
    hundred times what plain ones do.

    Args:
        device: where they would be sent.
        circuits: compiled circuits. Those of the same gates differ in their angles only, and are
            measured once.
        shots: shots of each circuit.
        options: the sampler options, as `check_runtime_options` returns them.
    """
    sizes: dict[Any, int] = {}
    found = []
    for circuit in circuits:
        key = (circuit.num_qubits, circuit.num_clbits, *sorted(circuit.count_ops().items()))
        if key not in sizes:
            program, chosen = prepare(
                [circuit], SamplerOptions(**options), shots, backend=device.backend
            )
            encode = QUANTUM_PROGRAM_PARAMS_CONVERTERS[Executor._SCHEMA_VERSION].encoder
            payload = encode(QuantumProgram.from_(program), chosen).model_dump(mode="json")
            sizes[key] = len(json.dumps(payload))
        found.append(sizes[key])
    return found


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
    """Return the state of a job, and why it failed.

    Raises:
        LostError: the service knows no such job.
    """
    try:
        job = device.service.job(job_id)
    except RuntimeJobNotFound:
        raise LostError(
            "The service does not know the job: deleted, or of another account or instance."
        ) from None
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
        CorruptedError: the answer is empty or cannot be decoded.
    """
    answer = device.service.job(job_id).result(decoder=_DECODERS)
    if answer is None:
        raise CorruptedError("The job has finished, but its answer is empty.")
    results = list(answer)
    if len(results) != len(registers):
        raise AnswerError(f"The job returned {len(results)} circuits instead of {len(registers)}.")
    counts = []
    for result, (name, size) in zip(results, registers, strict=True):
        bits = dict(result.data.items()).get(name)
        if not isinstance(bits, BitArray) or bits.num_bits != size or bits.ndim:
            raise AnswerError(f"The job returned no {size} bits in the register {name}.")
        counts.append({int(key): int(number) for key, number in bits.get_int_counts().items()})
    return counts


def _strict(decoder: Any) -> Any:
    """Return a decoder of the runtime whose failures are told from those of the network."""

    class Strict(decoder):  # type: ignore[misc]
        @classmethod
        def decode(cls, data: Any) -> Any:
            try:
                return super().decode(data)
            except Exception as error:  # damaged data may end in anything
                raise CorruptedError(
                    f"The job has finished, but its answer cannot be read ({type(error).__name__})."
                ) from None

    return Strict


_DECODERS = [_strict(decoder) for decoder in DEFAULT_DECODERS[Executor._PROGRAM_ID]]


def without_credentials(text: str, device: Device) -> str:
    """Return the text of an error without the token of the account, should it quote it."""
    active = getattr(device.service, "active_account", None)
    try:
        token = (active() or {}).get("token") if active else None
    except Exception:  # what the token looks like is not known
        return "(not shown: it might quote the account's token)"
    text = text.replace(token, "<token>") if token else text
    return _SIGNATURE.sub(r"\1<token>", text)
