"""What stands for a device must have a target, wherever it is handed in."""

import pytest
from qiskit.circuit import QuantumCircuit
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from rzqiskit.execution.cell_errors import cell_errors, device_errors
from rzqiskit.execution.noise import NoisySampler, device_noise_model
from rzqiskit.execution.noisy_probabilities import noisy_bit_string_probabilities
from rzqiskit.execution.runtime.devices import find_fake_device
from rzqiskit.execution.scaled_noise import ScaledDevice
from rzqiskit.execution.shared_line import compile_on_shared_line


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
