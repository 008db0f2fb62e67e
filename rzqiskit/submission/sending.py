"""Submitting a charging run, and what it would cost."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from rzqiskit.circuits.product_formula import Formula, Frame, Slices, Spacing
from rzqiskit.model import RosenZenerBattery
from rzqiskit.submission.arguments import check_folder
from rzqiskit.submission.circuit_table import describe_roles
from rzqiskit.submission.preparing import prepare_charging

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

__all__ = ["SubmissionEstimate", "estimate_submission", "submit_charging"]


@dataclass(frozen=True, slots=True)
class SubmissionEstimate:
    """What a submission would send, and what it would cost.

    Attributes:
        device: name of the device.
        num_circuits: circuits, folded ones and readout calibration included.
        contents: what they are: bases, calibration, noise factors.
        num_jobs: jobs that they are split into, by the limits of the device and of the service.
        shots: shots of each circuit.
        num_qubits: cells of the battery.
        largest_depth: two-qubit depth of the deepest circuit.
        largest_num_two_qubit_gates: two-qubit gates of the largest circuit.
        circuit_seconds: duration of the longest circuit, measurement included.
        device_seconds: time on the device of all shots: gates, measurements and the delay between
            shots. Loading a job comes on top.
    """

    device: str
    num_circuits: int
    contents: str
    num_jobs: int
    shots: int
    num_qubits: int
    largest_depth: int
    largest_num_two_qubit_gates: int
    circuit_seconds: float
    device_seconds: float


def estimate_submission(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    backend: Any,
    *,
    shots: int = 4096,
    num_steps: int = 8,
    order: int = 2,
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
    network: str = "auto",
    readout_calibration: bool = True,
    noise_factors: Sequence[float] = (1,),
    total_spin: bool = False,
    options: Any = None,
    fractional_gates: bool = False,
    max_circuits_per_job: int | None = None,
) -> SubmissionEstimate:
    """Return what `submit_charging` with the same arguments would send; nothing is written or sent.

    Args:
        battery: see `submit_charging`, as for all arguments.
        times: shape (num_times,), inverse energy.
        backend: the device.
        shots: shots of each circuit.
        num_steps: slices.
        order: order of the formula.
        frame: frame of the formula.
        spacing: spacing of the slices.
        slices: whose slices.
        network: how collective layers are compiled.
        readout_calibration: whether circuits for readout calibration are added.
        noise_factors: how much the noise is amplified.
        total_spin: whether circuits in the X basis are added.
        options: the runtime's sampler options.
        fractional_gates: whether to use the device's fractional gates.
        max_circuits_per_job: most circuits of one job.

    Returns:
        The estimate.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range, an unknown device, too many cells for it.

    Examples:
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=4, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> estimate = estimate_submission(battery, [0.1, 0.3], "local:FakeTorino", num_steps=2)
        >>> estimate.num_circuits, estimate.num_jobs
        (6, 1)
        >>> estimate = estimate_submission(
        ...     battery, [0.1, 0.3], "local:FakeTorino", num_steps=2, noise_factors=(1, 3, 5),
        ...     total_spin=True,
        ... )
        >>> estimate.num_circuits, estimate.contents
        (20, '6 Z, 6 Y, 6 X, 2 calibration; noise 1, 3, 5')
    """
    from rzqiskit.execution.jobs import plan_jobs

    formula = Formula(num_steps=num_steps, order=order, frame=frame, spacing=spacing, slices=slices)
    made = prepare_charging(
        battery, times, backend, Path(), formula=formula, shots=shots, network=network,
        readout_calibration=readout_calibration, noise_factors=noise_factors,
        total_spin=total_spin, options=options, fractional_gates=fractional_gates,
        max_circuits_per_job=max_circuits_per_job, seed=None,
    )  # fmt: skip
    device = made.device
    batches = plan_jobs(
        made.circuits, device, shots=made.shots, options=made.options,
        max_circuits=made.max_circuits,
    )  # fmt: skip
    target = device.backend.target
    durations = [circuit.estimate_duration(target, unit="s") for circuit in made.circuits]
    asked = made.options.get("execution", {}).get("rep_delay")
    rest = device.repetition_delay if asked is None else float(asked)
    two_qubit = [_two_qubit_gates(circuit) for circuit in made.circuits]
    return SubmissionEstimate(
        device=device.name,
        num_circuits=len(made.circuits),
        contents=describe_roles(made.roles),
        num_jobs=len(batches),
        shots=made.shots,
        num_qubits=battery.num_qubits,
        largest_depth=max(depth for _, depth in two_qubit),
        largest_num_two_qubit_gates=max(number for number, _ in two_qubit),
        circuit_seconds=float(max(durations)),
        device_seconds=float(made.shots * sum(duration + rest for duration in durations)),
    )


def submit_charging(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    backend: Any,
    *,
    folder: Path | str | None = None,
    shots: int = 4096,
    num_steps: int = 8,
    order: int = 2,
    frame: Frame = "mean-field",
    spacing: Spacing = "time",
    slices: Slices = "each",
    network: str = "auto",
    readout_calibration: bool = True,
    noise_factors: Sequence[float] = (1,),
    total_spin: bool = False,
    options: Any = None,
    fractional_gates: bool = False,
    max_circuits_per_job: int | None = None,
    seed: int | None = None,
) -> Path:
    """Write the run folder of a charging run, send its circuits, and return the folder.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy, strictly increasing, from 0 upwards.
        backend: name of a device of the account that `QiskitRuntimeService` has saved, such as
            ``"ibm_torino"``; ``"local:FakeTorino"`` to rehearse on this machine, with the jobs in
            the run folder; or a backend object of either kind.
        folder: the run folder, which must not exist yet; a new one in the working folder when None.
        shots: shots of each circuit, at most 10^8; there are two circuits for each time (Z and Y
            basis) without `noise_factors` and `total_spin`.
        num_steps: number of slices of the pulse in each circuit.
        order: order of accuracy of the product formula: 1, 2, 4 or 6.
        frame: interaction picture of the formula, see `charging_schedule`.
        spacing: slices of equal "time" or equal pulse "area".
        slices: slices for "each" time, or "shared" by all.
        network: how collective layers are compiled, see `compile_circuits`.
        readout_calibration: whether to add two circuits for each set of qubits that is read, by
            which `collect_charging` can undo readout errors.
        noise_factors: 1 and larger numbers up to 1000, such as (1, 3, 5): every circuit is sent
            once for each of them, with its entangling gates folded, for zero-noise extrapolation.
            Factors that are no odd integers become the nearest that the gates of a circuit can
            show; a circuit without an entangling gate is sent once.
        total_spin: whether to add circuits in the X basis, so that J^2 is measured: a witness of
            errors, and the guide of the guided extrapolation. All circuits are then compiled onto
            one line of qubits.
        options: the runtime's sampler options (dynamical decoupling, twirling, repetition delay,
            ...), as its `SamplerOptions` or as what they are made of.
        fractional_gates: whether to use the device's fractional gates.
        max_circuits_per_job: most circuits of one job, below the device's own limit.
        seed: fixes the shots of a rehearsal; None on a device.

    Returns:
        The folder.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range; an unknown device, no saved account, too many cells
            for the device; noise factors that a circuit cannot show apart; a circuit too large
            for a job; a folder that exists.
        ExecutionError: the device did not take a job, or the disk not its id. The folder holds what
            was sent and what was not: collect it, with resubmission when you want the rest sent.

    Notes:
        Credentials are the runtime's business: it reads them where `save_account` put them.

    Examples:
        >>> import tempfile
        >>> from rzqiskit.drives import SineSquaredDrive
        >>> battery = RosenZenerBattery(
        ...     num_qubits=3, drive=SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> folder = submit_charging(
        ...     battery, [0.1, 0.3], "local:FakeTorino", num_steps=1, shots=500, seed=7,
        ...     folder=Path(tempfile.mkdtemp()) / "run",
        ... )
        >>> from rzqiskit.submission import collect_charging
        >>> collect_charging(folder).counts.sum("excitations").values
        array([500, 500])
    """
    from rzqiskit.execution.jobs import create_run, send_batches

    if folder is None:
        folder = f"charging-{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"
    path = check_folder(folder)
    if path.exists():
        raise ValueError(f"`folder` must not exist yet, got {path}.")
    formula = Formula(num_steps=num_steps, order=order, frame=frame, spacing=spacing, slices=slices)
    made = prepare_charging(
        battery, times, backend, path, formula=formula, shots=shots, network=network,
        readout_calibration=readout_calibration, noise_factors=noise_factors,
        total_spin=total_spin, options=options, fractional_gates=fractional_gates,
        max_circuits_per_job=max_circuits_per_job, seed=seed,
    )  # fmt: skip
    run = create_run(
        path,
        made.circuits,
        made.device,
        shots=made.shots,
        options=made.options,
        purpose=made.purpose,
        max_circuits=made.max_circuits,
        seed=made.seed,
    )
    send_batches(run, made.device, run.batches)
    return path


def _two_qubit_gates(circuit: QuantumCircuit) -> tuple[int, int]:
    """Return the number of two-qubit gates, and their depth."""

    def joint(item: Any) -> bool:
        return len(item.qubits) > 1 and item.operation.name != "barrier"

    return sum(map(joint, circuit.data)), int(circuit.depth(joint))
