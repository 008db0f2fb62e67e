"""One call that solves a battery in every way and tells how far the ways are apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.comparison.deviation import deviation_table
from rzqiskit.schema import provenance
from rzqiskit.validation import (
    check_integer,
    check_positive,
    check_positive_integer,
    check_seed,
    check_times,
)

if TYPE_CHECKING:
    import xarray as xr
    from qiskit.primitives import BaseSamplerV2

    from rzqiskit.model import RosenZenerBattery

__all__ = ["compare", "join_reports"]


def compare(
    battery: RosenZenerBattery,
    times: npt.ArrayLike,
    *,
    shots: int | None = 4096,
    num_steps: int = 16,
    order: int = 2,
    frame: str = "mean-field",
    spacing: str = "time",
    slices: str = "each",
    seed: np.random.Generator | int | None = None,
    methods: Sequence[str] | None = None,
    sampler: BaseSamplerV2 | None = None,
    tolerance: float = 1e-10,
    circuit_stride: int = 1,
    significance: float = 1e-3,
    on_stage: Callable[[str], None] | None = None,
) -> xr.DataTree:
    """Return the exact, analytic and measured charging of one battery, and their deviations.

    Args:
        battery: what is charged, and how.
        times: shape (num_times,), inverse energy, finite, not negative, strictly increasing.
        shots: shots per circuit; None for the circuits' exact probabilities.
        num_steps: slices of the product formula, at every time; 16 keep its error well below the
            shot noise in the paper's Fig. 2.
        order: its order of accuracy.
        frame: interaction picture of the formula, see `run_charging`, as for the next two.
        spacing: slices of equal "time" or equal pulse "area".
        slices: "each" time has slices of its own, or all have a "shared" grid.
        seed: fixes the shots, see `run_charging`; None with a sampler of your own.
        methods: closed forms to evaluate, see `evolve_analytic`; when None, "leading" and, for the
            paper's own pulse, "paper".
        sampler: where the circuits run; when None, Aer or the emulator, see `run_charging`.
        tolerance: of the exact solver.
        circuit_stride: run circuits at every `circuit_stride`-th time only, from the first; the
            exact and analytic nodes have all times.
        significance: probability of calling right counts inconsistent, at most.
        on_stage: called with the name of each node before it is computed, for a progress display.

    Returns:
        A tree with the nodes

        - ``exact``: the exact solver,
        - ``analytic/<method>``: one closed form each,
        - ``trotter``: the same circuits without shots, their exact probabilities (only when there
          are shots),
        - ``circuit``: what the circuits gave, with standard errors and counts,
        - ``deviation``: see `rzqiskit.comparison.deviation_table`.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range; a battery too wide to list its populations.

    Examples:
        >>> import rzqiskit as rz
        >>> drive = rz.SineSquaredDrive(amplitude=20.0, period=0.3)
        >>> battery = rz.RosenZenerBattery(num_qubits=3, drive=drive, interaction=2.0)
        >>> report = compare(battery, np.linspace(0.0, 0.3, 13), shots=1000, num_steps=4, seed=7)
        >>> sorted(report.children)
        ['analytic', 'circuit', 'deviation', 'exact', 'trotter']
        >>> bool(report["deviation"].consistent.sel(comparison="circuit"))
        True
    """
    import xarray as xr

    from rzqiskit.analytic import evolve_analytic
    from rzqiskit.charging import run_charging
    from rzqiskit.drives import SineSquaredDrive
    from rzqiskit.exact import MAX_POPULATION_QUBITS, evolve_exact
    from rzqiskit.model import check_battery

    check_battery(battery)
    if battery.num_qubits > MAX_POPULATION_QUBITS:
        raise ValueError(
            f"`num_qubits` must be at most {MAX_POPULATION_QUBITS} to compare populations, got "
            f"{battery.num_qubits}."
        )
    times = check_times(times)
    check_positive_integer("circuit_stride", circuit_stride)
    if methods is None:
        papers_own = isinstance(battery.drive, SineSquaredDrive)
        methods = ("leading", "paper") if papers_own else ("leading",)
    if isinstance(methods, str) or not isinstance(methods, Iterable):
        raise TypeError(f"`methods` must be a sequence of names, got {methods!r}.")
    methods = tuple(methods)
    if shots is not None:
        check_positive_integer("shots", shots)
    check_seed(seed)
    if check_positive("significance", significance) >= 1.0:
        raise ValueError(f"`significance` must be below 1, got {significance!r}.")
    circuit_times = times[::circuit_stride]
    formula: dict[str, Any] = {
        "num_steps": num_steps, "order": order, "frame": frame, "spacing": spacing,
        "slices": slices,
    }  # fmt: skip
    # What the solvers would refuse after others have taken their time, at t = 0 where none does.
    _check_sampler(sampler, shots, seed)
    run_charging(battery, [0.0], shots=None, **formula)
    for name in methods:
        evolve_analytic(battery, [0.0], method=name)

    def started(node: str) -> None:
        if on_stage is not None:
            on_stage(node)

    started("exact")
    exact = evolve_exact(battery, times, tolerance=tolerance)
    analytic = {}
    for name in methods:
        started(f"analytic/{name}")
        analytic[name] = evolve_analytic(battery, times, method=name)
    nodes = {"exact": exact} | {f"analytic/{name}": data for name, data in analytic.items()}
    if shots is None:
        started("circuit")
        nodes["circuit"] = run_charging(
            battery, circuit_times, sampler=sampler, shots=None, seed=seed, **formula
        )
    else:
        started("trotter")
        nodes["trotter"] = run_charging(battery, circuit_times, shots=None, **formula)
        started("circuit")
        nodes["circuit"] = run_charging(
            battery, circuit_times, sampler=sampler, shots=shots, seed=seed, **formula
        )
    started("deviation")
    deviation = deviation_table(
        exact,
        analytic=analytic,
        circuit=nodes["circuit"],
        trotter=nodes.get("trotter"),
        level_splitting=battery.level_splitting,
        significance=significance,
    )
    settings: dict[str, Any] = {
        "shots": shots,
        **formula,
        "methods": list(methods),
        "tolerance": tolerance,
        "circuit_stride": circuit_stride,
    }
    if isinstance(seed, (int, np.integer)):
        settings["seed"] = check_integer("seed", seed, minimum=0)
    attrs = provenance(battery, solver="compare", **settings)
    deviation.attrs |= attrs
    root = {"/": xr.Dataset(attrs=attrs)}
    return xr.DataTree.from_dict(root | nodes | {"deviation": deviation})


def _check_sampler(sampler: Any, shots: int | None, seed: Any) -> None:
    if sampler is not None and not callable(getattr(sampler, "run", None)):
        raise TypeError(f"`sampler` must be a BaseSamplerV2, got {type(sampler).__name__}.")
    if shots is None and (sampler is not None or seed is not None):
        name = "sampler" if sampler is not None else "seed"
        raise ValueError(f"`{name}` must be None without shots: nothing is sampled.")
    if sampler is not None and seed is not None:
        raise ValueError("`seed` must be None with a sampler of your own: seed the sampler.")


def join_reports(
    reports: Mapping[float, xr.DataTree], *, dim: str = "drive_amplitude"
) -> xr.DataTree:
    """Return reports on several batteries as one tree, each node with one more dim.

    The new dim carries the name of the parameter in which the batteries differ, as in a sweep, and
    each node gets the coordinate `battery`, the JSON text of the battery at each value. Attributes
    in which the reports differ become JSON lists in the order of the values.

    Args:
        reports: value of the parameter -> its report; all with the same nodes and times.
        dim: name of the parameter.

    Returns:
        One tree with the nodes of the reports.

    Raises:
        TypeError: `reports` is no mapping to trees.
        ValueError: no reports, or reports of different nodes, times or numbers of cells.

    Examples:
        >>> import xarray as xr
        >>> data = xr.Dataset({"stored_energy": ("time", [0.0, 1.0])}, {"time": [0.0, 0.1]})
        >>> tree = xr.DataTree.from_dict({"exact": data})
        >>> join_reports({10.0: tree, 20.0: tree})["exact"].stored_energy.dims
        ('drive_amplitude', 'time')
    """
    import xarray as xr

    if not isinstance(reports, Mapping):
        raise TypeError(
            f"`reports` must be a mapping of values to reports, got {type(reports).__name__}."
        )
    for tree in reports.values():
        if not isinstance(tree, xr.DataTree):
            raise TypeError(f"`reports` must hold DataTrees, got {type(tree).__name__}.")
    if not reports:
        raise ValueError("`reports` must hold at least one report.")
    trees = list(reports.values())
    groups = trees[0].groups
    if any(set(tree.groups) != set(groups) for tree in trees):
        raise ValueError("`reports` must all have the same nodes.")
    index = xr.DataArray(list(reports), dims=dim, name=dim)
    nodes: dict[str, xr.Dataset] = {}
    for path in groups:
        datasets = [tree[path].to_dataset() for tree in trees]
        if not datasets[0].variables:
            nodes[path] = xr.Dataset(attrs=_join_attrs([data.attrs for data in datasets]))
            continue
        batteries = [data.attrs.pop("battery", None) for data in datasets]
        try:
            joined = xr.concat(
                datasets, index, data_vars="all", coords="minimal", compat="override",
                join="exact", combine_attrs=_join_attrs,
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(
                f"`reports` must have the same times and numbers of cells in `{path}`: {error}"
            ) from None
        if None not in batteries:
            joined = joined.assign_coords(battery=(dim, batteries))
        nodes[path] = joined
    return xr.DataTree.from_dict(nodes)


def _join_attrs(all_attrs: Sequence[dict[str, Any]], context: Any = None) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for key in dict.fromkeys(key for attrs in all_attrs for key in attrs):
        values = [attrs.get(key) for attrs in all_attrs]
        same = all(value == values[0] for value in values)
        joined[key] = values[0] if same else json.dumps(values, default=float)
    return joined
