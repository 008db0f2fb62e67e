r"""The same battery exact, by ideal circuits, and by circuits on a noisy device.

Measured three ways: as read, with readout errors undone, and extrapolated to zero noise besides,
along what the conserved J^2 shows of the noise.
Beside the measured deviations stands what the plan of `rzqiskit.planning` predicts for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.charging import run_charging
from rzqiskit.circuits.product_formula import Basis, Formula, Frame
from rzqiskit.planning import PLANNED_METRICS, error_budget, plan
from rzqiskit.schema import METRICS, make_dataset, provenance
from rzqiskit.validation import FloatArray, check_positive_integer, check_seed, check_times

if TYPE_CHECKING:
    import xarray as xr

    from rzqiskit.model import RosenZenerBattery

__all__ = ["BUDGET_TERMS", "compare_on_device"]

BUDGET_TERMS = ("trotter_error", "device_error", "bias", "shot_error")
_BASES: tuple[Basis, ...] = ("z", "y", "x")
_NOISE_FACTORS = (1, 3, 5)
# What extrapolation gives: populations and entropy are no means of fixed operators.
_EXTRAPOLATED = ("stored_energy", "average_power", "energy_fluctuation", "instantaneous_power")
_CALIBRATION_FACTOR = 4  # shots of a calibration circuit, in those of the others
Estimates = dict[str, tuple[FloatArray, FloatArray]]


def compare_on_device(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    backend: Any,
    *,
    circuit_stride: int = 1,
    shots: int = 4096,
    num_steps: int | None = None,
    order: int | None = None,
    frame: Frame | None = None,
    seed: np.random.Generator | int | None = None,
) -> xr.DataTree:
    """Return the charging of a battery exact, by ideal circuits and on the noise of a device.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy, finite, not negative, strictly increasing.
        backend: anything with a ``target`` and its calibration; Aer simulates its noise.
        circuit_stride: circuits run at every so many of the times, the exact solver at all.
        shots: shots of each circuit.
        num_steps: slices of the formula; those that `plan` chooses for E on this device when None.
        order: order of the formula, likewise.
        frame: interaction picture of the formula, likewise.
        seed: fixes the shots.

    Returns:
        A tree with the nodes ``exact``, ``trotter`` (the ideal circuits' exact probabilities),
        ``raw``, ``readout`` and ``guided`` (see `extrapolate_guided_metrics`; no populations
        and no entropy, which cannot be extrapolated; as in ``readout`` where a circuit has no
        entangling gate, NaN where no signal is left to guide), and ``budget``: for each `metric`
        the largest deviation of each node from the exact solver over the times (``measured``; NaN
        where nothing is known), the number of times that are lost to it because no signal was left
        (``num_lost``), and, for E, Sigma and S, the terms of the plan's budget (``planned``).

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range, a device too small.

    Examples:
        >>> import rzqiskit as rz
        >>> from rzqiskit.execution.runtime.devices import find_fake_device
        >>> battery = rz.RosenZenerBattery(
        ...     num_qubits=4, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=2.0
        ... )
        >>> report = compare_on_device(
        ...     battery, [0.1, 0.2, 0.3], find_fake_device("fake_torino"), num_steps=1, seed=7
        ... )
        >>> measured = report["budget"].measured.sel(metric="stored_energy")
        >>> bool(measured.sel(node="readout") < measured.sel(node="raw"))
        True
    """
    import xarray as xr

    from rzqiskit.exact import evolve_exact
    from rzqiskit.execution.noise import check_noisy_qubits

    exact = evolve_exact(battery, check_times(times))
    check_noisy_qubits(battery.num_qubits)
    time = exact["time"].values[:: check_positive_integer("circuit_stride", circuit_stride)]
    shots = check_positive_integer("shots", shots)
    random = check_seed(seed)
    if num_steps is None or order is None or frame is None:
        chosen = plan(battery, target_error=0.01, times=time, backend=backend, shots=shots)
        num_steps = chosen.num_steps if num_steps is None else num_steps
        order = chosen.order if order is None else order
        frame = chosen.frame if frame is None else frame
    formula = Formula(num_steps=num_steps, order=order, frame=frame, spacing="time", slices="each")
    trotter = run_charging(battery, time, shots=None, **formula)
    measured, line = _measure(battery, time, backend, shots, formula, random)
    attrs = provenance(
        battery, solver="circuit", sampler="rzqiskit.NoisySampler", shots=shots,
        backend=str(getattr(backend, "name", "")), noise_factors=list(_NOISE_FACTORS), **formula,
    )  # fmt: skip
    nodes = {"exact": exact, "trotter": trotter}
    coords = {
        "time": (("time",), time),
        "excitations": (("excitations",), np.arange(battery.num_qubits + 1)),
    }
    for name, estimates in measured.items():
        variables: dict[str, tuple[tuple[str, ...], Any]] = {}
        for metric, (values, stderr) in estimates.items():
            dims = ("time", "excitations") if metric == "population" else ("time",)
            variables[metric] = (dims, values)
            variables[f"{metric}_stderr"] = (dims, stderr)
        nodes[name] = make_dataset(variables, coords, {**attrs, "mitigation": name})
    nodes["budget"] = _budget(battery, time, backend, line, shots, formula, nodes, attrs)
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), **nodes})


def _measure(
    battery: RosenZenerBattery,
    time: FloatArray,
    backend: Any,
    shots: int,
    formula: Formula,
    random: np.random.Generator,
) -> tuple[dict[str, Estimates], list[int]]:
    """Return the metrics of each way of mitigation, and the physical qubits in order."""
    from rzqiskit.circuits.charging import build_charging_circuits, build_guide_circuits
    from rzqiskit.estimation import estimate_metrics
    from rzqiskit.execution.calibration import run_readout_calibration
    from rzqiskit.execution.folding import fold_entanglers
    from rzqiskit.execution.noise import NoisySampler
    from rzqiskit.execution.sampling import run_circuits
    from rzqiskit.execution.shared_line import compile_on_shared_line
    from rzqiskit.mitigation import (
        estimate_readout_errors,
        extrapolate_guided_metrics,
        mitigate_metrics,
    )

    sampler = NoisySampler(backend, seed=random)
    circuits = [
        circuit
        for basis in _BASES
        for circuit in build_charging_circuits(battery, time, basis=basis, **formula)
    ]
    guides = build_guide_circuits(battery, time, **formula)
    compiled = compile_on_shared_line([*circuits, *guides.values()], backend)
    # Without an entangling gate there is nothing to fold, nor to extrapolate.
    flat = np.array([made.num_nonlocal_gates() == 0 for made in compiled[: len(circuits)]])
    flat_z, flat_y = flat[: time.size], flat[time.size : 2 * time.size]
    factors = (1,) if flat.all() else _NOISE_FACTORS
    folded = [fold_entanglers(made, factor) for factor in factors for made in compiled]
    record = run_circuits(folded, sampler, shots=shots)
    record = record.reshape(len(factors), len(compiled), -1)
    measured = record[:, : len(circuits)].reshape(len(factors), len(_BASES), time.size, -1)
    counts = {basis: measured[:, index] for index, basis in enumerate(_BASES)}
    guide = counts["z"].copy()
    guide[:, list(guides)] = record[:, len(circuits) :]
    # All circuits read the same qubits.
    calibration_shots = _CALIBRATION_FACTOR * shots
    zeros, ones = run_readout_calibration(compiled[0], sampler, shots=calibration_shots)
    readout = estimate_readout_errors(
        zeros, ones, shots_of_zeros=calibration_shots, shots_of_ones=calibration_shots
    )
    arguments: dict[str, Any] = {
        "level_splitting": battery.level_splitting, "times": time,
        "drive_values": np.asarray(battery.drive.value(time)),
    }  # fmt: skip
    first = {**arguments, "counts_y": counts["y"][0]}
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
                np.where(as_it_is, old, new) for new, old in zip(pair, mitigated[name], strict=True)
            )
            guided[name] = (values, errors)
    estimates = {
        "raw": estimate_metrics(counts["z"][0], **first),
        "readout": mitigated,
        "guided": guided,
    }
    return estimates, compiled[0].layout.initial_index_layout(filter_ancillas=True)


def _budget(
    battery: RosenZenerBattery,
    time: FloatArray,
    backend: Any,
    line: list[int],
    shots: int,
    formula: Formula,
    nodes: dict[str, xr.Dataset],
    attrs: dict[str, Any],
) -> xr.Dataset:
    """Return largest deviations from the exact solver, measured and planned."""
    import xarray as xr

    names = [name for name in nodes if name != "exact"]
    measured = np.full((len(METRICS), len(names)), np.nan)
    num_lost = np.zeros(measured.shape, dtype=np.int64)
    for row, metric in enumerate(METRICS):
        for column, name in enumerate(names):
            if metric in nodes[name]:
                exact = nodes["exact"][metric].sel(time=time).values
                deviation = np.abs(nodes[name][metric].values - exact)
                known = deviation[np.isfinite(deviation)]
                measured[row, column] = known.max() if known.size else np.nan
                num_lost[row, column] = deviation.size - known.size
    planned = np.full((len(METRICS), len(BUDGET_TERMS)), np.nan)
    for metric in PLANNED_METRICS:
        # The simulation has the cells' waits free.
        budget = error_budget(
            battery, num_steps=formula["num_steps"], order=formula["order"],
            frame=formula["frame"], shots=shots, metric=metric, times=time, backend=backend,
            waits=False, line=line,
        )  # fmt: skip
        planned[METRICS.index(metric)] = [getattr(budget, term) for term in BUDGET_TERMS]
    return xr.Dataset(
        {
            "measured": (("metric", "node"), measured, {"long_name": "largest deviation"}),
            "num_lost": (("metric", "node"), num_lost, {"long_name": "times without a signal"}),
            "planned": (("metric", "term"), planned, {"long_name": "largest deviation planned"}),
        },
        {"metric": list(METRICS), "node": names, "term": list(BUDGET_TERMS)},
        attrs,
    )
