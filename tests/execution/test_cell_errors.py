"""Errors carried to the end of a circuit, against dense matrices."""

import itertools
import math
from collections import defaultdict
from types import SimpleNamespace

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.circuit.library import CZGate, ECRGate, Measure, RZGate, SXGate, XGate
from qiskit.quantum_info import Operator, Pauli
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from rzqiskit.execution.cell_errors import cell_errors, device_errors
from rzqiskit.execution.runtime.devices import find_fake_device

NUM = 3
ERROR, SX_ERROR = 0.009, 0.002


def device(*, durations=False, t1=math.inf, t2=math.inf):
    entry = QubitProperties(t1=None if t1 == math.inf else t1, t2=None if t2 == math.inf else t2)
    target = Target(num_qubits=NUM, qubit_properties=[entry] * NUM)
    pairs = [(0, 1), (1, 2)]
    time = 3e-7 if durations else None
    target.add_instruction(CZGate(), {p: InstructionProperties(time, ERROR) for p in pairs})
    target.add_instruction(ECRGate(), {p: InstructionProperties(time, ERROR) for p in pairs})
    single = {(q,): InstructionProperties(None, SX_ERROR) for q in range(NUM)}
    target.add_instruction(SXGate(), single)
    target.add_instruction(XGate(), {(q,): None for q in range(NUM)})
    from qiskit.circuit import Parameter

    target.add_instruction(RZGate(Parameter("a")), {(q,): None for q in range(NUM)})
    target.add_instruction(
        Measure(), {(q,): InstructionProperties(None, 0.01 * (q + 1)) for q in range(NUM)}
    )
    return SimpleNamespace(target=target)


def random_clifford(seed, length=25):
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(NUM, NUM)
    for _ in range(length):
        choice = rng.integers(5)
        if choice < 2:
            pair = [(0, 1), (1, 2)][rng.integers(2)]
            (circuit.cz if choice else circuit.ecr)(*pair)
        elif choice == 2:
            circuit.rz(rng.integers(4) * np.pi / 2 + 1e-3, int(rng.integers(NUM)))
        else:
            (circuit.sx if choice == 3 else circuit.x)(int(rng.integers(NUM)))
    circuit.measure([2, 0, 1], range(NUM))
    return circuit


def kinds_by_matrices(circuit):
    """Rates of (x, y, z) from the overlap of each carried error with every Pauli string."""
    gates = [item for item in circuit.data if item.operation.name != "measure"]
    index = {qubit: place for place, qubit in enumerate(circuit.qubits)}
    rates = defaultdict(float)
    for position, item in enumerate(gates):
        qubits = [index[qubit] for qubit in item.qubits]
        error = {"cz": ERROR, "ecr": ERROR, "sx": SX_ERROR}.get(item.operation.name, 0.0)
        size = 2 ** len(qubits)
        rest = QuantumCircuit(NUM)
        for later in gates[position + 1 :]:
            rest.append(later.operation, [index[qubit] for qubit in later.qubits])
        unitary = Operator(rest).data
        for letters in itertools.product("IXYZ", repeat=len(qubits)):
            if set(letters) == {"I"} or not error:
                continue
            label = ["I"] * NUM
            for qubit, letter in zip(qubits, letters, strict=True):
                label[NUM - 1 - qubit] = letter
            carried = unitary @ Pauli("".join(label)).to_matrix() @ unitary.conj().T
            overlaps = {
                word: abs(np.trace(Pauli("".join(word)).to_matrix() @ carried))
                for word in itertools.product("IXYZ", repeat=NUM)
            }
            word = max(overlaps, key=overlaps.get)
            kind = tuple(word.count(letter) for letter in "XYZ")
            rates[kind] += error * size / (size - 1) / size**2
    return rates


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_error_arrives_where_matrices_say(seed):
    circuit = random_clifford(seed)
    found = cell_errors(circuit, device())
    expected = kinds_by_matrices(circuit)
    assert set(found.rates) == set(expected)
    for kind, rate in expected.items():
        assert found.rates[kind] == pytest.approx(rate, rel=1e-12)
    counts = circuit.count_ops()
    assert found.num_two_qubit_gates == counts.get("cz", 0) + counts.get("ecr", 0)
    # Readout by classical bit.
    np.testing.assert_allclose(found.flip_up, [0.03, 0.01, 0.02])


def test_relaxation_of_a_wait():
    """Qubit 0 waits for two gates of its neighbours: the twirl of T1 and T2, and the pull."""
    t1, t2 = 5e-6, 4e-6
    circuit = QuantumCircuit(NUM, NUM)
    circuit.x(0)
    circuit.cz(0, 1)
    circuit.cz(1, 2)
    circuit.cz(0, 1)
    circuit.measure(range(NUM), range(NUM))
    busy = cell_errors(circuit, device(durations=True, t1=t1, t2=t2), waits=False)
    idle = cell_errors(circuit, device(durations=True, t1=t1, t2=t2))
    # Qubits 0 and 2 wait 3e-7 s each; Z errors stay, X errors of qubit 0 pick up a Z on qubit 1.
    decayed = 1.0 - math.exp(-3e-7 / t1)
    dephased = 0.5 * (1.0 - math.exp(-3e-7 / t2)) - 0.25 * decayed
    extra = {kind: idle.rates[kind] - busy.rates.get(kind, 0.0) for kind in idle.rates}
    assert extra[0, 0, 1] == pytest.approx(2 * dephased, rel=1e-9)
    assert extra[1, 0, 1] + extra[0, 1, 1] == pytest.approx(0.5 * decayed, rel=1e-9)
    assert extra[1, 0, 0] + extra[0, 1, 0] == pytest.approx(0.5 * decayed, rel=1e-9)
    assert idle.drift - busy.drift == pytest.approx(2 * decayed / NUM, rel=1e-9)


def test_a_flipped_frame_drifts_the_other_way():
    t1 = 5e-6
    circuit = QuantumCircuit(NUM, NUM)
    circuit.cz(0, 1)
    circuit.measure(range(NUM), range(NUM))
    flipped = circuit.copy_empty_like()
    flipped.cz(0, 1)
    flipped.x(0)
    flipped.x(1)
    flipped.measure(range(NUM), range(NUM))
    plain = cell_errors(circuit, device(durations=True, t1=t1, t2=t1)).drift
    assert plain > 0.0
    turned = cell_errors(flipped, device(durations=True, t1=t1, t2=t1)).drift
    assert turned == pytest.approx(-plain, rel=1e-12)


def test_probes_have_the_gates_of_real_circuits():
    from rzqiskit import RosenZenerBattery, SineSquaredDrive, compile_circuits
    from rzqiskit.circuits.charging import build_charging_circuits

    for name in ("fake_torino", "fake_sherbrooke"):
        backend = find_fake_device(name)
        for num_qubits, num_steps in ((5, 2), (6, 4)):
            battery = RosenZenerBattery(
                num_qubits=num_qubits, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
            )
            circuits = build_charging_circuits(battery, [0.3], num_steps=num_steps)
            (compiled,) = compile_circuits(circuits, backend)
            errors = device_errors(num_qubits, num_steps - 1, backend)
            gates = compiled.count_ops()
            assert errors.num_two_qubit_gates == gates.get("cz", 0) + gates.get("ecr", 0)


def test_probes_go_where_a_circuit_goes():
    from rzqiskit import compile_circuits
    from rzqiskit.execution.noise import measured_qubits, readout_flips

    backend = find_fake_device("fake_torino")
    still = QuantumCircuit(1, 1)
    still.measure(0, 0)
    (compiled,) = compile_circuits(still, backend)
    flips = readout_flips(backend, measured_qubits(compiled))
    found = device_errors(1, 0, backend, like=still)
    assert list(zip(found.flip_up, found.flip_down, strict=True)) == flips
    assert device_errors(1, 0, backend).flip_up[0] != found.flip_up[0]
    placed = device_errors(3, 2, backend, line=[2, 1, 0])
    flips = dict(zip(range(3), readout_flips(backend, range(3)), strict=True))
    assert sorted(placed.flip_up) == sorted(up for up, _ in flips.values())


def test_bad_input():
    with pytest.raises(ValueError, match="`circuit` must be measured"):
        cell_errors(QuantumCircuit(2), device())
    with pytest.raises(ValueError, match="`num_zz_layers` must be"):
        device_errors(2, -1, device())
