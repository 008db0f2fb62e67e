"""The noise of a device on the active qubits alone, against Aer with the whole device's."""

import itertools
import sys

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.quantum_info import DensityMatrix, partial_trace
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime.fake_provider import FakeManilaV2, FakeTorino

from rzqiskit.execution import noise
from rzqiskit.execution.noise import (
    MAX_NOISY_QUBITS,
    NoisySampler,
    active_qubits,
    cut_circuit,
    device_noise_model,
)
from rzqiskit.execution.sampling import run_circuits

SHOTS = 20_000


@pytest.fixture(scope="module")
def torino():
    return FakeTorino()


def lopsided(num_qubits, chain):
    """A circuit on a chain of qubits whose outcome no reordering of bits leaves as it is."""
    circuit = QuantumCircuit(num_qubits, len(chain))
    for step, qubit in enumerate(chain):
        circuit.rz(0.4 + step, qubit)
        circuit.sx(qubit)
        circuit.rz(0.9 * step, qubit)
        circuit.sx(qubit)
    for left, right in itertools.pairwise(chain):
        circuit.cx(left, right)
        circuit.sx(right)
    circuit.barrier()
    circuit.measure(chain, range(len(chain)))
    return circuit


def test_active_qubits_leave_out_what_no_gate_joins_to_a_measurement():
    circuit = QuantumCircuit(8, 1)
    circuit.cx(6, 2)
    circuit.cx(2, 4)
    circuit.cx(0, 1)  # apart
    circuit.x(3)
    circuit.delay(100, 5)
    circuit.barrier()
    circuit.measure(4, 0)
    assert active_qubits(circuit) == (2, 4, 6)


def test_a_measured_qubit_without_gates_is_active():
    circuit = QuantumCircuit(3, 1)
    circuit.measure(1, 0)
    assert active_qubits(circuit) == (1,)


def test_the_cut_circuit_does_the_same():
    circuit = lopsided(7, (5, 2, 6, 0))
    qubits = active_qubits(circuit)
    cut = cut_circuit(circuit, qubits)
    assert (cut.num_qubits, cut.cregs) == (4, circuit.cregs)
    assert "barrier" in cut.count_ops()
    whole = DensityMatrix(circuit.remove_final_measurements(inplace=False))
    rest = [qubit for qubit in range(7) if qubit not in qubits]
    kept = DensityMatrix(cut.remove_final_measurements(inplace=False))
    np.testing.assert_allclose(partial_trace(whole, rest).data, kept.data, atol=1e-12)
    read = {
        cut.find_bit(item.clbits[0]).index: qubits[cut.find_bit(item.qubits[0]).index]
        for item in cut.data
        if item.operation.name == "measure"
    }
    assert read == {0: 5, 1: 2, 2: 6, 3: 0}


def test_a_cut_through_a_gate_is_refused():
    circuit = lopsided(4, (0, 1))
    with pytest.raises(ValueError, match="`qubits` must hold all qubits that gates join or none"):
        cut_circuit(circuit, (0,))


def test_readout_keeps_its_asymmetry(torino):
    """Against the calibration itself. 5 sigma, 12 comparisons: false alarm below 1e-5."""
    properties = torino.properties()
    reported = {
        qubit: [
            properties.qubit_property(qubit)[f"prob_meas{read}_prep{1 - read}"][0]
            for read in (1, 0)
        ]
        for qubit in (0, 5, 9, *range(40, 120))
    }
    lopsided_ones = sorted(reported, key=lambda qubit: np.subtract(*reported[qubit]))
    chosen = [*lopsided_ones[:3], *lopsided_ones[-3:]]
    flips = {qubit: reported[qubit] for qubit in chosen}
    assert all(abs(up - down) > 0.01 for up, down in flips.values())
    for prepared in (0, 1):
        circuit = QuantumCircuit(133, 6)
        if prepared:
            circuit.x(list(flips))
        circuit.measure(list(flips), range(6))
        data = NoisySampler(torino, seed=3).run([circuit], shots=SHOTS).result()[0].data.c
        ones = data.to_bool_array(order="little").mean(axis=0)
        for share, (up, down) in zip(ones, flips.values(), strict=True):
            expected = 1.0 - down if prepared else up
            error = np.sqrt(expected * (1.0 - expected) / SHOTS)
            # The X gate itself fails with less than 1e-3.
            assert abs(share - expected) < 5 * error + 1e-3 * prepared


def test_gates_have_the_noise_of_the_whole_device():
    """Density matrices of both, for a device small enough to have one."""
    backend = FakeManilaV2()
    circuit = lopsided(5, (3, 2, 1))
    circuit.remove_final_measurements()
    circuit = circuit.decompose(["sx"]) if "sx" not in backend.operation_names else circuit
    whole = AerSimulator.from_backend(backend, method="density_matrix")
    measured = circuit.copy()
    measured.add_register(*lopsided(5, (3, 2, 1)).cregs)
    measured.measure((3, 2, 1), (0, 1, 2))
    qubits = active_qubits(measured)
    assert qubits == (1, 2, 3)
    cut = cut_circuit(circuit, qubits)
    circuit.save_density_matrix()
    cut.save_density_matrix()
    expected = whole.run(circuit, optimization_level=0).result().data()["density_matrix"]
    ours = AerSimulator(
        noise_model=device_noise_model(backend, qubits), method="density_matrix"
    ).run(cut).result().data()["density_matrix"]  # fmt: skip
    np.testing.assert_allclose(partial_trace(expected, [0, 4]).data, ours.data, atol=1e-9)
    ideal = DensityMatrix(
        cut_circuit(lopsided(5, (3, 2, 1)), qubits).remove_final_measurements(inplace=False)
    )
    assert np.abs(ideal.data - ours.data).max() > 1e-3


def test_delays_relax():
    """exp(-t / T1) of one qubit left in |1>. 5 sigma, false alarm 6e-7."""
    backend = FakeManilaV2()
    lifetime = backend.target.qubit_properties[2].t1
    circuit = QuantumCircuit(5, 1)
    circuit.x(2)
    circuit.delay(round(lifetime / backend.dt / 16) * 16, 2)
    circuit.measure(2, 0)
    properties = backend.properties().qubit_property(2)
    up, down = (properties[name][0] for name in ("prob_meas1_prep0", "prob_meas0_prep1"))
    kept = np.exp(-1.0)
    expected = kept * (1.0 - down) + (1.0 - kept) * up
    counts = run_circuits([circuit], NoisySampler(backend, seed=1), shots=SHOTS)
    error = np.sqrt(expected * (1.0 - expected) / SHOTS)
    assert abs(counts[0, 1] / SHOTS - expected) < 5 * error + 2e-3


def test_circuits_of_one_job_and_jobs_of_one_sampler_have_shots_of_their_own():
    circuit = lopsided(5, (3, 2, 1))
    elsewhere = lopsided(5, (0, 1, 2))
    sampler = NoisySampler(FakeManilaV2(), seed=4)
    first = run_circuits([circuit, elsewhere, circuit], sampler, shots=2000)
    second = run_circuits([circuit], sampler, shots=2000)
    assert (first[0] != first[2]).any()
    assert (first[0] != second[0]).any()
    again = run_circuits(
        [circuit, elsewhere, circuit], NoisySampler(FakeManilaV2(), seed=4), shots=2000
    )
    np.testing.assert_array_equal(first, again)


def test_too_many_active_qubits_are_refused_before_any_work(torino):
    sampler = NoisySampler(torino, seed=1)
    narrow = lopsided(133, range(2))
    wide = QuantumCircuit(133, 29)
    wide.measure(range(29), range(29))
    with pytest.raises(ValueError, match=r"`num_qubits` must be at most 28 .* 4 GiB\), got 29\."):
        sampler.run([narrow, wide], shots=1)
    assert 2**MAX_NOISY_QUBITS * np.dtype(np.complex128).itemsize == 4 * 2**30
    assert not sampler._models  # nothing was made ready for Aer


def test_what_has_no_target_is_no_backend():
    with pytest.raises(TypeError, match="`backend` must have a target, got str"):
        NoisySampler("fake_torino")


def test_jobs_side_by_side_have_the_shots_of_jobs_one_by_one():
    """Their threads draw nothing: with a switch at every chance the shots stay the same."""
    circuits = [lopsided(5, chain) for chain in ((3, 2, 1), (0, 1, 2))]

    def counts(job):
        return [result.data.c.get_counts() for result in job.result()]

    sampler = NoisySampler(FakeManilaV2(), seed=7)
    expected = [counts(sampler.run(circuits, shots=50)) for _ in range(4)]
    assert expected[0] != expected[1]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(2):
            sampler = NoisySampler(FakeManilaV2(), seed=7)
            jobs = [sampler.run(circuits, shots=50) for _ in range(4)]
            assert [counts(job) for job in jobs] == expected
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize(
    ("shots", "error", "message"),
    [
        (0, ValueError, "`shots` must be a positive integer, got 0"),
        (True, TypeError, "`shots` must be an integer, got True"),
        (2.5, TypeError, r"`shots` must be an integer, got 2\.5"),
    ],
)
def test_shots_that_are_none(shots, error, message):
    with pytest.raises(error, match=message):
        NoisySampler(FakeManilaV2()).run([lopsided(5, (3, 2, 1))], shots=shots)


def test_an_aer_that_has_relaxation_elsewhere(monkeypatch):
    class Renamed(NoiseModel):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            del self._custom_noise_passes

    monkeypatch.setattr(noise, "NoiseModel", Renamed)
    with pytest.raises(
        RuntimeError, match=r"`qiskit-aer` must be a version .*_custom_noise_passes"
    ):
        device_noise_model(FakeManilaV2(), (0, 1))
