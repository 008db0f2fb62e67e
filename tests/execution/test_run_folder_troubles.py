"""Run folders out of which files were taken, that take none, and clocks that were set back."""

import dataclasses
import errno
import json
import os
from datetime import datetime, timedelta

import pytest
from qiskit.circuit import QuantumCircuit

from rzqiskit.execution import locks, run_folder
from rzqiskit.execution.jobs import (
    ExecutionError,
    collect_batches,
    create_run,
    reopen_device,
    send_batches,
)
from rzqiskit.execution.run_folder import RunFolder, RunFolderError
from rzqiskit.execution.runtime.devices import open_device

SHOTS = 40


@pytest.fixture
def make_run(tmp_path):
    def make():
        circuit = QuantumCircuit(2, 2)
        circuit.measure([0, 1], [0, 1])
        device = open_device("local:FakeManilaV2", tmp_path / "run" / "local_service")
        run = create_run(
            tmp_path / "run", [circuit] * 2, device, shots=SHOTS, options={},
            purpose={"kind": "test"}, max_circuits=1, seed=11,
        )  # fmt: skip
        return run, reopen_device(run)

    return make


def states(statuses):
    return [status.state for status in statuses]


def num_jobs(device):
    return len(list(device.service._jobs.glob("rehearsal-*.job.json")))


def set_back(place, **by):
    """Let a file be of a time that is yet to come."""
    text = place.read_text().partition("\n")[0]
    content = json.loads(text)
    later = datetime.fromisoformat(content["time"]) + timedelta(**by)
    place.write_bytes(run_folder._checked({**content, "time": later.isoformat()}))
    os.utime(place, (later.timestamp(), later.timestamp()))


def refuse(monkeypatch, kind):
    """Let the disk take no more files of a kind into the folder."""
    real = run_folder.write_atomically

    def write(path, data, **options):
        if path.name.endswith(f".{kind}.json"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, data, **options)

    monkeypatch.setattr(run_folder, "write_atomically", write)


@pytest.mark.parametrize("kinds", [("intent",), ("intent", "job")])
def test_an_attempt_whose_files_were_moved_away_is_not_paid_again(make_run, kinds):
    """As the error of a damaged one advises."""
    run, device = make_run()
    send_batches(run, device, run.batches)
    for kind in kinds:
        (run.path / "batches" / f"0000-1.{kind}.json").unlink()
    assert states(collect_batches(run, device, fetch=False)) == ["done", "done"]
    assert states(collect_batches(run, device, resubmit=True)) == ["collected", "collected"]
    assert num_jobs(device) == 2
    # The job is written down again, with what it tells of the device.
    assert run.counted_jobs()[0]["backend"] == "fake_manila"


def test_without_files_an_attempt_is_not_told_by_a_device_that_is_away(make_run, monkeypatch):
    run, device = make_run()

    def jobs(**_):
        raise TimeoutError("no answer")

    monkeypatch.setattr(device.service, "jobs", jobs)
    statuses = collect_batches(run, device, resubmit=True)
    assert states(statuses) == ["unreachable", "unreachable"]
    assert statuses[0].message == "TimeoutError: no answer"
    assert not device.service._jobs.exists()


def test_only_run_json_cannot_be_moved_away(make_run):
    run, _ = make_run()
    (run.path / "run.json").write_text("{")
    with pytest.raises(RunFolderError, match="Restore it: nothing else says what was run"):
        RunFolder(run.path)


@pytest.mark.parametrize(("kind", "before", "after"), [("intent", "sending", "unsent"),
                                                       ("job", "unreachable", "lost")])  # fmt: skip
def test_a_clock_that_was_set_back_is_not_waited_for(make_run, kind, before, after):
    run, device = make_run()
    slow = dataclasses.replace(device, settling_time=60.0)
    place = run.path / "batches" / f"0000-1.{kind}.json"
    batch = run.batches[0]
    attempt = run.begin_attempt(batch)
    if kind == "job":
        run.record_job(batch, attempt, {"job_id": "rehearsal-gone"})
    set_back(place, days=300)
    assert states(collect_batches(run, slow, resubmit=True))[0] == before
    assert run.attempts(batch)[0].age < 60.0
    # It ends as long after the first look as it would have after the sending.
    looked = place.stat().st_mtime
    os.utime(place, (looked - 61.0, looked - 61.0))
    assert states(collect_batches(run, slow, fetch=False))[0] == after
    assert states(collect_batches(run, slow, resubmit=True)) == ["collected", "collected"]


def test_a_job_that_was_sent_and_cannot_be_written_down(make_run, monkeypatch):
    run, device = make_run()
    refuse(monkeypatch, "job")
    with pytest.raises(ExecutionError, match=r"Job 1 of 2 could not be written down as rehearsal-"
                       r".*, sent to .* No space left") as caught:  # fmt: skip
        send_batches(run, device, run.batches)
    assert caught.value.job_id == device.service.jobs()[0].job_id()
    # What the device tells again and again needs no file.
    assert states(collect_batches(run, device, fetch=False)) == ["done", "unsent"]
    monkeypatch.undo()
    assert states(collect_batches(run, device, resubmit=True)) == ["collected", "collected"]
    assert num_jobs(device) == 2


def test_counts_that_cannot_be_written_down_stay_with_their_job(make_run, monkeypatch):
    run, device = make_run()
    send_batches(run, device, run.batches)
    refuse(monkeypatch, "counts")
    with pytest.raises(RunFolderError, match=r"`folder` must take the counts of rehearsal-\S+, got "
                       r".*run: No space left"):  # fmt: skip
        collect_batches(run, device)
    monkeypatch.undo()
    assert states(collect_batches(run, device)) == ["collected", "collected"]


def test_a_failed_job_is_told_where_nothing_can_be_written_down(make_run, monkeypatch):
    run, device = make_run()
    send_batches(run, device, run.batches)
    device.service.cancel(run.attempts(run.batches[0])[0].job_id)
    refuse(monkeypatch, "end")
    assert states(collect_batches(run, device, fetch=False)) == ["cancelled", "done"]


@pytest.mark.parametrize(("num_askers", "locked"), [(1, False), (3, False), (4, True)])
def test_who_asks_at_the_same_moment_passes_for_no_sender(
    tmp_path, monkeypatch, num_askers, locked
):
    """The lock is held by another for so many looks."""
    place = tmp_path / "lock"
    place.touch()
    looks = iter([False] * num_askers + [True] * 4)
    monkeypatch.setattr(locks, "_lock", lambda *_, **__: next(looks))
    assert locks.is_locked(place) is locked
