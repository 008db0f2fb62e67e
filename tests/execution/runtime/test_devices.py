"""Devices by name, the runtime's options, and samplers."""

import ast
from pathlib import Path

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qiskit_ibm_runtime.options_models import SamplerOptions

import rzqiskit
from rzqiskit.charging import run_charging
from rzqiskit.execution.run_folder import RunFolder
from rzqiskit.execution.runtime import devices
from rzqiskit.execution.runtime.devices import (
    check_runtime_options,
    device_of,
    find_fake_device,
    make_runtime_sampler,
    open_device,
)
from rzqiskit.execution.runtime.rehearsal import RehearsalService
from rzqiskit.execution.sampling import run_circuits
from rzqiskit.submission import collect_charging, submit_charging

PACKAGE = Path(rzqiskit.__file__).parent


def test_only_the_adapter_knows_the_runtime():
    users = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            if any(name.split(".")[0] in ("qiskit_ibm_runtime", "samplomatic") for name in names):
                users.append(path.relative_to(PACKAGE).parent.as_posix())
    assert set(users) == {"execution/runtime"}


@pytest.mark.parametrize("name", ["fake_torino", "FakeTorino", "torino", "FAKE_TORINO"])
def test_fakes_have_many_spellings(name):
    assert find_fake_device(name).name == "fake_torino"


def test_an_unknown_fake_has_near_names_or_a_list():
    near = "`backend` must be a known fake device, got 'FakeTorin'; did you mean fake_torino or "
    with pytest.raises(ValueError, match=near):
        find_fake_device("FakeTorin")
    # A few letters in common with fake_singapore and fake_rochester are no nearness.
    for far in ("fake_nowhere", "xxxxxxxxxxxxxxxxx"):
        listed = rf"got '{far}'; `dir\(qiskit_ibm_runtime.fake_provider\)` in Python lists them all"
        with pytest.raises(ValueError, match=listed):
            find_fake_device(far)


@pytest.fixture
def no_account(tmp_path, monkeypatch):
    """A user who has never saved an account; the runtime reads the file below the home folder."""
    from qiskit_ibm_runtime.accounts import management

    monkeypatch.setattr(
        management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(tmp_path / "accounts.json")
    )
    for name in ("TOKEN", "URL", "INSTANCE", "CHANNEL"):
        for prefix in ("QISKIT_IBM", "QISKIT_IBM_RUNTIME"):
            monkeypatch.delenv(f"{prefix}_{name}", raising=False)


@pytest.mark.usefixtures("no_account")
def test_without_an_account_the_error_says_how_to_save_one(tmp_path):
    with pytest.raises(ValueError, match=r"without a saved account.*save_account\(channel="):
        open_device("ibm_torino", tmp_path)


def test_a_device_tells_its_limits(tmp_path):
    device = open_device("local:FakeTorino", tmp_path)
    assert (device.name, device.backend.num_qubits) == ("local:FakeTorino", 133)
    assert (device.max_circuits, device.max_shots) == (300, 100_000)
    assert device.repetition_delay == 250e-6
    assert device.calibration_time == "2025-02-26T15:26:08+00:00"
    assert not any(tmp_path.iterdir())  # looking at a device writes nothing


def test_a_runtime_whose_backends_do_not_know_their_instance(tmp_path):
    device = open_device("local:FakeManilaV2", tmp_path)
    assert device.instance == "rehearsal"
    del device.backend._instance
    with pytest.raises(RuntimeError, match=r"`qiskit-ibm-runtime` must be a version .*\._instance"):
        _ = device.instance


def test_backend_objects_stand_for_devices(tmp_path):
    by_fake = device_of(FakeManilaV2(), tmp_path)
    assert by_fake.name == "local:FakeManilaV2"
    by_backend = device_of(by_fake.backend, tmp_path)
    assert (by_backend.name, by_backend.service) == ("fake_manila", by_fake.service)
    with pytest.raises(TypeError, match="`backend` must be a name, a backend of the runtime"):
        device_of(object(), tmp_path)
    with pytest.raises(ValueError, match="`seed` must be None on a device"):
        device_of(by_fake.backend, tmp_path, seed=1)


def test_fractional_gates_where_the_device_has_none(tmp_path):
    with pytest.raises(ValueError, match="`fractional_gates` must be False on fake_sherbrooke"):
        open_device("local:FakeSherbrooke", tmp_path, fractional_gates=True)


def test_options_are_the_runtimes_own_models():
    options = SamplerOptions()
    options.twirling.enable_gates = True
    options.dynamical_decoupling.enable = True
    plain = check_runtime_options(options)
    assert SamplerOptions(**plain).twirling.enable_gates is True
    assert SamplerOptions(**plain).dynamical_decoupling.enable is True
    assert check_runtime_options(None) == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"twirlling": {}}, "`options` must be the runtime's sampler options"),
        ({"twirling": {"enable_gate": True}}, "`options` must be the runtime's sampler options"),
        ({"environment": {"job_tags": ["mine"]}}, "`options` must not have job tags"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        check_runtime_options(options)
    with pytest.raises(TypeError, match="`options` must be SamplerOptions or a mapping, got list"):
        check_runtime_options([])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dynamical_decoupling": {"enable": True}},
        {"twirling": {"enable_gates": True, "enable_measure": True}},
    ],
)
def test_the_runtime_sampler_in_local_mode(options):
    """RX(theta) on one of two qubits, with an angle that its default would round. 5 sigma."""
    circuit = QuantumCircuit(5, 2)
    theta = 0.7071
    circuit.rz(np.pi / 2, 3)
    circuit.sx(3)
    circuit.rz(theta + np.pi, 3)
    circuit.sx(3)
    circuit.rz(5 * np.pi / 2, 3)
    circuit.cx(3, 2)
    circuit.measure([2, 3], [0, 1])
    sampler = make_runtime_sampler(FakeManilaV2(), options=options, seed=2)
    assert sampler.options.simulator.angle_decimals == 12
    shots = 8192
    counts = run_circuits([circuit, circuit], sampler, shots=shots)
    assert (counts[0] != counts[1]).any()  # one seed for each circuit
    both = counts[0, 2] / counts[0].sum()
    ideal = np.sin(theta / 2) ** 2
    # Readout and gates of this device change it by less than 0.06, see the test of the noise.
    assert abs(both - ideal) < 0.06 + 5 * np.sqrt(ideal * (1 - ideal) / shots)


class FakeCloudManila(FakeManilaV2):
    backend_name = "ibm_cloud_manila"


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    """The rehearsal service in the place of the cloud: all but the account is the real road."""
    service = RehearsalService(tmp_path / "cloud", FakeCloudManila())
    monkeypatch.setattr(devices, "QiskitRuntimeService", lambda instance=None: service)
    return service


def test_a_device_of_the_account_by_name(tmp_path, cloud):
    device = open_device("ibm_cloud_manila", tmp_path / "run")
    assert (device.name, device.service) == ("ibm_cloud_manila", cloud)
    assert (device.instance, device.fractional_gates) == ("rehearsal", False)
    with pytest.raises(ValueError, match="`seed` must be None on a device: nature draws"):
        open_device("ibm_cloud_manila", tmp_path / "run", seed=1)
    message = r"device of the saved account \(ibm_cloud_manila\).*got 'ibm_cloud_manilla'"
    with pytest.raises(ValueError, match=message):
        open_device("ibm_cloud_manilla", tmp_path / "run")


def test_the_road_to_a_device_of_the_account(tmp_path, cloud):
    battery = rzqiskit.RosenZenerBattery(
        num_qubits=3, drive=rzqiskit.SineSquaredDrive(20.0, 0.3), interaction=2.0
    )
    folder = submit_charging(
        battery, [0.3], "ibm_cloud_manila", num_steps=1, shots=100, folder=tmp_path / "run"
    )
    assert not (folder / "local_service").exists()  # its jobs are in the cloud
    assert len(cloud.jobs()) == 1
    data = collect_charging(folder)
    assert data.shots.values.tolist() == [100]
    assert data.attrs["backend"] == "ibm_cloud_manila"
    by_object = submit_charging(
        battery, [0.3], cloud.backend(), num_steps=1, shots=100, folder=tmp_path / "second"
    )
    assert collect_charging(by_object).shots.values.tolist() == [100]
    assert len(cloud.jobs()) == 2


def test_fractional_gates_pass_through(tmp_path):
    plain = open_device("local:FakeFractionalBackend", tmp_path)
    fractional = open_device("local:FakeFractionalBackend", tmp_path, fractional_gates=True)
    assert "rzz" not in plain.backend.target.operation_names
    assert "rzz" in fractional.backend.target.operation_names
    battery = rzqiskit.RosenZenerBattery(
        num_qubits=4, drive=rzqiskit.SineSquaredDrive(20.0, 0.3), interaction=2.0
    )
    folder = submit_charging(
        battery, [0.3], "local:FakeFractionalBackend", num_steps=2, shots=2000, seed=7,
        network="fractional", fractional_gates=True, folder=tmp_path / "run",
    )  # fmt: skip
    assert RunFolder(folder).circuits()[0].count_ops()["rzz"] == 3
    data = collect_charging(folder)
    ideal = run_charging(battery, [0.3], shots=None, num_steps=2)
    assert abs(float(data.stored_energy[0] - ideal.stored_energy[0])) < 0.8


def test_an_account_that_fails_is_told_by_the_kind_of_its_error(tmp_path, monkeypatch):
    def refuse(instance=None):
        raise ConnectionError("Bearer secret")

    monkeypatch.setattr(devices, "QiskitRuntimeService", refuse)
    with pytest.raises(ValueError, match=r"saved account, which failed with ConnectionError\.$"):
        open_device("ibm_torino", tmp_path)
