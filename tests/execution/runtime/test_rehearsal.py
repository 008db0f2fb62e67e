"""The service of files, and the exact payload that the runtime would send."""

import json

import numpy as np
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit_ibm_runtime import RuntimeJobV2
from qiskit_ibm_runtime.exceptions import RuntimeJobFailureError, RuntimeJobNotFound
from qiskit_ibm_runtime.executor_sampler.prepare import prepare
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.options_models import SamplerOptions
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

from rzqiskit.execution.runtime.devices import make_runtime_sampler, open_device
from rzqiskit.execution.runtime.rehearsal import RehearsalService, run_payload

OPTIONS = [
    {},
    {"dynamical_decoupling": {"enable": True, "sequence_type": "XY4"}},
    {"twirling": {"enable_gates": True, "enable_measure": True}},
]


def flipped(*qubits):
    circuit = QuantumCircuit(5, 3)
    circuit.metadata = {"note": [1, "two"]}
    circuit.x(qubits)
    circuit.cx(2, 3)
    circuit.measure([3, 1, 2], [0, 1, 2])
    return circuit


@pytest.mark.parametrize("options", OPTIONS)
def test_the_wire_payload_runs_as_encoded_and_decoded(tmp_path, options):
    """What the executor would post, through JSON text, decoded by the runtime's own converter."""
    device = open_device("local:FakeManilaV2", tmp_path)
    program, executor_options = prepare(
        [(flipped(1),), (flipped(2),)], SamplerOptions(**options), 1024, backend=device.backend
    )
    program._semantic_role = "sampler_v2"
    params = QUANTUM_PROGRAM_PARAMS_CONVERTERS["v2.0"].encoder(program, executor_options)
    posted = json.dumps(params.model_dump(mode="json"))
    answer = run_payload(json.loads(posted), FakeManilaV2(), seed=np.random.SeedSequence(1))
    assert json.loads(answer)["schema_version"] == "v2.0"

    # The same payload by the sampler itself, sent to the service and fetched by a job.
    sampler = make_runtime_sampler(device.backend, options=options)
    job_id = sampler.run([flipped(1), flipped(2)], shots=1024).job_id()
    stored = json.loads((tmp_path / "jobs" / f"{job_id}.job.json").read_text())["params"]
    assert stored.keys() == json.loads(posted).keys()
    result = device.service.job(job_id).result()
    # Bits read qubits 3, 1, 2: X on 1 gives 010, X on 2 makes CX flip 3 too, 101.
    for pub, expected in zip(result, ("010", "101"), strict=True):
        counts = pub.data.c.get_counts()
        assert sum(counts.values()) == 1024
        assert max(counts, key=counts.get) == expected
        assert 800 < counts[expected] < 1024  # the noise of the device is there
    assert result[0].metadata["circuit_metadata"]["note"] == [1, "two"]


def test_the_road_is_the_runtimes_own(tmp_path):
    device = open_device("local:FakeManilaV2", tmp_path)
    assert type(device.backend) is IBMBackend
    job = make_runtime_sampler(device.backend).run([flipped(1)], shots=10)
    assert type(job) is RuntimeJobV2
    assert job.status() == "DONE"


def test_jobs_are_found_from_another_service_object(tmp_path):
    device = open_device("local:FakeManilaV2", tmp_path, seed=1)
    sampler = make_runtime_sampler(device.backend)
    ids = []
    for tags in (["a"], ["a", "b"], ["c"]):
        sampler.options.environment.job_tags = tags
        ids.append(sampler.run([flipped(1)], shots=50).job_id())
    other = RehearsalService(tmp_path, FakeManilaV2())
    assert [job.job_id() for job in other.jobs(job_tags=["a"])] == [ids[1], ids[0]]
    assert [job.job_id() for job in other.jobs(job_tags=["a", "b"])] == [ids[1]]
    assert other.jobs(job_tags=["nothing"]) == []
    assert len(other.jobs(limit=2)) == 2
    first = other.job(ids[0]).result()[0].data.c.get_counts()
    second = other.job(ids[1]).result()[0].data.c.get_counts()
    assert first != second  # jobs have shots of their own
    assert first == other.job(ids[0]).result()[0].data.c.get_counts()


def test_states_of_a_paused_cancelled_and_failed_job(tmp_path):
    device = open_device("local:FakeManilaV2", tmp_path)
    service = device.service
    sampler = make_runtime_sampler(device.backend)
    service.pause()
    queued = sampler.run([flipped(1)], shots=10)
    assert queued.status() == "QUEUED"
    queued.cancel()
    assert queued.status() == "CANCELLED"
    waiting = sampler.run([flipped(1)], shots=10)
    service.resume()
    assert waiting.status() == "DONE"
    waiting.cancel()
    assert service.job(waiting.job_id()).status() == "DONE"  # too late

    foreign = QuantumCircuit(5, 1)
    foreign.cx(0, 4)
    foreign.measure(0, 0)
    failed = sampler.run([foreign], shots=10)
    assert failed.status() == "ERROR"
    assert "instruction cx on qubits (0, 4) is not supported" in failed.error_message()
    with pytest.raises(RuntimeJobFailureError, match="is not supported by fake_manila"):
        failed.result()
    with pytest.raises(RuntimeJobNotFound, match="Job not found: nonsense"):
        service.job("nonsense")


def test_circuits_of_one_job_have_shots_of_their_own(tmp_path):
    device = open_device("local:FakeManilaV2", tmp_path, seed=3)
    result = make_runtime_sampler(device.backend).run([flipped(1)] * 2, shots=4000).result()
    assert result[0].data.c.get_counts() != result[1].data.c.get_counts()


def test_what_no_memory_holds_fails_its_job_with_the_limit(tmp_path):
    device = open_device("local:FakeTorino", tmp_path)
    wide = QuantumCircuit(133, 29)
    wide.measure(range(29), range(29))
    job = make_runtime_sampler(device.backend).run([wide], shots=1)
    with pytest.raises(RuntimeJobFailureError, match="`num_qubits` must be at most 28 to simulate"):
        job.result()
