"""Services that quote token and signature in every error: neither gets further than the adapter."""

import traceback

import pytest
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import RuntimeJobNotFound
from qiskit_ibm_runtime.ibm_backend import IBMBackend

import rzqiskit as rz
from rzqiskit.execution.jobs import ExecutionError
from rzqiskit.execution.runtime import devices, jobs
from rzqiskit.execution.runtime.rehearsal import RehearsalService
from rzqiskit.submission import (
    charging_status,
    collect_charging,
    estimate_submission,
    submit_charging,
)

TOKEN = "PLANTED-a1b2c3-TOKEN"
SIGNATURE = "eyJhbGciOi.PLANTED.xyz"
QUOTED = f"401 for apikey={TOKEN}, Authorization: Bearer {SIGNATURE}"
BATTERY = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0)


def raising(error):
    def raise_it(*_, **__):
        raise error

    return raise_it


def assert_clean(error):
    text = "".join(traceback.format_exception(error))
    assert TOKEN not in text
    assert SIGNATURE not in text


class CarelessDevice:
    """A device of a service that does not know its account."""

    service = None


class CarelessService:
    """An account that opens, behind which everything fails."""

    def __init__(self, instance=None):
        pass

    def active_account(self):
        return {"token": TOKEN}

    backend = backends = raising(RequestsApiError(QUOTED))


@pytest.mark.parametrize("act", [submit_charging, estimate_submission])
def test_no_device_and_no_list_of_devices(monkeypatch, tmp_path, act):
    monkeypatch.setattr(devices, "QiskitRuntimeService", CarelessService)
    monkeypatch.chdir(tmp_path)
    message = r"of the saved account or a fake .*, got 'ibm_torino' \(RequestsApiError\)\.$"
    with pytest.raises(ValueError, match=message) as caught:
        act(BATTERY, [0.3], "ibm_torino", num_steps=1)
    assert_clean(caught.value)
    monkeypatch.setattr(CarelessService, "backends", lambda self: [])
    with pytest.raises(ValueError, match="saved account, which has none at present, or a fake"):
        act(BATTERY, [0.3], "ibm_torino", num_steps=1)


def test_a_device_that_does_not_tell_its_calibration(monkeypatch, tmp_path):
    monkeypatch.setattr(IBMBackend, "properties", raising(RequestsApiError(QUOTED)))
    message = "must tell its gates and its calibration, got 'local:FakeManilaV2', .*RequestsApiErr"
    with pytest.raises(ValueError, match=message) as caught:
        submit_charging(BATTERY, [0.3], "local:FakeManilaV2", folder=tmp_path / "run")
    assert_clean(caught.value)
    assert not any(tmp_path.iterdir())


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setattr(
        RehearsalService, "active_account", lambda self: {"token": TOKEN}, raising=False
    )


def submit(folder, **settings):
    return submit_charging(
        BATTERY, [0.1, 0.3], "local:FakeManilaV2", num_steps=1, shots=10, seed=1, folder=folder,
        **settings,
    )  # fmt: skip


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("kind", [RequestsApiError, KeyError, RuntimeError, TypeError])
def test_a_job_that_is_not_taken(monkeypatch, tmp_path, kind):
    monkeypatch.setattr(RehearsalService, "_run", raising(kind(QUOTED)))
    with pytest.raises(ExecutionError, match=f"could not be sent .*{kind.__name__}") as caught:
        submit(tmp_path / "run")
    assert_clean(caught.value)
    for path in (tmp_path / "run").rglob("*.json"):
        assert TOKEN not in path.read_text()


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("kind", [RequestsApiError, KeyError, RuntimeError])
def test_one_odd_job_keeps_no_other_from_being_collected(monkeypatch, tmp_path, kind):
    folder = submit(tmp_path / "run", max_circuits_per_job=3)
    first = charging_status(folder)[0].job_id
    real = RehearsalService.job

    def job(self, job_id):
        if job_id == first:
            raise kind(QUOTED)
        return real(self, job_id)

    monkeypatch.setattr(RehearsalService, "job", job)
    data = collect_charging(folder)
    assert (data.attrs["jobs_unreachable"], data.attrs["jobs_collected"]) == (1, 1)
    odd, other = charging_status(folder)
    assert (odd.state, other.state) == ("unreachable", "collected")
    assert odd.message.startswith(kind.__name__)
    assert "apikey=<token>" in odd.message
    assert "Bearer <token>" in odd.message
    for secret in (TOKEN, SIGNATURE):
        assert secret not in odd.message
    monkeypatch.setattr(RehearsalService, "job", real)
    assert collect_charging(folder).attrs["complete"] == 1


@pytest.mark.parametrize(
    "quoted",
    [
        '{"access_token": "%s", "expires_in": 3600}',
        "https://iam.example.com/?refresh_token=%s&state=1",
        "iam_apikey: %s",
        "IAM_API_KEY=%s",
        "Authorization: apikey %s",
        "with Basic %s",
        "apikey %s, none else",
        'body \\"token\\": \\"%s\\"',
        "grant_type=apikey&apikey%%3D%s",
        "client_secret=%s",
        "password: '%s'",
    ],
)
def test_signatures_of_many_forms(quoted):
    text = jobs.without_credentials(quoted % SIGNATURE, CarelessDevice())
    assert text == quoted % "<token>"


@pytest.mark.parametrize(
    "text",
    ["Basic authentication failed", "the API key is wrong", "the token expired", "of 3 tokens"],
)
def test_words_are_no_signatures(text):
    assert jobs.without_credentials(text, CarelessDevice()) == text


def test_an_account_that_fails_while_a_text_is_cleaned(monkeypatch, tmp_path):
    folder = submit(tmp_path / "run")
    monkeypatch.setattr(
        RehearsalService, "active_account", raising(RuntimeError(TOKEN)), raising=False
    )
    monkeypatch.setattr(RehearsalService, "job", raising(RequestsApiError(f"with {TOKEN}")))
    (status,) = charging_status(folder)
    assert status.message == "RequestsApiError: (not shown: it might quote the account's token)"


@pytest.mark.usefixtures("account")
def test_a_job_is_written_down_though_its_calibration_is_not_told(monkeypatch, tmp_path):
    real = RehearsalService._run

    def run(self, *args, **kwargs):
        job = real(self, *args, **kwargs)
        monkeypatch.setattr(IBMBackend, "properties", raising(RuntimeJobNotFound(QUOTED)))
        return job

    monkeypatch.setattr(RehearsalService, "_run", run)
    folder = submit(tmp_path / "run")
    monkeypatch.undo()
    assert (folder / "batches" / "0000-1.job.json").exists()
    assert collect_charging(folder).attrs["complete"] == 1


def test_the_state_of_a_collected_batch_needs_none_of_its_other_files(tmp_path):
    folder = submit(tmp_path / "run", max_circuits_per_job=3)
    data = collect_charging(folder)
    (folder / "batches" / "0000-1.job.json").write_bytes(b"\xff")
    assert collect_charging(folder).identical(data)
    assert [status.state for status in charging_status(folder)] == ["collected"] * 2
