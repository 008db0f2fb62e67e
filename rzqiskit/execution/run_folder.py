r"""The run folder: everything about one submission, on disk before anything is sent.

    run.json                  what is run, on what, in which batches; never changed again
    circuits.qpy              the compiled circuits
    batches/0000-1.intent.json    about to be sent, with the tag by which the job can be found
    batches/0000-1.job.json       the job's id
    batches/0000-1.end.json       the job failed or was cancelled, and why
    batches/0000.counts.json      what the batch measured
    batches/sending.lock          locked as long as a process sends

The first number is the batch, the second the attempt. A batch has one file of counts at most,
whatever number of attempts came back, so nothing counts twice. Every file appears whole or not at
all, and is followed by its checksum.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qiskit import qpy
from qiskit.circuit import QuantumCircuit

from rzqiskit.execution.atomic import move_folder, write_atomically
from rzqiskit.execution.batching import Batch
from rzqiskit.execution.locks import hold_lock, is_locked

__all__ = ["Attempt", "AttemptTakenError", "RunFolder", "RunFolderError"]

FORMAT_VERSION = 2
_READABLE = (1, FORMAT_VERSION)  # the first one's purpose does not list the circuits
_RUN, _CIRCUITS, _BATCHES, _LOCK = "run.json", "circuits.qpy", "batches", "sending.lock"
_KINDS = ("job", "intent", "end")  # files of an attempt
SERVICE = "local_service"  # where a rehearsal on this machine keeps its jobs

Counts = dict[int, int]


class RunFolderError(ValueError):
    """A folder that is no run folder, of another version, or damaged."""


class AttemptTakenError(RunFolderError):
    """Another process sends the batch."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a batch, as far as the folder knows.

    Attributes:
        number: 1, 2, ...
        tag: the job carries it, and no other job does.
        age: seconds since the job was written down, or since it was about to be sent.
        job_id: None if the process does not know yet, or ended before it knew.
        end: "failed" or "cancelled" once that is known.
        message: why.
    """

    number: int
    tag: str
    age: float
    job_id: str | None
    end: str | None
    message: str


class RunFolder:
    """A run folder that exists.

    Args:
        path: the folder.

    Raises:
        RunFolderError: it is none, of another version, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_dir():
            raise RunFolderError(f"`folder` must be a run folder, got {path}.")
        if not (path / _RUN).exists():
            raise RunFolderError(f"`folder` must hold {_RUN}, got {path}.")
        self.record = self._read(path / _RUN)
        version = self.record.get("format")
        if version not in _READABLE:
            writer = self.record.get("versions", {}).get("rzqiskit", "?")
            raise RunFolderError(
                f"`folder` must have a format from {_READABLE[0]} to {FORMAT_VERSION}, got "
                f"{version!r} in {path}: collect it with the rzqiskit that wrote it, {writer}."
            )
        self.batches = [Batch(**entry) for entry in self.record["batches"]]

    @classmethod
    def create(
        cls,
        path: Path,
        circuits: Sequence[QuantumCircuit],
        batches: Sequence[Batch],
        record: Mapping[str, Any],
    ) -> RunFolder:
        """Write a run folder, which appears whole or not at all.

        Args:
            path: where; nothing may be there yet.
            circuits: the compiled circuits.
            batches: which circuits go into which job.
            record: what else is to be known; anything that JSON can hold.

        Returns:
            The folder.

        Raises:
            ValueError: something is there already, or the folder cannot be made.
        """
        stream = io.BytesIO()
        qpy.dump(list(circuits), stream)
        content = {
            "format": FORMAT_VERSION,
            "run_id": uuid.uuid4().hex,
            "created": _now(),
            "num_circuits": len(circuits),
            "circuits_sha256": hashlib.sha256(stream.getvalue()).hexdigest(),
            "registers": [[circuit.cregs[0].name, circuit.num_clbits] for circuit in circuits],
            "batches": [
                {name: getattr(batch, name) for name in Batch.__dataclass_fields__}
                for batch in batches
            ],
            **record,
        }
        if path.exists():
            raise ValueError(f"`folder` must not exist yet, got {path}.")
        checked = _checked(content)
        part = path.with_name(f".{path.name}-{content['run_id'][:8]}.part")
        try:
            (part / _BATCHES).mkdir(parents=True)
            write_atomically(part / _CIRCUITS, stream.getvalue())
            # Exclusively, as the files to come: a disk that cannot is found before anything is sent
            write_atomically(part / _RUN, checked, exclusive=True)
            move_folder(part, path)
        except OSError as error:
            raise ValueError(
                f"`folder` must be a place for a new folder, got {path}: {error.strerror}."
            ) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return cls(path)

    @property
    def service_folder(self) -> Path:
        """Where a rehearsal on this machine keeps its jobs."""
        return self.path / SERVICE

    def circuits(self) -> list[QuantumCircuit]:
        """Return the compiled circuits.

        Raises:
            RunFolderError: the file is damaged.
        """
        try:
            data = (self.path / _CIRCUITS).read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).hexdigest() != self.record["circuits_sha256"]:
            raise RunFolderError(
                f"`folder` must hold its circuits whole, but {self.path / _CIRCUITS} is missing, "
                "truncated or changed. What was sent can still be collected."
            )
        circuits: list[QuantumCircuit] = qpy.load(io.BytesIO(data))
        return circuits

    def num_attempts(self, batch: Batch) -> int:
        """Return how often a batch was sent, or was about to be."""
        number = 0
        # Any file of an attempt tells of it, should the others have been moved away.
        while any(self._place(batch, number + 1, kind).exists() for kind in _KINDS):
            number += 1
        return number

    def tag(self, batch: Batch, number: int) -> str:
        """Return the tag of the job of an attempt, be there one or not."""
        return f"rzqiskit-{self.record['run_id']}-{batch.index}-{number}"

    def attempts(self, batch: Batch) -> list[Attempt]:
        """Return the attempts to send a batch, first to last."""
        found = []
        for number in range(1, self.num_attempts(batch) + 1):
            written = {
                kind: (place, self._read(place))
                for kind in _KINDS
                if (place := self._place(batch, number, kind)).exists()
            }
            known, ending = (written.get(kind, (None, {}))[1] for kind in ("job", "end"))
            found.append(
                Attempt(
                    number=number,
                    tag=self.tag(batch, number),
                    age=_age(*next(iter(written.values()))),
                    job_id=known.get("job_id"),
                    end=ending.get("state"),
                    message=ending.get("message", ""),
                )
            )
        return found

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        """Let other processes know that this one sends, until the block ends or the process."""
        with hold_lock(self._lock, shared=True):
            yield

    def is_being_sent_from(self) -> bool | None:
        """Return whether a living process is sending; None where the system does not tell."""
        return is_locked(self._lock)

    def begin_attempt(self, batch: Batch, num_attempts: int = 0) -> Attempt:
        """Write down that a batch is about to be sent.

        Args:
            batch: the batch.
            num_attempts: those that there were when it was decided to send the batch.

        Raises:
            AttemptTakenError: another process was quicker.
        """
        number = num_attempts + 1
        tag = self.tag(batch, number)
        try:
            write_atomically(
                self._place(batch, number, "intent"),
                _checked({"tag": tag, "time": _now()}),
                exclusive=True,
            )
        except FileExistsError:
            raise AttemptTakenError(
                f"`folder` must not be sent from by two processes at once, got {self.path}."
            ) from None
        return Attempt(number, tag, 0.0, None, None, "")

    def record_job(self, batch: Batch, attempt: Attempt, job: Mapping[str, Any]) -> None:
        """Write down the job of an attempt.

        Args:
            batch: the batch.
            attempt: the attempt.
            job: ``job_id``, and what else is to be known.
        """
        content = _checked({**job, "time": _now()})
        write_atomically(self._place(batch, attempt.number, "job"), content)

    def record_end(self, batch: Batch, attempt: Attempt, state: str, message: str) -> None:
        """Write down that the job of an attempt will bring nothing."""
        content = _checked({"state": state, "message": message, "time": _now()})
        write_atomically(self._place(batch, attempt.number, "end"), content)

    def record_counts(
        self, batch: Batch, attempt: Attempt, job_id: str, counts: Sequence[Counts]
    ) -> None:
        """Write down what a batch measured, once: of several answers the first one stays.

        Args:
            batch: the batch.
            attempt: the attempt whose job answered.
            job_id: the job.
            counts: for each circuit how often each outcome, as a number, was seen.

        Raises:
            RunFolderError: the folder takes no more files.
        """
        content = {
            "attempt": attempt.number,
            "job_id": job_id,
            "time": _now(),
            "counts": [
                {f"{outcome:x}": int(number) for outcome, number in sorted(seen.items())}
                for seen in counts
            ],
        }
        try:
            write_atomically(self._counts_place(batch), _checked(content), exclusive=True)
        except FileExistsError:
            return
        except OSError as error:
            raise RunFolderError(
                f"`folder` must take the counts of {job_id}, got {self.path}: {error.strerror}."
            ) from None

    def has_counts(self, batch: Batch) -> bool:
        """Return whether a batch is collected."""
        return self._counts_place(batch).exists()

    def counted_job(self, batch: Batch) -> str:
        """Return the id of the job whose counts are kept."""
        return str(self._read(self._counts_place(batch))["job_id"])

    def counted_jobs(self) -> list[dict[str, Any] | None]:
        """Return what is known of the job whose counts are kept, for each batch; None without any.

        At least its ``job_id``: files of attempts are no longer needed once counts are there.
        """
        found: list[dict[str, Any] | None] = []
        for batch in self.batches:
            if not self.has_counts(batch):
                found.append(None)
                continue
            counted = self._read(self._counts_place(batch))
            job = {"job_id": counted["job_id"]}
            with contextlib.suppress(RunFolderError):
                job = {**self._read(self._place(batch, counted["attempt"], "job")), **job}
            found.append(job)
        return found

    def counts(self) -> list[Counts | None]:
        """Return what each circuit measured: None unless all batches that hold it are collected.

        Raises:
            RunFolderError: a file is damaged.
        """
        total: list[Counts | None] = [{} for _ in range(int(self.record["num_circuits"]))]
        for batch in self.batches:
            if not self.has_counts(batch):
                total[batch.start : batch.stop] = [None] * batch.num_circuits
                continue
            for offset, seen in enumerate(self._read(self._counts_place(batch))["counts"]):
                sums = total[batch.start + offset]
                if sums is not None:
                    for outcome, number in seen.items():
                        key = int(outcome, 16)
                        sums[key] = sums.get(key, 0) + number
        return total

    @property
    def _lock(self) -> Path:
        return self.path / _BATCHES / _LOCK

    def _counts_place(self, batch: Batch) -> Path:
        return self.path / _BATCHES / f"{batch.index:04d}.counts.json"

    def _place(self, batch: Batch, attempt: int, kind: str) -> Path:
        return self.path / _BATCHES / f"{batch.index:04d}-{attempt}.{kind}.json"

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            text, _, checksum = path.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")
            content = dict(json.loads(text))
        except (OSError, ValueError, TypeError):
            content, text, checksum = {}, "", ""
        if not text or hashlib.sha256(text.encode()).hexdigest() != checksum:
            way = (
                "Restore it: nothing else says what was run."
                if path.name == _RUN
                else "Restore it, or move it away: what was measured stays with the job."
            )
            raise RunFolderError(
                f"`folder` must hold whole files, but {path} is truncated or changed. {way}"
            )
        return content


def _checked(content: Mapping[str, Any]) -> bytes:
    """Return JSON of one line, and its checksum in another."""
    text = json.dumps(content)
    return f"{text}\n{hashlib.sha256(text.encode()).hexdigest()}\n".encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _age(place: Path, content: Mapping[str, Any]) -> float:
    """Return the seconds since a file was written; since the first look if that is yet to come.

    The clock was then set back meanwhile, and nobody knows: waiting for it could take years.
    """
    seconds = _seconds_since(content["time"])
    if seconds >= 0.0:
        return seconds
    now = time.time()
    looked = place.stat().st_mtime
    if looked > now:
        with contextlib.suppress(OSError):  # a folder that one may only read
            os.utime(place, (now, now))
        return 0.0
    return now - looked


def _seconds_since(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
