"""DickeSampler: populations against Aer, bits against their law, containers against Qiskit's."""

from __future__ import annotations

import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ClassicalRegister, Parameter, ParameterVector, QuantumRegister
from qiskit.primitives import BaseSamplerV2, BitArray, PrimitiveResult, StatevectorSampler
from qiskit_aer import AerSimulator

from rzqiskit.charging import run_charging
from rzqiskit.circuits.charging import build_charging_circuits
from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.dicke.layers import state_populations
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.emulator import DickeSampler, SymmetryError, circuit_states
from rzqiskit.model import RosenZenerBattery


def collective_circuit(num_qubits, angles=(0.7, 0.35, -0.4, 0.2, 1.1), *, pairs="collective"):
    circuit = QuantumCircuit(num_qubits)
    for position, angle in enumerate(angles):
        if position % 2 == 0:
            circuit.u(angle, 0.4, -0.3, range(num_qubits))
        elif pairs == "collective":
            circuit.append(CollectiveZZGate(num_qubits, angle), range(num_qubits))
        else:
            for pair in combinations(range(num_qubits), 2):
                circuit.rzz(angle, *pair)
    return circuit


def aer_populations(circuit):
    prepared = circuit.decompose("collective_zz")
    prepared.save_statevector()
    simulator = AerSimulator(method="statevector")
    result = simulator.run(transpile(prepared, simulator, optimization_level=0)).result()
    weights = np.bitwise_count(np.arange(2**circuit.num_qubits))
    p = np.abs(np.asarray(result.get_statevector())) ** 2
    return np.bincount(weights, weights=p, minlength=circuit.num_qubits + 1)


@pytest.mark.parametrize("num_qubits", [2, 3, 8, 11, 14])
def test_populations_equal_aer_before_sampling(num_qubits):
    circuit = collective_circuit(num_qubits)
    [state] = circuit_states(circuit)
    first, found = state_populations(state)
    assert first == 0
    np.testing.assert_allclose(found, aer_populations(circuit), rtol=0.0, atol=1e-12)


def assert_drawn_from(counts, populations):
    """Every cell of a histogram within five sigma of its binomial law.

    False alarm below 6e-7 for each of some tens of cells; cells that expect less than 25 counts
    are pooled, for there the law is no Gaussian.
    """
    shots = counts.sum()
    rare = populations * shots < 25
    pooled = [*counts[~rare], counts[rare].sum()], [*populations[~rare], populations[rare].sum()]
    for count, p in zip(*pooled, strict=True):
        assert abs(count - shots * p) < 5 * np.sqrt(shots * p * (1 - p)) + 6


def histogram(bits, num_bits):
    return np.bincount(bits.bitcount().ravel(), minlength=num_bits + 1)


def test_hamming_weights_follow_the_populations():
    circuit = collective_circuit(9)
    populations = aer_populations(circuit)
    sampler = DickeSampler(seed=11)
    [weights] = sampler.sample_hamming_weights([circuit], shots=40_000)
    circuit.measure_all()
    bits = sampler.run([circuit], shots=40_000).result()[0].data.meas
    for counts in (weights, histogram(bits, 9)):
        assert counts.sum() == 40_000
        assert_drawn_from(counts, populations)


def test_bit_strings_have_the_correlations_of_the_state():
    """<Z_i> and <Z_i Z_j> of every qubit and pair, from bits against the state vector."""
    from qiskit.quantum_info import Statevector

    circuit = collective_circuit(6)
    p = np.abs(Statevector(circuit.decompose("collective_zz")).data) ** 2
    signs = 1 - 2 * ((np.arange(64)[:, None] >> np.arange(6)) & 1)
    circuit.measure_all()
    shots = 50_000
    bits = DickeSampler(seed=3).run([circuit], shots=shots).result()[0].data.meas
    measured = 1.0 - 2.0 * bits.to_bool_array(order="little").astype(float)
    # 21 means of values +-1, five sigma each: false alarm below 2e-5
    assert np.abs(measured.mean(axis=0) - p @ signs).max() < 5 / np.sqrt(shots)
    for i, j in combinations(range(6), 2):
        found = (measured[:, i] * measured[:, j]).mean()
        assert abs(found - p @ (signs[:, i] * signs[:, j])) < 5 / np.sqrt(shots)


def test_every_register_gets_its_bits_in_its_order():
    """All qubits are 1: which classical bits are 1 is then a matter of wiring alone."""
    qubits = QuantumRegister(11, "q")
    low, high = ClassicalRegister(9, "low"), ClassicalRegister(4, "high")
    circuit = QuantumCircuit(qubits, low, high)
    circuit.x(qubits)
    wiring = {3: high[2], 0: low[8], 10: low[0], 7: high[0], 5: low[4]}
    for qubit, bit in wiring.items():
        circuit.measure(qubit, bit)
    circuit.measure(0, high[3])
    job = DickeSampler(seed=1).run([circuit], shots=3)
    reference = StatevectorSampler(seed=1).run([circuit], shots=3)
    data, expected = job.result()[0].data, reference.result()[0].data
    assert data.low.get_bitstrings() == expected.low.get_bitstrings() == ["100010001"] * 3
    assert data.high.get_bitstrings() == expected.high.get_bitstrings() == ["1101"] * 3


def test_registers_of_one_qubit_share_its_bit_and_split_registers_their_shots():
    circuit = QuantumCircuit(
        QuantumRegister(4), ClassicalRegister(4, "a"), ClassicalRegister(2, "b")
    )
    circuit.h(range(4))
    circuit.measure([2, 0, 3, 1], [0, 1, 2, 3])
    circuit.measure([0, 1], [4, 5])
    data = DickeSampler(seed=5).run([circuit], shots=200).result()[0].data
    a, b = (register.to_bool_array(order="little") for register in (data.a, data.b))
    np.testing.assert_array_equal(a[:, 1], b[:, 0])
    np.testing.assert_array_equal(a[:, 3], b[:, 1])
    assert 0 < a[:, 1].sum() < 200


def test_measuring_some_qubits_gives_their_marginal():
    circuit = QuantumCircuit(5, 2)
    circuit.ry(1.0, range(5))
    circuit.measure([4, 1], [0, 1])
    bits = DickeSampler(seed=2).run([circuit], shots=30_000).result()[0].data.c
    p = np.sin(0.5) ** 2
    assert_drawn_from(histogram(bits, 2), np.array([(1 - p) ** 2, 2 * p * (1 - p), p**2]))


def test_results_are_qiskits_own_containers():
    circuit = collective_circuit(3)
    circuit.metadata = {"label": "here"}
    circuit.measure_all()
    sampler = DickeSampler(seed=4, default_shots=17)
    assert isinstance(sampler, BaseSamplerV2)
    result = sampler.run([circuit, (circuit, None, 5)]).result()
    assert isinstance(result, PrimitiveResult)
    assert result.metadata == {"version": 2}
    assert [pub.data.meas.num_shots for pub in result] == [17, 5]
    assert isinstance(result[0].data.meas, BitArray)
    assert result[0].data.meas.num_bits == 3
    assert result[0].metadata == {"shots": 17, "circuit_metadata": {"label": "here"}}
    assert sampler.run([circuit], shots=2).result()[0].data.meas.num_shots == 2
    assert sum(result[0].data.meas.get_counts().values()) == 17


def test_sweeps_broadcast_in_one_pub():
    theta, phi = Parameter("theta"), Parameter("phi")
    circuit = QuantumCircuit(4)
    circuit.rx(theta, range(4))
    for pair in combinations(range(4), 2):
        circuit.rzz(0.5 * phi, *pair)
    circuit.ry(0.6, range(4))
    prepared = circuit.copy()
    circuit.measure_all()
    values = {
        "theta": np.linspace(0, 3, 3)[:, None, None] + np.zeros((3, 2, 1)),
        "phi": np.linspace(-1, 1, 2)[None, :, None] + np.zeros((3, 2, 1)),
    }
    pub = (circuit, {("theta",): values["theta"], ("phi",): values["phi"]})
    sampler = DickeSampler(seed=8)
    bits = sampler.run([pub], shots=20_000).result()[0].data.meas
    [counts] = sampler.sample_hamming_weights([pub], shots=20_000)
    assert bits.shape == (3, 2)
    assert counts.shape == (3, 2, 5)
    for index in np.ndindex(3, 2):
        bound = prepared.assign_parameters(
            {theta: values["theta"][index][0], phi: values["phi"][index][0]}
        )
        populations = aer_populations(bound)
        assert_drawn_from(histogram(bits[index], 4), populations)
        assert_drawn_from(counts[index], populations)


def test_expressions_that_are_not_affine_are_bound_one_by_one():
    angles = ParameterVector("t", 2)
    circuit = QuantumCircuit(3)
    circuit.rx(angles[0] * angles[1] + angles[0].sin(), range(3))
    values = np.array([[0.3, 0.7], [1.2, -0.4]])
    for row, state in zip(values, circuit_states(circuit, values), strict=True):
        angle = row[0] * row[1] + np.sin(row[0])
        assert state_populations(state)[1][3] == pytest.approx(np.sin(angle / 2) ** 6, abs=1e-14)


def test_seeds_repeat_and_runs_of_one_sampler_differ():
    circuit = collective_circuit(8)
    circuit.measure_all()

    def shots(sampler):
        return sampler.run([circuit, circuit], shots=50).result()

    first, second = DickeSampler(seed=6), DickeSampler(seed=6)
    one, again = shots(first), shots(second)
    for pub in range(2):
        np.testing.assert_array_equal(one[pub].data.meas.array, again[pub].data.meas.array)
    assert (one[0].data.meas.array != one[1].data.meas.array).any()
    assert (shots(first)[0].data.meas.array != one[0].data.meas.array).any()
    shared = np.random.default_rng(6)
    other = shots(DickeSampler(seed=shared))
    np.testing.assert_array_equal(other[0].data.meas.array, one[0].data.meas.array)


def test_ten_thousand_qubits_in_bounded_memory():
    num_qubits, shots = 10_000, 4096
    battery = RosenZenerBattery(
        num_qubits=num_qubits, drive=SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
    )
    [circuit] = build_charging_circuits(battery, [0.2], num_steps=4, order=2)
    [state] = circuit_states(circuit)
    tracemalloc.start()
    try:
        bits = DickeSampler(seed=9).run([circuit], shots=shots).result()[0].data.meas
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The packed strings themselves are 5 MB, unpacked bits would be 41 MB.
    assert peak < 30e6
    weights = bits.bitcount()
    first, p = state_populations(state)
    levels = np.arange(first, first + p.size)
    mean = p @ levels
    spread = np.sqrt(p @ (levels - mean) ** 2)
    assert weights.shape == (shots,)
    # five sigma of the mean and, with four moments bounded by a Gaussian's, of the spread
    assert abs(weights.mean() - mean) < 5 * spread / np.sqrt(shots)
    assert abs(weights.std() - spread) < 5 * spread / np.sqrt(shots)


def test_run_charging_takes_the_emulator_like_any_sampler():
    battery = RosenZenerBattery(
        num_qubits=300, drive=SineSquaredDrive(20.0, 0.1 * np.pi), interaction=2.0
    )
    times = np.linspace(0.0, 0.3, 4)
    measured = run_charging(battery, times, sampler=DickeSampler(seed=1), shots=2000, num_steps=8)
    exact = [
        circuit_states(circuit)[0]
        for circuit in build_charging_circuits(battery, times, num_steps=8)
    ]
    for index, state in enumerate(exact):
        first, p = state_populations(state)
        energy = p @ np.arange(first, first + p.size)
        spread = np.sqrt(max(p @ (np.arange(first, first + p.size) - energy) ** 2, 0.0))
        found = float(measured["stored_energy"][index])
        # five sigma at four times: false alarm 2e-6
        assert abs(found - energy) <= 5 * spread / np.sqrt(2000) + 1e-9


def test_a_pub_of_no_bindings_gives_no_shots():
    theta = Parameter("theta")
    circuit = QuantumCircuit(2)
    circuit.rx(theta, [0, 1])
    circuit.measure_all()
    bits = DickeSampler().run([(circuit, np.zeros((0, 1)))], shots=5).result()[0].data.meas
    assert bits.shape == (0,)


def unmeasured():
    return [collective_circuit(3)]


def unbound():
    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("theta"), [0, 1])
    circuit.measure_all()
    return [circuit]


def not_finite():
    circuit = unbound()[0]
    return [(circuit, [float("nan")])]


def one_circuit():
    circuit = collective_circuit(3)
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize(
    ("pubs", "error", "message"),
    [
        (unmeasured, ValueError, "circuits must be measured, got none in pub 0"),
        (unbound, ValueError, "number of values .0. does not match the number of parameters"),
        (not_finite, ValueError, "`parameter_values` must be finite, got nan for `theta`"),
        (one_circuit, TypeError, "`pubs` must be a list of pubs, got one circuit"),
    ],
)
def test_bad_pubs_are_refused_before_any_job(pubs, error, message):
    with pytest.raises(error, match=message):
        DickeSampler().run(pubs())


def test_an_unsymmetric_circuit_is_refused_before_any_job():
    circuit = QuantumCircuit(4)
    circuit.h([0, 1, 2])
    circuit.measure_all()
    with pytest.raises(SymmetryError, match=r"instruction 0 \(`h` on 0\).* not alike on qubit 3"):
        DickeSampler().run([circuit])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": -1}, ValueError, "`seed` must be a non-negative integer, got -1"),
        ({"seed": 1.5}, TypeError, "`seed` must be an integer, got 1.5"),
        ({"default_shots": 0}, ValueError, "`default_shots` must be a positive integer, got 0"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        DickeSampler(**arguments)


def test_shots_must_be_positive():
    circuit = collective_circuit(2)
    circuit.measure_all()
    with pytest.raises(ValueError, match="`shots` must be a positive integer, got 0"):
        DickeSampler().run([circuit], shots=0)
