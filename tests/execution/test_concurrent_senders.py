"""Several processes at one run folder: no batch is paid twice."""

import subprocess
import sys
import threading

import pytest

import rzqiskit as rz
from rzqiskit.execution import jobs, locks
from rzqiskit.execution.run_folder import AttemptTakenError, RunFolder, RunFolderError
from rzqiskit.submission import charging_status, collect_charging, submit_charging

BATTERY = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0)
SETTINGS = "num_steps=1, shots=20, seed=1, max_circuits_per_job=3"  # two jobs


def submit(folder):
    return submit_charging(
        BATTERY, [0.1, 0.3], "local:FakeManilaV2", num_steps=1, shots=20, seed=1,
        max_circuits_per_job=3, folder=folder,
    )  # fmt: skip


def sent(folder):
    """Return the attempts of each batch, and the jobs that the service has."""
    run = RunFolder(folder)
    return (
        [run.num_attempts(batch) for batch in run.batches],
        len(list((folder / "local_service" / "jobs").glob("rehearsal-*.job.json"))),
    )


@pytest.fixture
def cancelled(tmp_path):
    folder = submit(tmp_path / "run")
    run = RunFolder(folder)
    service = jobs.reopen_device(run).service
    for batch in run.batches:
        service.cancel(run.attempts(batch)[0].job_id)
    return folder


def test_a_stale_verdict_sends_nothing(cancelled, monkeypatch):
    """The other process examines and sends after this one has examined, and before it sends."""
    real = jobs.send_batches

    def late(*args):
        monkeypatch.setattr(jobs, "send_batches", real)
        collect_charging(cancelled, resubmit=True)
        real(*args)

    monkeypatch.setattr(jobs, "send_batches", late)
    assert collect_charging(cancelled, resubmit=True).attrs["complete"] == 1
    assert sent(cancelled) == ([2, 2], 4)


def test_verdicts_of_the_same_moment_send_once(cancelled, monkeypatch):
    real = jobs.send_batches
    start = threading.Barrier(4)
    failures = []

    def together(*args):
        start.wait()
        real(*args)

    def collect():
        try:
            collect_charging(cancelled, resubmit=True)
        except Exception as error:
            failures.append(error)

    monkeypatch.setattr(jobs, "send_batches", together)
    collectors = [threading.Thread(target=collect) for _ in range(4)]
    for collector in collectors:
        collector.start()
    for collector in collectors:
        collector.join()
    monkeypatch.setattr(jobs, "send_batches", real)
    assert failures == []
    assert sent(cancelled) == ([2, 2], 4)
    assert collect_charging(cancelled).attrs["complete"] == 1


def test_a_collection_in_the_middle_of_a_submission(tmp_path, monkeypatch):
    real = jobs.send
    seen = []

    def slow(*args, **kwargs):
        monkeypatch.setattr(jobs, "send", real)
        seen.append(collect_charging(tmp_path / "run", resubmit=True).attrs)
        return real(*args, **kwargs)

    monkeypatch.setattr(jobs, "send", slow)
    folder = submit(tmp_path / "run")
    assert (seen[0]["jobs_sending"], seen[0]["complete"]) == (2, 0)
    assert sent(folder) == ([1, 1], 2)
    assert collect_charging(folder).attrs["complete"] == 1


def test_a_submission_leaves_to_others_what_they_have_sent(tmp_path, monkeypatch):
    """Without locks nobody knows of a living sender: what is left is who writes first."""
    monkeypatch.setattr(locks, "fcntl", None)
    real = jobs.send
    seen = []

    def slow(*args, **kwargs):
        monkeypatch.setattr(jobs, "send", real)
        seen.append(collect_charging(tmp_path / "run", resubmit=True).attrs)
        return real(*args, **kwargs)

    monkeypatch.setattr(jobs, "send", slow)
    folder = submit(tmp_path / "run")
    assert (seen[0]["jobs_sending"], seen[0]["jobs_collected"]) == (1, 1)
    assert sent(folder) == ([1, 1], 2)


def test_without_locks_a_sender_is_given_up_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    monkeypatch.setattr(jobs, "send", None)
    with pytest.raises(jobs.ExecutionError, match="Job 1 of 2 could not be sent"):
        submit(tmp_path / "run")
    monkeypatch.undo()
    monkeypatch.setattr(locks, "fcntl", None)
    assert [status.state for status in charging_status(tmp_path / "run")] == ["sending", "unsent"]
    monkeypatch.setattr(jobs, "_SENDER_PATIENCE", 0.0)
    assert [status.state for status in charging_status(tmp_path / "run")] == ["unsent", "unsent"]


def test_a_sender_that_lives_and_one_that_is_killed(tmp_path):
    """A real process stops within the sending of its first job."""
    folder = tmp_path / "run"
    script = f"""
import sys
from pathlib import Path
import rzqiskit as rz
from rzqiskit.execution import jobs

def stuck(*args, **kwargs):
    print("sending", flush=True)
    sys.stdin.read()

jobs.send = stuck
battery = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0)
rz.submit_charging(
    battery, [0.1, 0.3], "local:FakeManilaV2", folder=Path({str(folder)!r}), {SETTINGS}
)
"""
    sender = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert sender.stdout.readline() == "sending\n"
        assert [status.state for status in charging_status(folder)] == ["sending"] * 2
        assert collect_charging(folder, resubmit=True).attrs["jobs_sending"] == 2
        assert sent(folder) == ([1, 0], 0)
    finally:
        sender.kill()
        sender.communicate()
    assert [status.state for status in charging_status(folder)] == ["unsent"] * 2
    assert collect_charging(folder, resubmit=True).attrs["complete"] == 1
    assert sent(folder) == ([2, 1], 2)


def test_an_attempt_is_made_by_one_process(tmp_path):
    run = RunFolder(submit(tmp_path / "run"))
    (batch, _) = run.batches
    for stale in (0, 1):
        if stale:
            run.begin_attempt(batch, 1)
        with pytest.raises(AttemptTakenError, match="not be sent from by two processes at once"):
            run.begin_attempt(batch, stale)
    assert issubclass(AttemptTakenError, RunFolderError)


def test_jobs_of_one_moment_have_shots_of_their_own(tmp_path):
    """A rehearsal numbers its jobs; the number and the first job's entropy make the seed."""
    service = jobs.reopen_device(RunFolder(submit(tmp_path / "run"))).service
    start = threading.Barrier(8)

    def send():
        start.wait()
        service._run("executor", {}, {})

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    records = [record for _, record in service._records()]
    assert sorted(record["number"] for record in records) == list(range(10))
    assert len({record["entropy"] for record in records}) == 1
