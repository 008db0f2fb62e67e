r"""A service of files: the cloud of a rehearsal.

Only what lies behind the network is replaced. The runtime's own backend, sampler, executor, job and
decoder classes run as they do with the cloud: the sampler encodes the payload that would be sent,
this service stores it as JSON, decodes it, runs it on Aer with the noise of a fake device, and
stores the encoded answer; a job object of the runtime fetches and decodes that.

The service has no process of its own. It works when it is asked: a job runs when someone first
asks for its state, unless the queue is paused.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import RuntimeJobV2
from qiskit_ibm_runtime.decoders.executor.decoder import AVAILABLE_DECODERS
from qiskit_ibm_runtime.exceptions import RuntimeJobNotFound
from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
from qiskit_ibm_runtime.quantum_program import QuantumProgram
from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import (
    CircuitItem,
    CompressedTensorModel,
    SamplexItem,
    passthrough_data_to_2_0,
)
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS
from qiskit_ibm_runtime.utils.backend_decoder import configuration_from_server_data

from rzqiskit.execution.atomic import write_atomically
from rzqiskit.execution.locks import hold_lock
from rzqiskit.execution.noise import (
    active_qubits,
    check_noisy_qubits,
    cut_circuit,
    device_noise_model,
)

__all__ = ["RehearsalService", "run_payload"]

_JOBS = "jobs"
_PAUSED = "paused"
_LOCK = ".numbers.lock"
_INSTANCE = "rehearsal"
_FINAL = ("COMPLETED", "FAILED", "CANCELLED")
_SEED_BOUND = 2**31


class _UncopiedSimulator(AerSimulator):  # type: ignore[misc]
    """A simulator for one program: the local executor copies any other, with all of its noise.

    The copies would take a quarter of a rehearsal.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> _UncopiedSimulator:
        return self


def run_payload(
    params: dict[str, Any], fake: Any, *, seed: np.random.SeedSequence | None = None
) -> str:
    """Return the encoded answer to an encoded payload, as a device would send it.

    Args:
        params: the payload of the runtime's executor, as JSON holds it.
        fake: the fake backend whose gates, couplings and noise apply.
        seed: fixes the shots; every item of the program has a seed of its own.

    Returns:
        The answer as JSON text.

    Raises:
        ValueError: a circuit uses an instruction or an angle that the device does not have, or
            too many qubits for a simulation.
    """
    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[params["schema_version"]]
    program, _ = converter.decoder(converter.model.model_validate(params))
    seeds = (seed or np.random.SeedSequence()).generate_state(len(program.items))
    data = []
    models: dict[tuple[int, ...], Any] = {}
    for item, item_seed in zip(program.items, seeds.tolist(), strict=True):
        _check_instructions(item.circuit, fake)
        qubits = active_qubits(item.circuit)
        check_noisy_qubits(len(qubits))
        # One program an item: the local executor repeats its seed for every item of a program.
        single = QuantumProgram(
            program.shots, [_with_circuit(item, cut_circuit(item.circuit, qubits))]
        )
        if qubits not in models:
            models[qubits] = device_noise_model(fake, qubits)
        simulator = _UncopiedSimulator(noise_model=models[qubits])
        # Its default rounds angles to 1e-5 quarter turns, for simulators of Clifford circuits.
        options = SimulatorOptions(seed_simulator=item_seed % _SEED_BOUND, angle_decimals=12)
        (result,) = run_quantum_program(simulator, single, options)
        tensors = {
            name: CompressedTensorModel.from_numpy(np.asarray(values))
            for name, values in result.items()
        }
        data.append({"results": tensors, "metadata": {}})
    _, model = AVAILABLE_DECODERS[params["schema_version"]]
    answer = model(
        data=data,
        metadata={"chunk_timing": []},
        passthrough_data=passthrough_data_to_2_0(program.passthrough_data),
        semantic_role=program._semantic_role,
    )
    return str(answer.model_dump_json())


class RehearsalService:
    """Jobs of one fake device in a folder, under the interface of `QiskitRuntimeService`.

    Args:
        folder: where the jobs are kept; made when the first arrives.
        fake: the fake backend.
        seed: fixes the shots of the jobs, counted in the order in which they arrive; kept with
            the first job.
    """

    is_local = False

    def __init__(self, folder: Path, fake: Any, *, seed: int | None = None) -> None:
        self._folder = folder
        self._fake = fake
        self._seed = seed
        self._client = _FileClient(self)
        self._backends: dict[bool | None, IBMBackend] = {}

    @property
    def fake(self) -> Any:
        """The fake backend."""
        return self._fake

    def backend(
        self, name: str | None = None, *, use_fractional_gates: bool | None = False
    ) -> IBMBackend:
        """Return the device as the cloud would: a backend of this service."""
        if name not in (None, self._fake.name):
            raise QiskitBackendNotFoundError("No backend matches the criteria.")
        # Kept, for every job object asks for its own, and each would decode the calibration anew.
        if use_fractional_gates not in self._backends:
            self._backends[use_fractional_gates] = self._make_backend(use_fractional_gates)
        return self._backends[use_fractional_gates]

    def _make_backend(self, use_fractional_gates: bool | None) -> IBMBackend:
        fake = self._fake
        raw = fake._load_json(fake.conf_filename)
        configuration = configuration_from_server_data(
            {**raw, "backend_name": fake.name}, _INSTANCE, use_fractional_gates=use_fractional_gates
        )
        backend = IBMBackend(
            configuration, service=self, api_client=self._client, instance=_INSTANCE
        )
        backend.options.use_fractional_gates = use_fractional_gates
        return backend

    def backends(self) -> list[IBMBackend]:
        """Return the one device of this service."""
        return [self.backend()]

    def job(self, job_id: str) -> RuntimeJobV2:
        """Return a job by its id."""
        record = self._read(job_id, "job")
        return RuntimeJobV2(
            backend=self.backend(),
            api_client=self._client,
            job_id=job_id,
            program_id=record["program_id"],
            service=self,
            creation_date=record["created"],
            tags=record["tags"],
        )

    def jobs(
        self, limit: int | None = 10, job_tags: list[str] | None = None, **_: Any
    ) -> list[RuntimeJobV2]:
        """Return the jobs that carry all of `job_tags`, newest first."""
        wanted = set(job_tags or [])
        found = [
            (record["number"], job_id)
            for job_id, record in self._records()
            if wanted <= set(record["tags"])
        ]
        newest = [job_id for _, job_id in sorted(found, reverse=True)]
        return [self.job(job_id) for job_id in newest[:limit]]

    def pause(self) -> None:
        """Stop running jobs: they stay queued."""
        self._jobs.mkdir(parents=True, exist_ok=True)
        write_atomically(self._folder / _PAUSED, b"")

    def resume(self) -> None:
        """Run jobs again."""
        (self._folder / _PAUSED).unlink(missing_ok=True)

    def state(self, job_id: str) -> dict[str, Any]:
        """Return the state of a job as the cloud's interface reports it; run it if its turn is."""
        path = self._jobs / f"{job_id}.state.json"
        if path.exists():
            return dict(json.loads(path.read_text(encoding="utf-8")))
        if (self._folder / _PAUSED).exists():
            return {"status": "QUEUED"}
        record = self._read(job_id, "job")
        seed = np.random.SeedSequence(record["entropy"], spawn_key=(record["number"],))
        try:
            answer = run_payload(record["params"], self._fake, seed=seed)
        except Exception as error:  # whatever is wrong with a payload fails its job, not the caller
            return self._finish(job_id, {"status": "FAILED", "reason": str(error)})
        write_atomically(self._jobs / f"{job_id}.result.json", answer.encode())
        return self._finish(job_id, {"status": "COMPLETED"})

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not finished."""
        if not (self._jobs / f"{job_id}.state.json").exists():
            self._finish(job_id, {"status": "CANCELLED"})

    def answer(self, job_id: str) -> str:
        """Return the encoded answer of a finished job, or why it failed."""
        state = self.state(job_id)
        if state["status"] != "COMPLETED":
            return str(state.get("reason", ""))
        return (self._jobs / f"{job_id}.result.json").read_text(encoding="utf-8")

    def _run(
        self,
        program_id: str,
        inputs: dict[str, Any],
        options: dict[str, Any],
        calibration_id: str | None = None,
        dry_run: bool = False,
    ) -> RuntimeJobV2:
        """Accept a job: what the runtime's executor calls with the encoded payload."""
        del calibration_id, dry_run
        self._jobs.mkdir(parents=True, exist_ok=True)
        job_id = f"rehearsal-{uuid.uuid4().hex[:16]}"
        # Two jobs of one number would have the same shots.
        with hold_lock(self._jobs / _LOCK):
            records = [record for _, record in self._records()]
            # The first job's entropy serves all, so that one seed fixes the whole rehearsal.
            first = min(records, key=lambda record: record["number"], default=None)
            entropy = first["entropy"] if first else np.random.SeedSequence(self._seed).entropy
            record = {
                "program_id": program_id,
                "backend": self._fake.name,
                "created": _now(),
                "tags": list(options.get("job_tags") or []),
                "number": len(records),
                "entropy": entropy,
                "params": inputs,
            }
            write_atomically(self._jobs / f"{job_id}.job.json", json.dumps(record).encode())
        return self.job(job_id)

    @property
    def _jobs(self) -> Path:
        return self._folder / _JOBS

    def _finish(self, job_id: str, state: dict[str, Any]) -> dict[str, Any]:
        write_atomically(self._jobs / f"{job_id}.state.json", json.dumps(state).encode())
        return state

    def _records(self) -> list[tuple[str, dict[str, Any]]]:
        suffix = ".job.json"
        names = sorted(path.name for path in self._jobs.glob(f"*{suffix}"))
        identities = [name.removesuffix(suffix) for name in names if not name.startswith(".")]
        return [(job_id, self._read(job_id, "job")) for job_id in identities]

    def _read(self, job_id: str, kind: str) -> dict[str, Any]:
        path = self._jobs / f"{job_id}.{kind}.json"
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise RuntimeJobNotFound(f"Job not found: {job_id}") from None


class _FileClient:
    """What the runtime's backend and job classes ask of the network."""

    def __init__(self, service: RehearsalService) -> None:
        self._service = service

    def backend_properties(self, *_: Any, **__: Any) -> dict[str, Any]:
        fake = self._service.fake
        return dict(fake._load_json(fake.props_filename))

    def backend_status(self, *_: Any) -> dict[str, Any]:
        return dict(self._service.fake.status().to_dict())

    def job_get(self, job_id: str, **_: Any) -> dict[str, Any]:
        record = self._service._read(job_id, "job")
        state = self._service.state(job_id)
        return {"id": job_id, "state": state, "created": record["created"], "status": state}

    def job_results(self, job_id: str) -> str:
        return self._service.answer(job_id)

    def job_cancel(self, job_id: str) -> None:
        self._service.cancel(job_id)

    def job_metadata(self, job_id: str) -> dict[str, Any]:
        record = self._service._read(job_id, "job")
        done = self._service.state(job_id)["status"] in _FINAL
        return {
            "timestamps": {"created": record["created"]},
            "usage": {
                "qpu_charge_time_seconds": 0,
                "status": "complete" if done else "pending",
            },
        }


def _with_circuit(item: Any, circuit: Any) -> Any:
    if isinstance(item, CircuitItem):
        return CircuitItem(circuit, circuit_arguments=item.circuit_arguments)
    item.samplex.finalize()
    return SamplexItem(
        circuit, samplex=item.samplex, samplex_arguments=item.samplex_arguments, shape=item.shape
    )


def _check_instructions(circuit: Any, fake: Any) -> None:
    index = {qubit: position for position, qubit in enumerate(circuit.qubits)}
    for item in circuit.data:
        name = item.operation.name
        places = tuple(index[qubit] for qubit in item.qubits)
        if name != "barrier" and not fake.target.instruction_supported(name, places):
            raise ValueError(
                f"The instruction {name} on qubits {places} is not supported by {fake.name}."
            )
        if name == "rzz" and not item.operation.is_parameterized():
            angle = float(item.operation.params[0])
            if not -1e-9 <= angle <= 0.5 * np.pi + 1e-9:
                raise ValueError(
                    f"The angle {angle:g} of rzz on qubits {places} is not in 0..pi/2."
                )


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
