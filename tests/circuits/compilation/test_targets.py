"""What stands for a device must have a target, wherever it is handed in."""

import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.primitives import BackendSamplerV2
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from rzqiskit.charging import run_charging
from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.execution.cell_errors import cell_errors, device_errors
from rzqiskit.execution.noise import NoisySampler, device_noise_model
from rzqiskit.execution.noisy_probabilities import noisy_bit_string_probabilities
from rzqiskit.execution.runtime.devices import find_fake_device
from rzqiskit.execution.scaled_noise import ScaledDevice
from rzqiskit.execution.shared_line import compile_on_shared_line
from rzqiskit.model import RosenZenerBattery


def measured():
    circuit = QuantumCircuit(2)
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize("backend", ["fake_torino", None, object()])
@pytest.mark.parametrize(
    "use",
    [
        NoisySampler,
        lambda backend: device_noise_model(backend, (0,)),
        lambda backend: noisy_bit_string_probabilities([measured()], backend),
        lambda backend: ScaledDevice(backend, 0.5),
        lambda backend: compile_on_shared_line([measured()], backend),
        lambda backend: compile_circuits(measured(), backend),
        lambda backend: device_errors(2, 1, backend),
        lambda backend: cell_errors(measured(), backend),
    ],
)
def test_what_has_no_target(use, backend):
    kind = type(backend).__name__
    with pytest.raises(TypeError, match=f"^`backend` must have a target, got {kind}"):
        use(backend)


def test_what_is_no_name_and_no_circuit():
    with pytest.raises(TypeError, match="`backend` must be the name of a fake device, got int"):
        find_fake_device(3)
    with pytest.raises(TypeError, match="`circuits` must be quantum circuits, got int"):
        compile_on_shared_line([3], FakeManilaV2())
    (compiled,) = compile_on_shared_line(measured(), FakeManilaV2())
    assert compiled.count_ops()["measure"] == 2


@pytest.mark.parametrize("interaction", [0.0, 2.0])
@pytest.mark.parametrize("make", [NoisySampler, lambda backend: BackendSamplerV2(backend=backend)])
def test_gates_that_a_device_has_not_are_not_run_without_errors(make, interaction):
    """Aer would, as gates of which its noise model knows nothing."""
    device = FakeManilaV2()
    battery = RosenZenerBattery(
        num_qubits=3, drive=SineSquaredDrive(20.0, 0.3), interaction=interaction
    )
    with pytest.raises(ValueError, match=r"must be compiled for fake_manila, .* got the gate r"):
        run_charging(battery, [0.3], sampler=make(device), shots=10, num_steps=1)
    data = run_charging(battery, [0.3], sampler=make(device), backend=device, shots=10, num_steps=1)
    assert data.counts.sum() == 10


def test_a_noisy_sampler_by_itself_takes_no_other_gates_either():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.measure_all()
    with pytest.raises(ValueError, match=r"must be compiled for fake_manila, .* got the gate h"):
        NoisySampler(FakeManilaV2()).run([circuit])
