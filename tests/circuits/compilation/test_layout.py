"""The best line against all lines, and devices that have none."""

import itertools
import math

import numpy as np
import pytest
from qiskit.circuit import Measure
from qiskit.circuit.library import CZGate, SXGate
from qiskit.providers import QubitProperties
from qiskit.transpiler import CouplingMap, InstructionProperties, Target

from rzqiskit.circuits.compilation.layout import best_lines, couplings, two_qubit_gate


def random_target(seed, coupling, num_qubits):
    """Return a target with random errors and no relaxation, and its errors."""
    rng = np.random.default_rng(seed)
    gate = {tuple(sorted(pair)): rng.uniform(1e-3, 3e-2) for pair in coupling}
    read = rng.uniform(1e-3, 0.2, size=num_qubits)
    target = Target(num_qubits=num_qubits)
    target.add_instruction(
        CZGate(), {pair: InstructionProperties(error=error) for pair, error in gate.items()}
    )
    target.add_instruction(
        SXGate(), {(q,): InstructionProperties(error=0.0) for q in range(num_qubits)}
    )
    target.add_instruction(
        Measure(), {(q,): InstructionProperties(error=e) for q, e in enumerate(read)}
    )
    return target, gate, read


@pytest.mark.parametrize("num_qubits", [1, 2, 4, 6])
@pytest.mark.parametrize("seed", range(5))
def test_no_line_is_better(seed, num_qubits):
    coupling = CouplingMap.from_grid(3, 4).get_edges()
    target, gate, read = random_target(seed, coupling, 12)

    def expected_error(path):
        pairs = [tuple(sorted(pair)) for pair in itertools.pairwise(path)]
        gates = sum(-math.log1p(-gate[pair]) for pair in pairs)
        return 2 * num_qubits * gates - sum(math.log1p(-read[q]) for q in path)

    paths = [(qubit,) for qubit in range(12)]
    for _ in range(num_qubits - 1):
        paths = [
            (*path, qubit)
            for path in paths
            for qubit in range(12)
            if qubit not in path and tuple(sorted((path[-1], qubit))) in gate
        ]
    line = best_lines(target, num_qubits, num_layers=2)[0]
    assert len(set(line)) == num_qubits
    assert expected_error(line) == pytest.approx(min(map(expected_error, paths)), rel=1e-12)


def test_faulty_couplings_and_qubits_are_avoided():
    target, gate, _ = random_target(3, CouplingMap.from_ring(8).get_edges(), 8)
    for pair in [(0, 1), (4, 5)]:
        assert pair in gate
        target.update_instruction_properties("cz", pair, InstructionProperties(error=1.0))
    assert set(best_lines(target, 4)[0]) in ({1, 2, 3, 4}, {5, 6, 7, 0})
    target.update_instruction_properties("measure", (2,), InstructionProperties(error=1.0))
    assert set(best_lines(target, 4)[0]) == {5, 6, 7, 0}


def test_noisy_pulses_and_short_memories_are_avoided():
    ring = CouplingMap.from_ring(8).get_edges()
    target, gate, _ = random_target(3, ring, 8)
    for pair in gate:
        properties = InstructionProperties(error=0.01, duration=1e-7)
        target.update_instruction_properties("cz", pair, properties)
    for qubit in range(8):
        target.update_instruction_properties("measure", (qubit,), InstructionProperties(error=0.01))
    target.update_instruction_properties("sx", (2,), InstructionProperties(error=0.005))
    target.update_instruction_properties("sx", (5,), InstructionProperties(error=0.004))
    assert {2, 5}.isdisjoint(best_lines(target, 3)[0])
    long, short = QubitProperties(t1=1e-4, t2=1e-4), QubitProperties(t1=1e-4, t2=1e-6)
    target.qubit_properties = [short, *[long] * 7]
    assert 0 not in best_lines(target, 3)[0]
    assert 0 in {qubit for line in best_lines(target, 3, num_lines=8) for qubit in line}


def test_several_lines_are_different_and_ranked():
    target, gate, read = random_target(4, CouplingMap.from_grid(3, 4).get_edges(), 12)
    lines = best_lines(target, 5, num_lines=6)
    assert len({frozenset((line, line[::-1])) for line in lines}) == 6
    errors = [
        -5 * sum(math.log1p(-gate[tuple(sorted(pair))]) for pair in itertools.pairwise(line))
        - sum(math.log1p(-read[qubit]) for qubit in line)
        for line in lines
    ]
    assert errors == sorted(errors)


@pytest.mark.parametrize("num_qubits", [6, 7, 200])
def test_wider_than_the_longest_line_is_refused(num_qubits):
    # A star with arms of two qubits: nine qubits, but a line of five at most.
    arms = [(0, 1), (1, 2), (0, 3), (3, 4), (0, 5), (5, 6), (0, 7), (7, 8)]
    target, *_ = random_target(1, arms, 9)
    assert len(best_lines(target, 5)[0]) == 5
    with pytest.raises(ValueError, match=rf"fit on a line of coupled qubits.* got {num_qubits} "):
        best_lines(target, num_qubits)


def test_bad_devices_and_widths_are_refused():
    target, *_ = random_target(1, [(0, 1)], 2)
    with pytest.raises(ValueError, match="`num_qubits` must be a positive integer, got 0"):
        best_lines(target, 0)
    bare = Target(num_qubits=2)
    bare.add_instruction(SXGate(), {(0,): None, (1,): None})
    with pytest.raises(ValueError, match=r"one of the gates 'cx', 'cz', 'ecr', got \['sx'\]"):
        two_qubit_gate(bare)


def test_gates_of_a_simulator_join_any_qubits():
    target = Target.from_configuration(["cx", "rz", "sx"], num_qubits=5)
    assert sorted(couplings(target)) == sorted(itertools.combinations(range(5), 2))
    assert sorted(best_lines(target, 5)[0]) == list(range(5))


# On 100 qubits of a heavy-hex device the cheapest paths all end blind.
@pytest.mark.parametrize("num_qubits", [5, 20, 100])
def test_lines_of_the_devices_are_lines(devices, num_qubits):
    for name in ("FakeSherbrooke",) if num_qubits == 100 else devices:
        target = devices[name].target
        coupling = target.build_coupling_map(two_qubit_gate(target)).get_edges()
        coupled = {frozenset(pair) for pair in coupling}
        line = best_lines(target, num_qubits)[0]
        assert len(set(line)) == num_qubits
        assert all(frozenset(pair) in coupled for pair in itertools.pairwise(line))
