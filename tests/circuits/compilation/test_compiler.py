"""Compiled circuits: what they cost, where they run, and that they do what they did before."""

import itertools

import numpy as np
import pytest
from measured_circuits import read_qubits
from qiskit import QuantumCircuit, QuantumRegister, qasm3, transpile
from qiskit.circuit import ClassicalRegister, Parameter
from qiskit.transpiler import Target
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from rzqiskit.circuits.compilation.branched import branched_networks
from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.circuits.compilation.fidelity import predicted_fidelity
from rzqiskit.circuits.compilation.passes import CollectiveNetwork
from rzqiskit.circuits.gates import CollectiveZZGate

DEVICES = ["FakeMarrakesh", "FakeTorino", "FakeSherbrooke", "FakeNighthawk", "FractionalBoston"]
WIDTHS = [5, 10, 16, 20]


def two_qubit_depth(circuit):
    return circuit.depth(lambda item: item.operation.name in ("cx", "cz", "ecr", "rzz"))


def weights(probabilities):
    """Return the populations of the Hamming weights."""
    bits = np.bitwise_count(np.arange(len(probabilities)))
    return np.bincount(bits, weights=probabilities)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("num_qubits", WIDTHS)
def test_price_and_place_on_the_devices(devices, charging, check_isa, name, num_qubits):
    n, device = num_qubits, devices[name]
    # Many layers of many qubits where the most is at stake, fewer on the other devices.
    deep = name in ("FakeMarrakesh", "FakeNighthawk")
    layers = {
        5: (1, 2, 3, 4) if deep else (1, 3),
        10: (4,) if deep else (1,),
        16: (2,) if deep else (1,),
        20: (1,),
    }
    if name == "FakeMarrakesh":
        layers[20] = (3,)
    circuits = [charging(n, num_layers) for num_layers in layers[n]]
    line_price = (n - 1) * (3 * n - 2) // 2
    limits = {"line": line_price, "parity": n * n + 2 * n - 3}
    if name == "FractionalBoston":
        limits["fractional"] = line_price - (n - 1)
    shapes = {network.name for network in branched_networks(n)}
    if "spider" in shapes or (shapes and name == "FakeNighthawk"):
        limits["branched"] = n * n - 10
    fidelities = {}
    for network, limit in limits.items():
        compiled = compile_circuits(circuits, device, network=network)
        for num_layers, circuit in zip(layers[n], compiled, strict=True):
            check_isa(circuit, device.target)
            assert circuit.num_nonlocal_gates() <= num_layers * limit
            if network in ("line", "fractional"):
                assert two_qubit_depth(circuit) <= num_layers * (3 * n - 2)
        fidelities[network] = [predicted_fidelity(item, device.target) for item in compiled]
    automatic = compile_circuits(circuits, device)
    for index, circuit in enumerate(automatic):
        check_isa(circuit, device.target)
        best = max(values[index] for values in fidelities.values())
        assert predicted_fidelity(circuit, device.target) >= best * (1 - 1e-12)


def test_parity_layers_run_behind_each_other(devices, charging):
    compiled = compile_circuits(
        [charging(10, num_layers) for num_layers in (1, 4)], devices["FakeTorino"], network="parity"
    )
    one, four = compiled
    assert four.num_nonlocal_gates() <= 4 * one.num_nonlocal_gates()
    # A layer starts at the end of the line that the ladder of the layer before has left.
    assert two_qubit_depth(four) <= 4 * two_qubit_depth(one) - 3 * 4


@pytest.mark.parametrize(
    ("name", "network", "num_qubits"),
    [
        # Marrakesh has the gates and the lattice of Torino.
        *itertools.product(DEVICES[1:], ["auto"], [2, 3, 5]),
        *itertools.product(DEVICES[1:], ["line", "parity"], [2, 3, 5, 10]),
        *itertools.product(["FractionalBoston"], ["fractional"], [2, 3, 5, 10]),
        *itertools.product(DEVICES[1:], ["branched"], [5, 10]),
    ],
)
def test_every_classical_bit_reads_its_virtual_qubit(
    devices, charging, outcome_probabilities, check_isa, name, network, num_qubits
):
    for num_layers in (1, 3) if num_qubits == 5 else (2,):
        # Every qubit gets gates of its own, so that an exchange of two bits would be seen.
        circuit = charging(num_qubits, num_layers, uneven=100 * num_qubits + num_layers)
        (compiled,) = compile_circuits(circuit, devices[name], network=network)
        check_isa(compiled, devices[name].target)
        expected = outcome_probabilities(circuit.decompose("collective_zz"))
        found = outcome_probabilities(compiled)
        np.testing.assert_allclose(found, expected, atol=1e-12)
        np.testing.assert_allclose(weights(found), weights(expected), atol=1e-12)


@pytest.mark.parametrize("angle", [np.pi / 2, np.pi, -np.pi / 2, 3.0, -2.0, 7.5, 1e-9])
def test_angles_beyond_the_native_range_are_folded_exactly(
    devices, charging, outcome_probabilities, check_isa, angle
):
    device = devices["FractionalBoston"]
    circuit = charging(5, 2, uneven=3, angle=angle)
    (compiled,) = compile_circuits(circuit, device, network="fractional")
    check_isa(compiled, device.target)
    assert compiled.count_ops()["rzz"] > 0
    np.testing.assert_allclose(
        outcome_probabilities(compiled),
        outcome_probabilities(circuit.decompose("collective_zz")),
        atol=1e-12,
    )


def test_the_layout_tells_where_qubits_start_and_end(devices, charging):
    circuit = charging(6, 1, uneven=2)
    (compiled,) = compile_circuits(circuit, devices["FakeTorino"], network="line")
    start = compiled.layout.initial_index_layout(filter_ancillas=True)
    end = compiled.layout.final_index_layout()
    assert sorted(start) == sorted(end)
    assert start != end
    for item in compiled.data:
        if item.operation.name == "measure":
            virtual = compiled.find_bit(item.clbits[0]).index
            assert compiled.find_bit(item.qubits[0]).index == end[virtual]


def test_registers_bits_name_and_metadata_survive(devices):
    first, second = QuantumRegister(2, "a"), QuantumRegister(3, "b")
    meas, spare = ClassicalRegister(5, "meas"), ClassicalRegister(1, "spare")
    circuit = QuantumCircuit(first, second, spare, meas, name="seven", metadata={"time": 1.5})
    circuit.x(second[1])
    circuit.append(CollectiveZZGate(5, 0.3), [4, 2, 0, 1, 3])
    circuit.measure(range(5), [meas[4], meas[3], meas[2], meas[1], meas[0]])
    (compiled,) = compile_circuits(circuit, devices["FakeTorino"])
    assert compiled.name == "seven"
    assert compiled.metadata == {"time": 1.5}
    assert [(register.name, register.size) for register in compiled.cregs] == [
        ("spare", 1),
        ("meas", 5),
    ]
    # Qubit 3 is excited and read into meas[1].
    counts = AerSimulator().run(compiled, shots=10).result().get_counts()
    assert counts == {"00010 0": 10}


def test_one_choice_for_a_series_and_one_circuit_is_a_series(devices, charging):
    device = devices["FakeMarrakesh"]
    circuits = [charging(5, 2, angle=angle) for angle in (0.0001, 0.2, 1.3)]
    compiled = compile_circuits(circuits, device)
    assert len({item.num_nonlocal_gates() for item in compiled}) == 1
    assert len({tuple(item.layout.initial_index_layout(True)) for item in compiled}) == 1
    (alone,) = compile_circuits(circuits[1], device)
    assert alone == compiled[1]


def test_gates_read_from_files_compile_alike(devices, charging):
    circuit = charging(5, 2)
    (expected,) = compile_circuits(circuit, devices["FakeTorino"], network="parity")
    loaded = qasm3.loads(qasm3.dumps(circuit))
    (found,) = compile_circuits(loaded, devices["FakeTorino"], network="parity")
    assert found.num_nonlocal_gates() == expected.num_nonlocal_gates()


@pytest.mark.parametrize("num_qubits", [1, 5])
def test_nothing_to_entangle_needs_no_gate(devices, charging, num_qubits):
    (compiled,) = compile_circuits(
        charging(num_qubits, 0 if num_qubits > 1 else 3), devices["FakeTorino"]
    )
    assert compiled.num_nonlocal_gates() == 0
    zero = QuantumCircuit(num_qubits)
    zero.append(CollectiveZZGate(num_qubits, 0.0), range(num_qubits))
    zero.measure_all()
    (compiled,) = compile_circuits(zero, devices["FakeTorino"])
    assert set(compiled.count_ops()) == {"measure", "barrier"}


def test_a_simulator_joins_any_qubits(charging, outcome_probabilities):
    circuit = charging(4, 2, uneven=5)
    (compiled,) = compile_circuits(circuit, AerSimulator())
    # Bits in the order of the qubits, so both have the same probabilities.
    got = outcome_probabilities(compiled)
    np.testing.assert_allclose(got, outcome_probabilities(circuit), rtol=0.0, atol=1e-12)


def test_far_below_the_preset_pass_manager(devices, charging):
    device = devices["FakeMarrakesh"]
    circuit = charging(10, 2)
    (compiled,) = compile_circuits(circuit, device)
    preset = transpile(circuit, target=device.target, optimization_level=3, seed_transpiler=1)
    assert compiled.num_nonlocal_gates() < 0.75 * preset.num_nonlocal_gates()
    assert predicted_fidelity(compiled, device.target) > predicted_fidelity(preset, device.target)


def test_prediction_ranks_as_a_noisy_simulation(devices, charging, outcome_probabilities):
    """Populations under the noise of the device: auto beats the line, which beats the preset."""
    target = devices["FakeTorino"].target
    circuit = charging(5, 4)
    exact = weights(outcome_probabilities(circuit.decompose("collective_zz")))
    rivals = [
        transpile(circuit, target=target, optimization_level=3, seed_transpiler=1),
        *compile_circuits(circuit, devices["FakeTorino"], network="line"),
        *compile_circuits(circuit, devices["FakeTorino"]),
    ]
    distances = []
    for rival in rivals:
        bare = rival.remove_final_measurements(inplace=False)
        bare.save_probabilities([read for _, read in sorted(read_qubits(rival).items())])
        simulator = AerSimulator(noise_model=depolarizing(rival, target), method="density_matrix")
        probabilities = simulator.run(bare).result().data()["probabilities"]
        distances.append(np.abs(weights(probabilities) - exact).sum() / 2)
    predicted = [predicted_fidelity(rival, target) for rival in rivals]
    assert predicted == sorted(predicted)
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.6 * distances[0]


def depolarizing(circuit, target):
    """Return depolarizing noise with the calibrated infidelity of each gate of a circuit."""
    noise = NoiseModel()
    for name, qubits in {
        (item.operation.name, tuple(circuit.find_bit(qubit).index for qubit in item.qubits))
        for item in circuit.data
        if item.operation.name not in ("measure", "barrier", "rz")
    }:
        # Average infidelity r of a d-level depolarizing channel: parameter r d / (d - 1).
        dimension = 2 ** len(qubits)
        strength = target[name][qubits].error * dimension / (dimension - 1)
        noise.add_quantum_error(depolarizing_error(strength, len(qubits)), name, qubits)
    return noise


def bad_circuits():
    unbound = QuantumCircuit(3)
    unbound.append(CollectiveZZGate(3, Parameter("angle")), range(3))
    unbound.measure_all()
    unmeasured = QuantumCircuit(3)
    unmeasured.append(CollectiveZZGate(3, 0.1), range(3))
    part = QuantumCircuit(3)
    part.append(CollectiveZZGate(2, 0.1), range(2))
    part.measure_all()
    other = QuantumCircuit(3)
    other.cz(0, 2)
    other.measure_all()
    reset = QuantumCircuit(3)
    reset.reset(0)
    reset.measure_all()
    late = QuantumCircuit(2, 2)
    late.measure(0, 0)
    late.x(0)
    unbound_local = QuantumCircuit(2)
    unbound_local.rx(Parameter("pulse"), 0)
    unbound_local.measure_all()
    nan_local = QuantumCircuit(2)
    nan_local.rx(float("nan"), 0)
    nan_local.measure_all()
    wide = QuantumCircuit(200)
    wide.measure_all()
    return [
        (unbound, r"every parameter bound, got 'collective_zz' with the free parameter\(s\) angle"),
        (unbound_local, r"every parameter bound, got 'rx' with the free parameter\(s\) pulse"),
        (unmeasured, "`circuits` must be measured, got a circuit without a measurement"),
        (part, "all their qubits, got one on 2 of 3"),
        (other, r"final measurements, got 'cz' on qubits \[0, 2\]"),
        (reset, r"final measurements, got 'reset' on qubits \[0\]"),
        (late, r"measure at the end only, got 'x' on qubit 0"),
        (nan_local, "finite angles, got 'rx' with NaN"),
        (wide, "must fit on a line of coupled qubits of the device, got 200 qubits"),
    ]


@pytest.mark.parametrize(("circuit", "message"), bad_circuits())
def test_bad_circuits_are_refused(devices, circuit, message):
    with pytest.raises(ValueError, match=message):
        compile_circuits([circuit], devices["FakeTorino"])


def test_bad_arguments_are_refused(devices, charging):
    circuit, device = charging(3, 1), devices["FakeTorino"]
    with pytest.raises(ValueError, match="`network` must be one of 'auto', 'line'"):
        compile_circuits(circuit, device, network="ring")
    with pytest.raises(ValueError, match="'fractional' only on a device with the gate 'rzz'"):
        compile_circuits(circuit, device, network="fractional")
    with pytest.raises(TypeError, match="`circuits` must be quantum circuits, got str"):
        compile_circuits(["circuit"], device)
    with pytest.raises(TypeError, match="`backend` must have a target, got str"):
        compile_circuits(circuit, "FakeTorino")
    with pytest.raises(ValueError, match="one of the gates 'cx', 'cz', 'ecr'"):
        CollectiveNetwork(Target(num_qubits=3))


def test_circuits_of_all_kinds_on_given_qubits(devices, charging, outcome_probabilities):
    device, line = devices["FakeTorino"], [4, 3, 2, 1, 0]
    circuits = [charging(5, num_layers, uneven=num_layers) for num_layers in (0, 1, 3)]
    for network in ("auto", "line", "parity"):
        compiled = compile_circuits(circuits, device, network=network, line=line)
        for circuit, found in zip(circuits, compiled, strict=True):
            assert found.layout.initial_index_layout(filter_ancillas=True) == line
            assert set(read_qubits(found).values()) == set(line)
            np.testing.assert_allclose(
                outcome_probabilities(found),
                outcome_probabilities(circuit.decompose("collective_zz")),
                atol=1e-12,
            )


def test_the_place_of_a_branched_network_can_be_given(devices, charging, check_isa):
    device = devices["FakeNighthawk"]
    (first,) = compile_circuits(charging(8, 2), device, network="branched")
    place = first.layout.initial_index_layout(filter_ancillas=True)
    for network in ("auto", "branched"):
        for num_layers in (0, 1, 3):
            (other,) = compile_circuits(
                charging(8, num_layers), device, network=network, line=tuple(place)
            )
            check_isa(other, device.target)
            assert other.layout.initial_index_layout(filter_ancillas=True) == place


@pytest.mark.parametrize(
    ("network", "line", "error", "message"),
    [
        ("auto", [0, 2, 1], ValueError, "`line` must join coupled qubits, got 0 next to 2"),
        ("auto", [0, 1, 0], ValueError, r"`line` must not visit a qubit twice, got \[0, 1, 0\]"),
        ("auto", [0, 1, 133], ValueError, "`line` must hold qubits of the device, 0 to 132, got 1"),
        ("line", [0, -1, 2], ValueError, r"`line\[1\]` must be a non-negative integer, got -1"),
        ("line", [0.0, 1, 2], TypeError, r"`line\[0\]` must be an integer, got 0.0"),
        ("line", [True, 1, 2], TypeError, r"`line\[0\]` must be an integer, got True"),
        ("auto", [0, 1], ValueError, "`line` must have one entry for each of 3 qubits, got 2"),
        ("auto", [0, 1, 2, 3], ValueError, "one entry for each of 3 qubits, got 4"),
        ("branched", [0, 1, 2], ValueError, r"`line` must be a place of a branched network.*\[0"),
        ("branched", None, ValueError, "'branched' only for a width .* got 3 qubits on a device"),
    ],
)
def test_bad_lines_are_refused(devices, charging, network, line, error, message):
    with pytest.raises(error, match=message):
        compile_circuits(charging(3, 1), devices["FakeTorino"], network=network, line=line)


def test_a_place_of_another_width_is_refused(devices, charging):
    device = devices["FakeNighthawk"]
    (first,) = compile_circuits(charging(8, 1), device, network="branched")
    place = first.layout.initial_index_layout(filter_ancillas=True)
    with pytest.raises(ValueError, match="`line` must have one entry for each of 5 qubits, got 8"):
        compile_circuits(charging(5, 1), device, network="branched", line=place)
