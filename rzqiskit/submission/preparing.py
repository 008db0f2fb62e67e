"""The circuits of a charging run, compiled, folded and calibrated, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt

from rzqiskit.circuits.product_formula import Formula
from rzqiskit.model import RosenZenerBattery, check_battery
from rzqiskit.submission.arguments import (
    MAX_SHOTS,
    check_noise_factors,
    plain_formula,
)
from rzqiskit.submission.circuit_table import CALIBRATIONS, CircuitRole, roles_as_json
from rzqiskit.validation import check_flag, check_integer, check_positive_integer, check_times

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

__all__ = ["KIND", "Preparation", "prepare_charging"]

KIND = "charging"


@dataclass(frozen=True)
class Preparation:
    """What is to be sent.

    Attributes:
        device: where.
        circuits: compiled.
        roles: what each circuit is for.
        shots: shots of each circuit.
        options: sampler options, as JSON can hold them.
        purpose: what collecting needs to know, as JSON can hold it.
        max_circuits: most circuits of one job, below the device's own limit.
        seed: fixes the shots of a rehearsal.
    """

    device: Any
    circuits: list[QuantumCircuit]
    roles: list[CircuitRole]
    shots: int
    options: dict[str, Any]
    purpose: dict[str, Any]
    max_circuits: int | None
    seed: int | None


def prepare_charging(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    backend: Any,
    path: Path,
    *,
    formula: Formula,
    shots: int,
    network: str,
    readout_calibration: bool,
    noise_factors: Sequence[float],
    total_spin: bool,
    options: Any,
    fractional_gates: bool,
    max_circuits_per_job: int | None,
    seed: int | None,
) -> Preparation:
    """Return what `submit_charging` sends; see there for the arguments and errors."""
    from rzqiskit.execution.noise import check_noisy_qubits
    from rzqiskit.execution.run_folder import SERVICE
    from rzqiskit.execution.runtime.devices import (
        check_runtime_options,
        device_of,
        is_rehearsal,
        load_calibration,
        open_device,
    )

    check_battery(battery)
    time = check_times(times)
    shots = check_integer("shots", shots, minimum=1, maximum=MAX_SHOTS)
    factors = check_noise_factors(noise_factors)
    formula = plain_formula(formula)
    readout_calibration = check_flag("readout_calibration", readout_calibration)
    total_spin = check_flag("total_spin", total_spin)
    fractional_gates = check_flag("fractional_gates", fractional_gates)
    if max_circuits_per_job is not None:
        max_circuits_per_job = check_positive_integer("max_circuits_per_job", max_circuits_per_job)
    plain_options = check_runtime_options(options)
    service = path / SERVICE
    if isinstance(backend, str):
        device = open_device(backend, service, fractional_gates=fractional_gates, seed=seed)
    else:
        device = device_of(backend, service, fractional_gates=fractional_gates, seed=seed)
    load_calibration(device)
    if battery.num_qubits > device.backend.num_qubits:
        raise ValueError(
            f"`battery` must have at most {device.backend.num_qubits} cells on {device.name}, got "
            f"{battery.num_qubits}."
        )
    if is_rehearsal(device.name):
        check_noisy_qubits(battery.num_qubits)
    circuits, roles = _charging_circuits(
        battery, time, device.backend, formula, network, factors, total_spin
    )
    if readout_calibration:
        pairs = _calibration_circuits(circuits)
        circuits = circuits + pairs
        roles = roles + [CircuitRole(kind) for kind in CALIBRATIONS] * (len(pairs) // 2)
    purpose = {
        "kind": KIND,
        "battery": battery.to_dict(),
        "times": time.tolist(),
        "formula": dict(formula),
        "network": network,
        "readout_calibration": readout_calibration,
        "noise_factors": factors,
        "total_spin": total_spin,
        "circuits": roles_as_json(roles),
    }
    return Preparation(
        device, circuits, roles, shots, plain_options, purpose, max_circuits_per_job,
        None if seed is None else int(seed),  # checked with the device
    )  # fmt: skip


def _charging_circuits(
    battery: RosenZenerBattery,
    time: Any,
    backend: Any,
    formula: Formula,
    network: str,
    factors: Sequence[float],
    total_spin: bool,
) -> tuple[list[QuantumCircuit], list[CircuitRole]]:
    """Return the compiled circuits of all bases, times and noise factors, and their roles."""
    from rzqiskit.circuits.charging import build_charging_circuits, build_guide_circuits
    from rzqiskit.circuits.compilation.compiler import compile_circuits
    from rzqiskit.execution.folding import fold_entanglers
    from rzqiskit.execution.shared_line import compile_on_shared_line

    bases: tuple[Literal["z", "y", "x"], ...] = ("z", "y", "x") if total_spin else ("z", "y")
    plain = [
        (CircuitRole(basis, index), circuit)
        for basis in bases
        for index, circuit in enumerate(
            build_charging_circuits(battery, time, basis=basis, **formula)
        )
    ]
    if total_spin:
        guides = build_guide_circuits(battery, time, **formula)
        plain += [(CircuitRole("guide", index), guide) for index, guide in guides.items()]
    # J^2 is put together from three bases, which must have been read by the same qubits.
    compiler = compile_on_shared_line if total_spin else compile_circuits
    compiled = compiler([circuit for _, circuit in plain], backend, network=network)
    circuits, roles = [], []
    for (role, _), circuit in zip(plain, compiled, strict=True):
        # Folded after compiling: same qubits, same network. The factors of one circuit are
        # neighbours, so that a drift of the device does not pass for an amplification.
        for factor, shown in _shown_factors(circuit, factors):
            circuits.append(circuit if shown == 1.0 else fold_entanglers(circuit, shown))
            roles.append(CircuitRole(role.kind, role.time_index, factor, shown))
    return circuits, roles


def _shown_factors(circuit: QuantumCircuit, factors: Sequence[float]) -> list[tuple[float, float]]:
    """Return noise factors and what comes nearest to them on a circuit."""
    from rzqiskit.execution.folding import nearest_noise_factor

    if len(factors) == 1 or nearest_noise_factor(circuit, 3.0) == 1.0:
        return [(1.0, 1.0)]  # without an entangling gate there is nothing to amplify
    shown = [nearest_noise_factor(circuit, factor) for factor in factors]
    if len(set(shown)) < len(shown):
        wanted, got = (", ".join(f"{factor:g}" for factor in row) for row in (factors, shown))
        raise ValueError(
            f"`noise_factors` must differ on every circuit, got ({wanted}), which become ({got}) "
            f"on {circuit.name!r} with its few entangling gates."
        )
    return list(zip(factors, shown, strict=True))


def _calibration_circuits(circuits: Sequence[QuantumCircuit]) -> list[QuantumCircuit]:
    """Return two circuits for each set of qubits that is read."""
    from rzqiskit.execution.calibration import build_readout_calibration_circuits
    from rzqiskit.execution.noise import measured_qubits

    calibrated: dict[tuple[int, ...], QuantumCircuit] = {}
    for circuit in circuits:
        calibrated.setdefault(tuple(sorted(measured_qubits(circuit))), circuit)
    return [
        made
        for circuit in calibrated.values()
        for made in build_readout_calibration_circuits(circuit)
    ]
