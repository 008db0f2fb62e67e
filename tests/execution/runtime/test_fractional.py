"""Fakes with fractional gates: against the snapshots' own numbers, and run for real."""

import json
from pathlib import Path

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import Target
from qiskit_aer.noise.device.models import basic_device_gate_errors
from qiskit_ibm_runtime.fake_provider import FakeBoston, FakeMarrakesh, FakeSherbrooke

import rzqiskit
from rzqiskit.charging import run_charging
from rzqiskit.execution.noise import NoisySampler
from rzqiskit.execution.noisy_probabilities import noisy_weight_probabilities
from rzqiskit.execution.run_folder import RunFolder
from rzqiskit.execution.runtime.devices import find_fake_device, open_device
from rzqiskit.execution.runtime.fractional import add_fractional_gates
from rzqiskit.submission import collect_charging, submit_charging

BATTERY = rzqiskit.RosenZenerBattery(
    num_qubits=4, drive=rzqiskit.SineSquaredDrive(20.0, 0.3), interaction=2.0
)


def snapshot(fake, gate):
    """(qubits) -> (error, seconds) as the snapshot's file has them."""
    text = (Path(fake.dirname) / fake.props_filename).read_text(encoding="utf-8")
    found = {}
    for entry in json.loads(text)["gates"]:
        if entry["gate"] == gate:
            values = {item["name"]: item["value"] for item in entry["parameters"]}
            found[tuple(entry["qubits"])] = (values["gate_error"], 1e-9 * values["gate_length"])
    return found


@pytest.mark.parametrize("base", [FakeMarrakesh, FakeBoston])
def test_calibrated_gates_are_the_snapshots_and_others_like_cz(base):
    fake = base()
    rzz, cz = snapshot(fake, "rzz"), snapshot(fake, "cz")
    fractional = add_fractional_gates(fake)
    target = fractional.target["rzz"]
    assert set(target) == set(cz)
    own = [pair for pair in rzz if rzz[pair][0] < 1.0]
    assert 200 < len(own) < len(cz)
    for pair, entry in target.items():
        expected = rzz[pair] if pair in own else cz[pair]
        assert (entry.error, entry.duration) == pytest.approx(expected, rel=1e-9)
    assert set(fractional.target["rx"]) == {(qubit,) for qubit in range(fake.num_qubits)}
    # Everything else is as it was, and the snapshot itself is untouched.
    for name in ("cz", "sx", "measure"):
        for place, entry in fake.target[name].items():
            assert fractional.target[name][place].error == entry.error
    assert "rzz" not in base().target
    assert (type(fractional).__name__, fractional.name) == (base.__name__, fake.name)


def test_no_cz_no_fractional_gates(tmp_path):
    with pytest.raises(ValueError, match="`fractional_gates` must be False on fake_sherbrooke"):
        add_fractional_gates(FakeSherbrooke())
    with pytest.raises(ValueError, match="a device without CZ has none"):
        open_device("local:FakeSherbrooke", tmp_path, fractional_gates=True)
    fractional = find_fake_device("marrakesh", fractional_gates=True)
    assert add_fractional_gates(fractional) is fractional


def test_the_noise_of_an_rzz_is_its_own():
    """One RZZ on |++>: the process fidelity left is 1 - 5/4 of the calibrated error."""
    fractional = find_fake_device("boston", fractional_gates=True)
    pair = (0, 1)
    entry = fractional.target["rzz"][pair]
    small = Target(num_qubits=2, qubit_properties=fractional.target.qubit_properties[:2])
    small.add_instruction(fractional.target.operation_from_name("rzz"), {pair: entry})
    ((_, _, error),) = basic_device_gate_errors(target=small)
    kept = max(error.probabilities)
    expected = 1.0 - 1.25 * entry.error
    assert kept == pytest.approx(expected, abs=2e-3)

    circuit = QuantumCircuit(fractional.num_qubits, 2)
    for _ in range(10):
        circuit.rzz(0.3, *pair)
        circuit.rzz(np.pi / 2, *pair)
    circuit.measure(pair, [0, 1])
    (spoilt,) = noisy_weight_probabilities([circuit], fractional, readout=False)
    assert 0.01 < 1.0 - spoilt[0] < 0.3  # Z errors leave |00> alone, others do not


def test_a_rehearsal_with_fractional_gates(tmp_path):
    folder = submit_charging(
        BATTERY, [0.2, 0.3], "local:FakeMarrakesh", num_steps=2, shots=4000, seed=7,
        network="fractional", fractional_gates=True, folder=tmp_path / "run",
    )  # fmt: skip
    circuits = RunFolder(folder).circuits()
    assert sum(circuit.count_ops().get("rzz", 0) for circuit in circuits) >= 3
    data = collect_charging(folder)
    ideal = run_charging(BATTERY, [0.2, 0.3], shots=None, num_steps=2)
    # The noise of ten two-qubit gates, far above the shots' 0.02.
    assert (abs(data.stored_energy - ideal.stored_energy).values < 0.3).all()
    assert data.attrs["backend"] == "local:FakeMarrakesh"
    # The same circuits on the noisy sampler: 5 sigma, 2 comparisons.
    backend = find_fake_device("marrakesh", fractional_gates=True)
    other = run_charging(
        BATTERY, [0.2, 0.3], sampler=NoisySampler(backend, seed=9), backend=backend, shots=4000,
        num_steps=2,
    )  # fmt: skip
    error = np.hypot(data.stored_energy_stderr, other.stored_energy_stderr)
    assert (abs(data.stored_energy - other.stored_energy) < 5 * error + 0.05).all()


def test_angles_that_the_device_refuses(tmp_path):
    """-0.3 is no angle of the device: the job fails, as it does on one."""
    from rzqiskit.execution.runtime.rehearsal import _check_instructions

    fractional = find_fake_device("marrakesh", fractional_gates=True)
    circuit = QuantumCircuit(fractional.num_qubits)
    circuit.rzz(-0.3, 0, 1)
    with pytest.raises(ValueError, match=r"angle -0\.3 of rzz"):
        _check_instructions(circuit, fractional)
    plain = find_fake_device("marrakesh")
    with pytest.raises(ValueError, match="The instruction rzz on qubits"):
        _check_instructions(circuit, plain)


def test_budget_with_them():
    backend = find_fake_device("fake_boston", fractional_gates=True)
    assert "rzz" in backend.target
    budget = rzqiskit.error_budget(BATTERY, num_steps=3, times=[0.3], backend=backend, waits=False)
    circuits = rzqiskit.build_charging_circuits(BATTERY, [0.3], num_steps=3)
    compiled = rzqiskit.compile_circuits(circuits, backend)
    exact = float(rzqiskit.evolve_exact(BATTERY, [0.3]).stored_energy[0])
    energy = noisy_weight_probabilities(compiled, backend)[0] @ np.arange(5)
    assert budget.bias == pytest.approx(abs(energy - exact), rel=0.1)
