"""Counts add: sweeps of the same circuits with different seeds are one with more shots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rzqiskit.schema import make_dataset
from rzqiskit.sweeps.solve import battery_of_point
from rzqiskit.sweeps.specification import COUNTS, SpecificationError, SweepSpecification

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["add_seeds", "join_seeds"]


def join_seeds(*sweeps: xr.Dataset) -> xr.Dataset:
    """Return sweeps that differ in their seeds alone as one, along the dim `seed`.

    Args:
        *sweeps: what `sweep` or `open_sweep` returned for the solver "circuit", each with the dim
            `seed`.

    Returns:
        One Dataset with all the seeds.

    Raises:
        SpecificationError: they differ in more, or share a seed, whose shots would count twice.
        ValueError: a sweep without the dim `seed`, or none at all.
    """
    import xarray as xr

    if not sweeps:
        raise ValueError("`sweeps` must hold at least one sweep.")
    specifications = [_specification(data) for data in sweeps]
    first = specifications[0]
    for other in specifications[1:]:
        differences = [text for text in first.differences(other) if not text.startswith("seed:")]
        if differences:
            raise SpecificationError(f"`sweeps` must be of the same thing: {differences[0]}.")
    seeds = np.concatenate([specification.axes["seed"] for specification in specifications])
    if len(set(seeds.tolist())) < seeds.size:
        raise SpecificationError("`sweeps` must not share a seed: its shots would count twice.")
    joined = xr.concat(
        sweeps, "seed", data_vars="minimal", coords="minimal", compat="override", join="exact"
    )
    payload = first.to_dict()
    payload["parameters"]["seed"] = seeds.tolist()
    whole = SweepSpecification.from_dict(payload)
    joined.attrs["specification"] = json.dumps(payload)
    joined.attrs["specification_sha256"] = whole.identity()
    return joined


def add_seeds(data: xr.Dataset) -> xr.Dataset:
    """Return a sweep with the counts of all its seeds added, and everything estimated from them.

    Args:
        data: a sweep of circuits with the dim `seed` and both records, "counts" and "counts_y";
            or a part of one, with all times.

    Returns:
        A Dataset without the dim `seed`: the added records and every summary with its standard
        error, as one run with all the shots would give them. A point of which any seed failed
        counts the others; one without any counts is NaN.

    Raises:
        SpecificationError: a seed twice.
        ValueError: no dim `seed`, no records, or not all coordinates or times of the sweep.
    """
    from rzqiskit.estimation import estimate_metrics
    from rzqiskit.estimation.maxima import estimate_summaries

    specification = _specification(data)
    missing = [name for name in COUNTS if name not in data]
    if missing:
        raise ValueError(f"`data` must have the records {COUNTS}, not without {missing[0]}.")
    added = {name: data[name].sum("seed") for name in COUNTS}
    dims = tuple(dim for dim in specification.dims if dim != "seed")
    shape = tuple(data.sizes[dim] for dim in dims)
    records = {name: added[name].transpose(*dims, "time", "excitations").values for name in COUNTS}
    reduced = SweepSpecification.from_dict(_without_seed(specification))
    summaries: dict[str, Any] = {}
    for index in np.ndindex(shape):
        counts, counts_y = (records[name][index] for name in COUNTS)
        if not counts.any():
            continue
        number = int(np.ravel_multi_index(index, shape)) if shape else 0
        battery = battery_of_point(reduced.drive, reduced.point(number))
        times = np.linspace(0.0, battery.drive.duration, counts.shape[0])
        width = battery.num_qubits + 1
        estimates = estimate_metrics(
            counts[:, :width], level_splitting=battery.level_splitting, times=times,
            counts_y=counts_y[:, :width], drive_values=np.asarray(battery.drive.value(times)),
        )  # fmt: skip
        for name, (value, error) in estimate_summaries(times, estimates).items():
            for key, number_found in ((name, value), (f"{name}_stderr", error)):
                summaries.setdefault(key, np.full(shape, np.nan))[index] = number_found
    variables = {name: (dims, values) for name, values in summaries.items()}
    variables |= {
        name: ((*dims, "time", "excitations"), values) for name, values in records.items()
    }
    coords = {name: (tuple(map(str, c.dims)), c.values) for name, c in data.coords.items()
              if "seed" not in c.dims}  # fmt: skip
    attrs = data.attrs | {
        "specification": json.dumps(specification.to_dict()),
        "specification_sha256": specification.identity(),
    }
    return make_dataset(variables, {str(name): c for name, c in coords.items()}, attrs)


def _specification(data: xr.Dataset) -> SweepSpecification:
    """Return the sweep of what `data` holds, which may be a part of what was swept."""
    specification = SweepSpecification.from_dict(json.loads(data.attrs["specification"]))
    payload = specification.to_dict()
    for name in specification.axes:
        if name not in data.coords:
            raise ValueError(f"`data` must have the coordinate `{name}` of its sweep, got none.")
        payload["parameters"][name] = data[name].values.tolist()
    specification = SweepSpecification.from_dict(payload)
    if "seed" not in specification.dims:
        raise ValueError(f"`data` must have the dim `seed`, got {specification.dims}.")
    seeds = specification.axes["seed"].tolist()
    if len(set(seeds)) < len(seeds):
        raise SpecificationError("`data` must not hold a seed twice: its shots would count twice.")
    for name in COUNTS:
        _, shape, _, _ = specification.layout(name)
        found = data[name].sizes if name in data else {}
        if found and (found["time"] != shape[-2] or found["excitations"] < shape[-1]):
            raise ValueError(
                f"`data` must have all {shape[-2]} times and {shape[-1]} weights of its sweep, got "
                f"{found['time']} and {found['excitations']}."
            )
    return specification


def _without_seed(specification: SweepSpecification) -> dict[str, Any]:
    payload = specification.to_dict()
    payload["parameters"]["seed"] = 0
    return payload
