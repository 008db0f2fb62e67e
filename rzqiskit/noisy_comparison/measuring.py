"""Charging circuits in three bases, with amplified noise and calibration, on a simulated device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.circuits.product_formula import Basis, Formula
from rzqiskit.schema import make_dataset
from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.execution.noise import NoisySampler
    from rzqiskit.model import RosenZenerBattery

__all__ = [
    "CALIBRATION_FACTOR",
    "NETWORK",
    "NOISE_FACTORS",
    "MeasuredCharging",
    "measure_charging",
]

NETWORK = "auto"
NOISE_FACTORS = (1, 3, 5)
CALIBRATION_FACTOR = 4
"""Shots of a calibration circuit, in those of the others."""
_BASES: tuple[Basis, ...] = ("z", "y", "x")
# What extrapolation gives: populations and entropy are no means of fixed operators.
_EXTRAPOLATED = ("stored_energy", "average_power", "energy_fluctuation", "instantaneous_power")
Estimates = dict[str, tuple[FloatArray, FloatArray]]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MeasuredCharging:
    """What was measured, and the metrics of each way of mitigation.

    Attributes:
        estimates: node -> metric -> (values, standard errors).
        counts: of each basis, shape (num_factors, num_times, N + 1); the circuits as they stand
            first, then folded ones, or zeros where nothing could be folded.
        guide: Z counts for J^2, same shape.
        zeros: readings as 1 of each classical bit with all qubits in |0>, shape (N,).
        ones: with all qubits in |1>.
        qubits: the physical qubit that each bit reads.
        line: physical qubits of the circuits in the order of the line.
    """

    estimates: dict[str, Estimates]
    counts: dict[Basis, IntArray]
    guide: IntArray
    zeros: IntArray
    ones: IntArray
    qubits: list[int]
    line: list[int]

    def datasets(
        self, time: FloatArray, shots: int, attrs: dict[str, Any]
    ) -> dict[str, xr.Dataset]:
        """Return the node of each way of mitigation."""
        records: dict[str, tuple[tuple[str, ...], Any]] = {}
        for basis, counts in self.counts.items():
            suffix = "" if basis == "z" else f"_{basis}"
            records[f"counts{suffix}"] = (("time", "excitations"), counts[0])
            records[f"folded_counts{suffix}"] = (("noise_factor", "time", "excitations"), counts)
        records["shots"] = (("time",), np.full(time.size, shots, dtype=np.int64))
        coords = {name: ((name,), values) for name, values in self._coords(time).items()}
        nodes = {}
        for name, estimates in self.estimates.items():
            variables = dict(records)
            for metric, (values, stderr) in estimates.items():
                dims = ("time", "excitations") if metric == "population" else ("time",)
                variables[metric] = (dims, values)
                variables[f"{metric}_stderr"] = (dims, stderr)
            nodes[name] = make_dataset(variables, coords, {**attrs, "mitigation": name})
        return nodes

    def calibration(self, time: FloatArray, attrs: dict[str, Any]) -> xr.Dataset:
        """Return what was measured for the mitigation alone."""
        import xarray as xr

        cells = {
            "readout_zeros": (self.zeros, "readings as 1 with all qubits in |0>"),
            "readout_ones": (self.ones, "readings as 1 with all qubits in |1>"),
            "qubit": (np.array(self.qubits, dtype=np.int64), "physical qubit that is read"),
        }
        variables: dict[str, Any] = {
            name: (("cell",), values, {"long_name": text}) for name, (values, text) in cells.items()
        }
        variables["guide_counts"] = (
            ("noise_factor", "time", "excitations"),
            self.guide,
            {"long_name": "counts in the Z basis for the total spin squared"},
        )
        coords = {**self._coords(time), "cell": np.arange(self.zeros.size)}
        return xr.Dataset(variables, coords, attrs)

    def _coords(self, time: FloatArray) -> dict[str, Any]:
        return {
            "time": time,
            "excitations": np.arange(self.guide.shape[-1]),
            "noise_factor": np.array(NOISE_FACTORS, dtype=np.float64),
        }


def measure_charging(
    battery: RosenZenerBattery,
    time: FloatArray,
    sampler: NoisySampler,
    shots: int,
    formula: Formula,
) -> MeasuredCharging:
    """Run the circuits of all bases and their calibration; estimate by each way of mitigation.

    Args:
        battery: what is charged.
        time: shape (num_times,), inverse energy.
        sampler: runs the circuits; they are compiled for its device.
        shots: of each circuit.
        formula: of the circuits.
    """
    from rzqiskit.circuits.charging import build_charging_circuits, build_guide_circuits
    from rzqiskit.estimation import estimate_metrics
    from rzqiskit.execution.calibration import run_readout_calibration
    from rzqiskit.execution.folding import fold_entanglers
    from rzqiskit.execution.noise import measured_qubits
    from rzqiskit.execution.sampling import run_circuits
    from rzqiskit.execution.shared_line import compile_on_shared_line
    from rzqiskit.mitigation import (
        estimate_readout_errors,
        extrapolate_guided_metrics,
        mitigate_metrics,
    )

    circuits = [
        circuit
        for basis in _BASES
        for circuit in build_charging_circuits(battery, time, basis=basis, **formula)
    ]
    guides = build_guide_circuits(battery, time, **formula)
    compiled = compile_on_shared_line(
        [*circuits, *guides.values()], sampler.backend, network=NETWORK
    )
    # Without an entangling gate there is nothing to fold, nor to extrapolate.
    flat = np.array([made.num_nonlocal_gates() == 0 for made in compiled[: len(circuits)]])
    flat_z, flat_y = flat[: time.size], flat[time.size : 2 * time.size]
    factors = (1,) if flat.all() else NOISE_FACTORS
    folded = [fold_entanglers(made, factor) for factor in factors for made in compiled]
    record = run_circuits(folded, sampler, shots=shots)
    record = record.reshape(len(factors), len(compiled), -1)
    measured = record[:, : len(circuits)].reshape(len(factors), len(_BASES), time.size, -1)
    counts = {basis: measured[:, index] for index, basis in enumerate(_BASES)}
    guide = counts["z"].copy()
    guide[:, list(guides)] = record[:, len(circuits) :]
    # All circuits read the same qubits.
    calibration_shots = CALIBRATION_FACTOR * shots
    zeros, ones = run_readout_calibration(compiled[0], sampler, shots=calibration_shots)
    arguments: dict[str, Any] = {
        "level_splitting": battery.level_splitting, "times": time,
        "drive_values": np.asarray(battery.drive.value(time)),
    }  # fmt: skip
    first = {**arguments, "counts_y": counts["y"][0]}
    raw = estimate_metrics(counts["z"][0], **first)
    if (zeros < ones).all():
        readout = estimate_readout_errors(
            zeros, ones, shots_of_zeros=calibration_shots, shots_of_ones=calibration_shots
        )
        mitigated = mitigate_metrics(counts["z"][0], readout, **first)
        if flat.all():  # as for a single cell, which has no J^2 to tell noise by either
            guided = {name: mitigated[name] for name in _EXTRAPOLATED}
        else:
            guided = extrapolate_guided_metrics(
                guide, counts_x=counts["x"], counts_y=counts["y"], readout=readout, **arguments
            )
            for name, pair in guided.items():
                as_it_is = flat_y if name == "instantaneous_power" else flat_z
                values, errors = (
                    np.where(as_it_is, old, new)
                    for new, old in zip(pair, mitigated[name], strict=True)
                )
                guided[name] = (values, errors)
    else:  # a cell whose readout tells nothing: no inversion, but what was read is there
        unknown = {name: np.full_like(values, np.nan) for name, (values, _) in raw.items()}
        mitigated = {name: (values, values) for name, values in unknown.items()}
        guided = {name: mitigated[name] for name in _EXTRAPOLATED}
    estimates = {
        "raw": raw,
        "readout": mitigated,
        "guided": guided,
    }
    unfolded = [(0, len(NOISE_FACTORS) - len(factors)), (0, 0), (0, 0)]
    return MeasuredCharging(
        estimates=estimates,
        counts={basis: np.pad(found, unfolded) for basis, found in counts.items()},
        guide=np.pad(guide, unfolded),
        zeros=zeros,
        ones=ones,
        qubits=measured_qubits(compiled[0]),
        line=compiled[0].layout.initial_index_layout(filter_ancillas=True),
    )
