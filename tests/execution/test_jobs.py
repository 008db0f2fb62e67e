"""Run folders and the jobs of their batches, on the rehearsal service."""

import dataclasses
import json
import shutil

import pytest
from qiskit.circuit import QuantumCircuit
from qiskit_ibm_runtime.exceptions import RuntimeJobNotFound

from rzqiskit.execution.jobs import (
    ExecutionError,
    collect_batches,
    create_run,
    reopen_device,
    send_batches,
    summarize_states,
)
from rzqiskit.execution.run_folder import RunFolder, RunFolderError
from rzqiskit.execution.runtime.devices import open_device
from rzqiskit.execution.runtime.jobs import payload_sizes

SHOTS = 40


def circuit(number):
    made = QuantumCircuit(5, 2, name=f"c{number}")
    made.metadata = {"number": number}
    if number % 2:
        made.x(3)
    made.measure([1, 3], [0, 1])
    return made


@pytest.fixture
def make_run(tmp_path):
    def make(num_circuits=5, max_circuits=2, shots=SHOTS, name="run", **record):
        path = tmp_path / name
        device = open_device("local:FakeManilaV2", path / "local_service")
        run = create_run(
            path,
            [circuit(number) for number in range(num_circuits)],
            device,
            shots=shots,
            options=record.get("options", {}),
            purpose={"kind": "test"},
            max_circuits=max_circuits,
            seed=11,
        )
        return run, reopen_device(run)

    return make


def states(statuses):
    return [status.state for status in statuses]


def read_everything(path, device):
    run = RunFolder(path)
    collect_batches(run, device)
    run.counts()


def totals(run):
    return [None if seen is None else sum(seen.values()) for seen in run.counts()]


def test_the_folder_is_there_before_anything_is_sent(make_run):
    run, _ = make_run()
    assert sorted(path.name for path in run.path.iterdir()) == [
        "batches", "circuits.qpy", "run.json",
    ]  # fmt: skip
    again = RunFolder(run.path)
    assert [(made.name, made.metadata) for made in again.circuits()] == [
        (f"c{number}", {"number": number}) for number in range(5)
    ]
    assert [batch.num_circuits for batch in again.batches] == [2, 2, 1]
    record = again.record
    assert record["layout"] == [[1, 3]] * 5
    assert record["versions"].keys() >= {"rzqiskit", "qiskit", "qiskit-ibm-runtime"}
    assert (record["device"], record["calibration_time"][:4]) == ("local:FakeManilaV2", "2024")


def test_collecting_step_by_step(make_run):
    run, device = make_run()
    assert states(collect_batches(run, device)) == ["unsent"] * 3
    assert totals(run) == [None] * 5
    send_batches(run, device, run.batches[:2])
    device.service.pause()
    assert states(collect_batches(run, device)) == ["queued", "queued", "unsent"]
    device.service.resume()
    assert states(collect_batches(run, device, fetch=False)) == ["done", "done", "unsent"]
    assert totals(run) == [None] * 5
    assert states(collect_batches(run, device)) == ["collected", "collected", "unsent"]
    assert totals(run) == [SHOTS] * 4 + [None]
    statuses = collect_batches(run, device, resubmit=True)
    assert summarize_states(statuses) == {"collected": 3}
    assert totals(run) == [SHOTS] * 5
    for number, seen in enumerate(run.counts()):  # every circuit got its own outcome
        assert max(seen, key=seen.get) == (2 if number % 2 else 0)
    before = run.counts()
    assert states(collect_batches(run, device, resubmit=True)) == ["collected"] * 3
    assert run.counts() == before
    assert len(device.service.jobs(limit=None)) == 3


def test_shots_beyond_the_limit_of_a_job_add_up(make_run, monkeypatch):
    monkeypatch.setattr("rzqiskit.execution.runtime.devices.Device.max_shots", 15)
    run, device = make_run(num_circuits=2, max_circuits=1)
    assert [batch.shots for batch in run.batches] == [14, 14, 13, 13, 13, 13]
    send_batches(run, device, run.batches[:5])
    collect_batches(run, device)
    assert totals(run) == [SHOTS, None]  # a part of the shots is no result
    collect_batches(run, device, resubmit=True)
    assert totals(run) == [SHOTS, SHOTS]


def test_failed_and_cancelled_jobs_are_told_and_sent_again_on_request_only(make_run):
    run, device = make_run()
    device.service.pause()
    send_batches(run, device, run.batches)
    jobs = [status.job_id for status in collect_batches(run, device)]
    device.service.job(jobs[0]).cancel()
    stored = device.service._jobs / f"{jobs[1]}.job.json"
    record = json.loads(stored.read_text())
    record["params"]["quantum_program"]["circuits"] = {"broken": True}
    stored.write_text(json.dumps(record))
    device.service.resume()
    statuses = collect_batches(run, device)
    assert states(statuses) == ["cancelled", "failed", "collected"]
    assert "circuits" in statuses[1].message
    assert states(collect_batches(run, device)) == ["cancelled", "failed", "collected"]
    assert len(device.service.jobs(limit=None)) == 3
    statuses = collect_batches(run, device, resubmit=True)
    assert states(statuses) == ["collected"] * 3
    assert [status.num_attempts for status in statuses] == [2, 2, 1]
    assert totals(run) == [SHOTS] * 5


def test_a_job_that_turns_up_after_its_successor_does_not_count_twice(make_run):
    run, device = make_run(num_circuits=1)
    send_batches(run, device, run.batches)
    (batch,) = run.batches
    job_file = run.path / "batches" / "0000-1.job.json"
    lost = run.attempts(batch)[0].job_id
    hidden = device.service._jobs / f"{lost}.job.json"
    # Neither the folder nor the service knows of the job, and it is sent again ...
    job_file.unlink()
    shutil.move(hidden, run.path / "hidden")
    assert states(collect_batches(run, device)) == ["unsent"]
    assert states(collect_batches(run, device, resubmit=True)) == ["collected"]
    first = run.counts()
    # ... and then it turns up.
    shutil.move(run.path / "hidden", hidden)
    assert states(collect_batches(run, device)) == ["collected"]
    assert run.counts() == first
    assert totals(run) == [SHOTS]


def test_a_lost_job_is_sent_again_on_request_only(make_run):
    run, device = make_run(num_circuits=1)
    send_batches(run, device, run.batches)
    jobs = device.service._jobs
    shutil.move(jobs, run.path / "away")
    (status,) = collect_batches(run, device)
    assert (status.state, status.job_id) == ("lost", run.attempts(run.batches[0])[0].job_id)
    assert status.message.startswith("The service does not know the job: deleted, or of another")
    # Nothing was decided: if it is there again, the same job is collected.
    shutil.move(run.path / "away", jobs)
    assert states(collect_batches(run, device, fetch=False)) == ["done"]
    shutil.rmtree(jobs)
    (status,) = collect_batches(run, device, resubmit=True)
    assert (status.state, status.num_attempts) == ("collected", 2)
    assert totals(run) == [SHOTS]


def test_a_young_job_is_not_taken_for_lost(make_run, monkeypatch):
    """Services may not know a job for a while that they have accepted."""
    run, device = make_run(num_circuits=1)
    slow = dataclasses.replace(device, settling_time=60.0)
    send_batches(run, device, run.batches)
    shutil.rmtree(device.service._jobs)
    assert states(collect_batches(run, slow, resubmit=True)) == ["unreachable"]
    (run.path / "batches" / "0000-1.job.json").unlink()
    (status,) = collect_batches(run, slow, resubmit=True)
    assert status.state == "sending"
    assert "the service may not show it before 60" in status.message
    assert run.num_attempts(run.batches[0]) == 1
    monkeypatch.setattr("rzqiskit.execution.run_folder._seconds_since", lambda time: 61.0)
    assert states(collect_batches(run, slow)) == ["unsent"]
    assert states(collect_batches(run, slow, resubmit=True)) == ["collected"]


def test_a_job_that_only_its_tag_finds_is_not_lost(make_run, monkeypatch):
    run, device = make_run(num_circuits=1)
    send_batches(run, device, run.batches)

    def job(job_id):
        raise RuntimeJobNotFound(job_id)

    found = device.service.jobs()
    monkeypatch.setattr(device.service, "job", job)
    monkeypatch.setattr(device.service, "jobs", lambda **_: found)
    assert states(collect_batches(run, device, resubmit=True)) == ["unreachable"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "<html>502 Bad Gateway</html>",
        lambda text: "{}",
        lambda text: text.replace('"v2.0"', '"v9.9"'),
        lambda text: text.replace("eJ", "e!", 1),
    ],
)
def test_an_answer_that_cannot_be_read_is_told_and_asked_for_again(make_run, damage):
    run, device = make_run(num_circuits=1)
    send_batches(run, device, run.batches)
    assert states(collect_batches(run, device, fetch=False)) == ["done"]
    (place,) = device.service._jobs.glob("*.result.json")
    whole = place.read_text()
    assert damage(whole) != whole
    place.write_text(damage(whole))
    (status,) = collect_batches(run, device)
    assert status.state == "corrupted"
    assert status.message.startswith("The job has finished, but its answer ")
    assert totals(run) == [None]
    # Nothing was decided: whole again, the same job is collected.
    place.write_text(whole)
    (again,) = collect_batches(run, device)
    assert (again.state, again.job_id) == ("collected", status.job_id)
    assert totals(run) == [SHOTS]


def test_a_corrupted_answer_is_measured_again_on_request(make_run):
    run, device = make_run(num_circuits=1)
    send_batches(run, device, run.batches)
    collect_batches(run, device, fetch=False)
    (place,) = device.service._jobs.glob("*.result.json")
    place.write_text("{")
    (status,) = collect_batches(run, device, resubmit=True)
    assert (status.state, status.num_attempts) == ("collected", 2)
    assert totals(run) == [SHOTS]


def test_jobs_are_no_larger_than_the_service_takes(make_run, monkeypatch):
    """Sizes as measured beforehand bound those of the payloads that are sent."""
    plain, device = make_run(num_circuits=6, max_circuits=None)
    assert len(plain.batches) == 1
    send_batches(plain, device, plain.batches)
    (job,) = device.service._jobs.glob("*.job.json")
    together = len(json.dumps(json.loads(job.read_text())["params"]))
    sizes = payload_sizes(device, plain.circuits(), shots=SHOTS, options={})
    assert max(sizes) < together <= sum(sizes)
    assert len(set(sizes)) == 2  # with and without the X gate
    twirled = {"twirling": {"enable_gates": True, "enable_measure": True}}
    assert payload_sizes(device, plain.circuits(), shots=SHOTS, options=twirled)[0] > 3 * sizes[0]

    limit = 2 * max(sizes) + 1
    monkeypatch.setattr("rzqiskit.execution.jobs.MAX_PAYLOAD", limit)
    run, device = make_run(num_circuits=6, max_circuits=None, name="small")
    assert [batch.num_circuits for batch in run.batches] == [2, 2, 2]
    send_batches(run, device, run.batches)
    for job in device.service._jobs.glob("*.job.json"):
        assert len(json.dumps(json.loads(job.read_text())["params"])) <= limit
    assert states(collect_batches(run, device)) == ["collected"] * 3
    assert totals(run) == [SHOTS] * 6

    monkeypatch.setattr("rzqiskit.execution.jobs.MAX_PAYLOAD", min(sizes) - 1)
    with pytest.raises(ValueError, match=r"`circuits` must take at most \d+ bytes each, .* got"):
        make_run(num_circuits=1, name="none")


def test_all_shots_of_a_job_together_are_limited(make_run, monkeypatch):
    monkeypatch.setattr("rzqiskit.execution.jobs.MAX_EXECUTIONS", 90)
    run, device = make_run(num_circuits=5, max_circuits=None)
    assert [(batch.num_circuits, batch.shots) for batch in run.batches] == [
        (2, 40),
        (2, 40),
        (1, 40),
    ]
    monkeypatch.setattr("rzqiskit.execution.jobs.MAX_EXECUTIONS", 30)
    run, device = make_run(num_circuits=2, max_circuits=None, name="fewer")
    assert [(batch.num_circuits, batch.shots) for batch in run.batches] == [(1, 20)] * 4
    collect_batches(run, device, resubmit=True)
    assert totals(run) == [SHOTS] * 2


def test_a_device_that_takes_no_job(make_run):
    run, device = make_run()
    device.service._folder.parent.joinpath("local_service").write_text("in the way")
    with pytest.raises(ExecutionError, match=r"Job 1 of 3 could not be sent to local:FakeManila"):
        send_batches(run, device, run.batches)
    device.service._folder.unlink()
    assert states(collect_batches(run, device)) == ["unsent"] * 3
    assert states(collect_batches(run, device, resubmit=True)) == ["collected"] * 3


def test_a_folder_that_takes_no_intent(make_run):
    """As one that may only be read, which root may write to all the same."""
    run, device = make_run()
    shutil.rmtree(run.path / "batches")
    with pytest.raises(ExecutionError, match=r"Job 1 of 3 could not be sent .* FileNotFoundError"):
        send_batches(run, device, run.batches)
    assert not device.service._jobs.exists()


def test_an_answer_of_the_wrong_size_is_a_failure(make_run):
    run, device = make_run(num_circuits=2)
    send_batches(run, device, run.batches)
    run.record["registers"][1][1] = 3
    (status,) = collect_batches(run, device)
    assert status.state == "failed"
    assert status.message == "The job returned no 3 bits in the register c."


@pytest.mark.parametrize("name", ["run.json", "batches/0000.counts.json", "batches/0001-1.job.json",
                                  "batches/0001-1.intent.json"])  # fmt: skip
def test_a_truncated_file_is_named_and_nothing_is_lost(make_run, name):
    run, device = make_run(num_circuits=3, max_circuits=2)
    send_batches(run, device, run.batches)
    (first, _) = run.batches
    device.service.pause()
    collect_batches(run, device)
    device.service.resume()
    if "counts" in name:
        collect_batches(run, device)
    place = run.path / name
    whole = place.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", whole.replace(b"0", b"1", 1)):
        place.write_bytes(damaged)
        with pytest.raises(RunFolderError, match=f"{place.name} is truncated or changed"):
            read_everything(run.path, device)
        assert place.read_bytes() == damaged  # left as found
    if "counts" in name:  # moved away, it is fetched again
        place.unlink()
        collect_batches(RunFolder(run.path), device)
        assert place.read_bytes()[:20] == whole[:20]
    else:
        place.write_bytes(whole)
    collect_batches(RunFolder(run.path), device)
    assert totals(RunFolder(run.path)) == [SHOTS] * 3
    assert first.num_circuits == 2


def test_damaged_circuits_stop_sending_but_not_collecting(make_run):
    run, device = make_run()
    send_batches(run, device, run.batches[:1])
    place = run.path / "circuits.qpy"
    place.write_bytes(place.read_bytes()[:-5])
    with pytest.raises(RunFolderError, match=r"circuits\.qpy is missing, truncated or changed"):
        collect_batches(run, device, resubmit=True)
    assert states(collect_batches(run, device)) == ["collected", "unsent", "unsent"]


def test_folders_that_are_none(tmp_path, make_run):
    with pytest.raises(RunFolderError, match="`folder` must be a run folder, got"):
        RunFolder(tmp_path / "nothing")
    with pytest.raises(RunFolderError, match=r"`folder` must hold run\.json, got"):
        RunFolder(tmp_path)
    run, device = make_run()
    with pytest.raises(ValueError, match="`folder` must not exist yet"):
        RunFolder.create(run.path, [], [], {})
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="`folder` must be a place for a new folder"):
        create_run(tmp_path / "file" / "run", [circuit(0)], device, shots=1, options={}, purpose={})


def test_a_folder_of_another_version(make_run):
    import hashlib

    run, _ = make_run()
    place = run.path / "run.json"
    record = {**run.record, "format": 3, "versions": {"rzqiskit": "9.9"}}
    text = json.dumps(record)
    place.write_text(f"{text}\n{hashlib.sha256(text.encode()).hexdigest()}\n")
    with pytest.raises(RunFolderError, match=r"format from 1 to 2, got 3 in .*that wrote it, 9\.9"):
        RunFolder(run.path)


def test_circuits_of_different_registers(tmp_path):
    device = open_device("local:FakeManilaV2", tmp_path / "run" / "local_service")
    other = QuantumCircuit(5)
    other.x(range(5))
    other.measure_all()
    run = create_run(
        tmp_path / "run", [circuit(1), other], device, shots=SHOTS, options={}, purpose={},
        max_circuits=1,
    )  # fmt: skip
    assert run.record["registers"] == [["c", 2], ["meas", 5]]
    send_batches(run, reopen_device(run), run.batches)
    assert states(collect_batches(run, reopen_device(run))) == ["collected"] * 2
    assert [max(seen, key=seen.get) for seen in run.counts()] == [0b10, 0b11111]
