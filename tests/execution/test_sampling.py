import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from qiskit.primitives import BitArray, StatevectorSampler
from qiskit_aer.primitives import SamplerV2
from scipy.stats import binom, chi2

from rzqiskit.circuits.gates import CollectiveZZGate
from rzqiskit.emulator import DickeSampler
from rzqiskit.execution.sampling import (
    hamming_weight_counts,
    make_aer_sampler,
    run_circuits,
    run_pubs,
)

NUM = 5


def rotated(angle, num_qubits=NUM):
    circuit = QuantumCircuit(num_qubits)
    circuit.rx(angle, range(num_qubits))
    circuit.measure_all()
    return circuit


def chi_square(counts, probabilities):
    expected = counts.sum() * probabilities
    return float(((counts - expected) ** 2 / expected).sum())


def test_histogram_of_an_array_of_bits():
    rng = np.random.default_rng(3)
    outcomes = rng.random((2, 3, 50, 11)) < 0.3
    bits = BitArray.from_bool_array(outcomes)
    counts = hamming_weight_counts(bits)
    assert counts.dtype == np.int64
    assert counts.shape == (2, 3, 12)
    for i in range(2):
        for j in range(3):
            expected = np.bincount(outcomes[i, j].sum(axis=-1), minlength=12)
            np.testing.assert_array_equal(counts[i, j], expected)


@pytest.mark.parametrize(
    "sampler",
    [
        make_aer_sampler(seed=11),
        SamplerV2(seed=11),
        StatevectorSampler(seed=np.random.default_rng(11)),
    ],
    ids=["own", "aer", "statevector"],
)
def test_counts_follow_the_binomial_law(sampler):
    angles = [0.4, 1.0, 2.0]
    counts = run_circuits([rotated(angle) for angle in angles], sampler, shots=4000)
    assert counts.shape == (3, NUM + 1)
    assert (counts.sum(axis=-1) == 4000).all()
    for angle, row in zip(angles, counts, strict=True):
        probabilities = binom.pmf(np.arange(NUM + 1), NUM, np.sin(angle / 2) ** 2)
        # 5 sigma one-sided, false-alarm rate 2.9e-7 for each of nine cases.
        assert chi_square(row, probabilities) < chi2.isf(2.9e-7, NUM)


@pytest.mark.parametrize(
    "make",
    [make_aer_sampler, StatevectorSampler, lambda seed: StatevectorSampler(seed=np.int64(seed))],
)
def test_circuits_of_a_job_have_independent_shots(make):
    parameter = Parameter("a")
    circuit = QuantumCircuit(NUM)
    circuit.rx(parameter, range(NUM))
    circuit.measure_all()
    pubs = [(rotated(1.0),), (rotated(1.0),), (circuit, np.full((4, 1), 1.0))]
    counts, again = (run_pubs(pubs, make(seed=5), shots=2000) for _ in range(2))
    rows = [tuple(row) for block in counts for row in np.atleast_2d(block).tolist()]
    assert len(set(rows)) == len(rows) == 6
    for block, same in zip(counts, again, strict=True):
        np.testing.assert_array_equal(block, same)


def test_seeds_reproduce_and_differ():
    circuits = [rotated(angle) for angle in (0.5, 1.5)]
    first, again, other = (
        run_circuits(circuits, make_aer_sampler(seed=seed), shots=1000) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_collective_gates_run_on_aer_also_after_qpy(tmp_path):
    circuit = QuantumCircuit(NUM)
    circuit.h(range(NUM))
    circuit.append(CollectiveZZGate(NUM, 0.7), range(NUM))
    circuit.h(range(NUM))
    circuit.measure_all()
    path = tmp_path / "circuit.qpy"
    with path.open("wb") as file:
        qpy.dump(circuit, file)
    with path.open("rb") as file:
        (loaded,) = qpy.load(file)
    first, second = (
        run_circuits([c], make_aer_sampler(seed=3), shots=3000) for c in (circuit, loaded)
    )
    np.testing.assert_array_equal(first, second)
    assert first[0, 0] < 2500


def test_weights_are_drawn_directly_only_where_every_qubit_is_measured():
    class Direct(StatevectorSampler):
        def sample_hamming_weights(self, pubs):
            return [np.full(pub.circuit.num_qubits + 1, pub.shots) for pub in pubs]

    partly = QuantumCircuit(NUM, 2)
    partly.rx(1.0, range(NUM))
    partly.measure([0, 3], [0, 1])
    twice = QuantumCircuit(2, 2)
    twice.measure([0, 0], [0, 1])
    assert run_circuits([rotated(1.0)], Direct(), shots=7).tolist() == [[7] * (NUM + 1)]
    for circuit in (partly, twice):
        counts = run_circuits([circuit], Direct(), shots=7)
        assert counts.shape == (1, 3)
        assert counts.sum() == 7


def test_weights_of_the_emulator_follow_the_binomial_law():
    counts = run_circuits([rotated(1.0, 40)], DickeSampler(seed=8), shots=20_000)
    probabilities = binom.pmf(np.arange(41), 40, np.sin(0.5) ** 2)
    likely = 20_000 * probabilities > 5.0
    expected = 20_000 * probabilities[likely]
    # 5 sigma one-sided, false-alarm rate 2.9e-7.
    assert ((counts[0][likely] - expected) ** 2 / expected).sum() < chi2.isf(2.9e-7, likely.sum())


def test_seeded_local_runtime_gets_a_seed_for_each_pub():
    class Simulator:
        seed_simulator = 42

    class Options:
        simulator = Simulator()

    class LocalSampler(StatevectorSampler):
        """Takes its seed from the options at each run, as the runtime does in local mode."""

        options = Options()

        def run(self, pubs, *, shots=None):
            seeds_used.append(self.options.simulator.seed_simulator)
            return StatevectorSampler(seed=seeds_used[-1]).run(pubs, shots=shots)

    seeds_used = []
    counts = run_circuits([rotated(1.0)] * 4, LocalSampler(), shots=2000)
    assert len(set(seeds_used)) == 4
    assert len({tuple(row) for row in counts.tolist()}) == 4
    assert Options.simulator.seed_simulator == 42


def test_bad_input():
    sampler = StatevectorSampler()
    unmeasured = QuantumCircuit(2, 2)
    free = QuantumCircuit(2)
    free.rx(Parameter("a"), 0)
    free.measure_all()
    twice = rotated(1.0)
    twice.measure_all()
    with pytest.raises(TypeError, match="`sampler` must be a BaseSamplerV2, got str"):
        run_circuits([rotated(1.0)], "aer", shots=10)
    with pytest.raises(ValueError, match="`shots` must be a positive integer, got 0"):
        run_circuits([rotated(1.0)], sampler, shots=0)
    with pytest.raises(TypeError, match="`circuits` must be quantum circuits, got int"):
        run_circuits([3], sampler, shots=10)
    with pytest.raises(TypeError, match=r"`circuits` must be a list of circuits, got int\."):
        run_circuits(3, sampler, shots=10)
    with pytest.raises(TypeError, match=r"`circuits` must be a list of circuits, got one circuit"):
        run_circuits(rotated(1.0), sampler, shots=10)
    with pytest.raises(ValueError, match="`circuits` must hold at least one circuit, got none"):
        run_circuits([], sampler, shots=10)
    with pytest.raises(ValueError, match=r"must measure the same number of bits, got \[2, 5\]"):
        run_circuits([rotated(1.0), rotated(1.0, 2)], sampler, shots=10)
    with pytest.raises(ValueError, match="`circuits` must be measured"):
        run_circuits([unmeasured], sampler, shots=10)
    with pytest.raises(
        ValueError, match=r"`circuits` must be bound, got .* with 1 free parameters"
    ):
        run_circuits([free], sampler, shots=10)
    with pytest.raises(ValueError, match="one classical register each, got 2"):
        run_circuits([twice], sampler, shots=10)
    with pytest.raises(ValueError, match="`seed` must be a non-negative integer, got -1"):
        make_aer_sampler(seed=-1)


@pytest.mark.parametrize("shape", [(4,), (2, 3), ()])
@pytest.mark.parametrize("name", ["aer", "statevector", "dicke"])
def test_circuits_without_parameters_run_once_for_each_point(name, shape):
    sampler = {
        "aer": lambda: make_aer_sampler(seed=3),
        "statevector": lambda: StatevectorSampler(seed=np.random.default_rng(3)),
        "dicke": lambda: DickeSampler(seed=3),
    }[name]()
    swept = QuantumCircuit(NUM)
    swept.rx(Parameter("t"), range(NUM))
    swept.measure_all()
    pubs = [
        (rotated(1.1), np.empty((*shape, 0))),
        (swept, np.full((3, 1), 0.7)),
        (rotated(1.1), np.empty((*shape, 0))),
    ]
    first, middle, last = run_pubs(pubs, sampler, shots=500)
    assert first.shape == last.shape == (*shape, NUM + 1)
    assert middle.shape == (3, NUM + 1)
    expected = binom.pmf(np.arange(NUM + 1), NUM, np.sin(0.55) ** 2)
    rows = np.concatenate([first, last]).reshape(-1, NUM + 1)
    assert (rows.sum(axis=1) == 500).all()
    # Points are independent: their sum follows the law, and no two rows are alike.
    assert chi_square(rows.sum(axis=0), expected) < chi2.isf(6e-7, NUM)
    assert len({tuple(row) for row in rows.tolist()}) == len(rows)
