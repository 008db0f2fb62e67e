"""The deviation table: how far every solver is from its reference, and whether counts may be.

Each row is one comparison of a subject with a reference:

| comparison | subject | reference | what the deviation is |
|---|---|---|---|
| leading, paper, ... | the closed form of that name | exact | error of the closed form |
| trotter | the ideal circuits | exact | error of the product formula |
| shots | the counts | the ideal circuits | shot noise, and a device's own |
| circuit | the counts | exact | both together |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rzqiskit.comparison.goodness_of_fit import (
    expected_standard_errors,
    is_informative,
    pearson_test,
)
from rzqiskit.comparison.null_distribution import (
    NullDistribution,
    draw_metric_scatter,
    draw_pearson_scatter,
    draw_spin_scatter,
)
from rzqiskit.schema import METRICS, SchemaError, describe
from rzqiskit.validation import FloatArray, check_non_negative, check_positive

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["deviation_table"]

_CORRELATIONS = (
    "Times are independent of each other: every circuit draws its own shots. At one time stored "
    "energy, average power, energy fluctuation and diagonal entropy come from the same shots: "
    "the first two carry the same information (P = E/t), the others are correlated with it. "
    "Instantaneous power comes from shots of its own. `consistent` therefore bounds the smallest "
    "of all p-values by Bonferroni's inequality, which holds under any correlation."
)
# Mitigations that leave the metrics those of the counts, in a run folder and on a simulated device.
_AS_READ = ("none", "raw")
# The five metrics, all counts, the rare counts.
_NUM_TESTS = len(METRICS) + 2
# Above it chi-square is right enough, and too small rather than too large is what matters.
_SMALL_P_VALUE = 0.01
_LONG_NAMES = {
    "largest_deviation": "largest deviation over the times, in the unit of the metric",
    "time_of_largest_deviation": "time of the largest deviation",
    "rms_deviation": "root-mean-square deviation over the times, in the unit of the metric",
    "largest_standard_errors": "largest deviation in expected standard errors",
    "rms_standard_errors": "root-mean-square deviation in expected standard errors",
    "chi_square": "sum of squared deviations in expected standard errors",
    "degrees_of_freedom": "number of points in chi_square",
    "p_value": "probability of a larger chi_square if subject and reference agree",
    "counts_chi_square": "Pearson's chi-square of the counts",
    "counts_degrees_of_freedom": "degrees of freedom of counts_chi_square",
    "counts_p_value": "probability of a larger counts_chi_square",
    "rare_counts_p_value": "two-sided Poisson probability of the counts in rare levels",
    "consistent": "no test rejects the reference at the stated significance",
}


@dataclass(frozen=True, slots=True)
class _Comparison:
    name: str
    subject: xr.Dataset
    reference: xr.Dataset
    reference_name: str
    is_measured: bool = False


def deviation_table(
    exact: xr.Dataset,
    *,
    level_splitting: float,
    analytic: Mapping[str, xr.Dataset],
    circuit: xr.Dataset,
    trotter: xr.Dataset | None = None,
    significance: float = 1e-3,
) -> xr.Dataset:
    """Return the largest and rms deviation of every metric, with a verdict on the counts.

    Deviations in standard errors are taken at the times of the circuits, in the errors which the
    reference populations predict for their shots (for the instantaneous power, whose Y-basis
    populations no reference holds, the measured errors), and only where at least five shots are
    expected (25 seen, for the instantaneous power) outside the most likely level: elsewhere a
    deviation is a rare event, and the count tests see it. So few are not normal yet: p-values
    under 0.01 are those of the same statistic of counts drawn from the reference (under a fixed
    seed), larger ones those of the chi-square distribution.

    Args:
        exact: the reference, dims (time, excitations), with `population`.
        level_splitting: Delta, energy, that of all Datasets: it scales the expected errors.
        analytic: name -> closed form on any of the times of `exact`.
        circuit: what was measured, on any of the times of `exact`; with `counts` it is tested,
            without (no shots), or with mitigated metrics, whose errors are not those of its
            counts, only compared. Times that are lost (NaN, no shots) count nowhere.
        trotter: the same circuits, ideal and without shots, on the same times as `circuit`.
        significance: probability of calling right counts inconsistent, at most. Draws tell it
            down to 1e-4; what is smaller is extrapolated.

    Returns:
        A Dataset with the dims (comparison, metric). `chi_square` has `degrees_of_freedom`
        points; `consistent` (comparison,) is the verdict: no p-value, that of the metrics, of
        Pearson's test of all counts and of the rare counts, is below `significance` divided by
        the number of these tests. NaN where a comparison has no counts, or too few for a test.

    Raises:
        SchemaError: a Dataset has a time that its reference has not, lacks a metric, or is of
            another number of cells.
        TypeError: a number of the wrong type.
        ValueError: `level_splitting` or `significance` is out of range.
    """
    import xarray as xr

    level_splitting = check_non_negative("level_splitting", level_splitting)
    significance = check_positive("significance", significance)
    if significance >= 1.0:
        raise ValueError(f"`significance` must be below 1, got {significance!r}.")
    rows = [_Comparison(name, data, exact, "exact") for name, data in analytic.items()]
    if trotter is not None:
        rows.append(_Comparison("trotter", trotter, exact, "exact"))
    measured = "counts" in circuit and circuit.attrs.get("mitigation", "none") in _AS_READ
    if trotter is not None:
        rows.append(_Comparison("shots", circuit, trotter, "trotter", measured))
    rows.append(_Comparison("circuit", circuit, exact, "exact", measured))

    _check_widths([exact, *(row.subject for row in rows)])
    shape = (len(rows), len(METRICS))
    table = {
        name: np.full(shape if not name.startswith(("counts", "rare")) else shape[:1], np.nan)
        for name in _LONG_NAMES
    }
    for index, row in enumerate(rows):
        _fill_deviations(table, index, row)
        if measured:
            _fill_standard_errors(table, index, row, circuit, level_splitting, significance)
        if row.is_measured:
            _fill_count_test(table, index, row, significance)
    table["consistent"] = _verdicts(table, significance)
    return xr.Dataset(
        {
            name: (
                ("comparison", "metric")[: values.ndim],
                values,
                {"long_name": _LONG_NAMES[name]},
            )
            for name, values in table.items()
        },
        coords={
            "comparison": [row.name for row in rows],
            "reference": ("comparison", [row.reference_name for row in rows]),
            "metric": list(METRICS),
            "unit": ("metric", [describe(name).unit for name in METRICS]),
        },
        attrs={"significance": significance, "correlations": _CORRELATIONS},
    )


def _check_widths(datasets: Iterable[xr.Dataset]) -> None:
    widths = {data.sizes["excitations"] - 1 for data in datasets if "excitations" in data.sizes}
    if len(widths) > 1:
        found = sorted(widths)
        raise SchemaError(f"compared Datasets must be of one number of cells, not {found}.")


def _fill_deviations(table: dict[str, FloatArray], index: int, row: _Comparison) -> None:
    reference = _at_times_of(row.subject, row.reference)
    times = row.subject["time"].values
    for column, name in enumerate(METRICS):
        deviation = np.abs(_values(row.subject, name) - _values(reference, name))
        known = np.isfinite(deviation)
        if not known.any():
            continue
        largest = int(np.nanargmax(np.where(known, deviation, np.nan)))
        table["largest_deviation"][index, column] = deviation[largest]
        table["time_of_largest_deviation"][index, column] = times[largest]
        table["rms_deviation"][index, column] = np.sqrt(np.mean(deviation[known] ** 2))


def _fill_standard_errors(
    table: dict[str, FloatArray],
    index: int,
    row: _Comparison,
    circuit: xr.Dataset,
    level_splitting: float,
    significance: float,
) -> None:
    subject, reference = _at_times_of(circuit, row.subject), _at_times_of(circuit, row.reference)
    populations = np.clip(_values(reference, "population"), 0.0, None)
    shots = _counts(circuit, "counts").sum(axis=-1)
    errors = expected_standard_errors(
        populations,
        np.maximum(shots, 1).astype(np.float64),
        circuit["time"].values,
        level_splitting=level_splitting,
    )
    informative = is_informative(populations, shots)
    for column, name in enumerate(METRICS):
        if name in errors:
            error, usable = errors[name], informative & (errors[name] > 0.0)
        else:
            error, usable = _measured_errors(circuit, name)
        difference = _values(subject, name) - _values(reference, name)
        usable = usable & np.isfinite(difference)
        if not usable.any():
            continue
        deviation = difference[usable] / error[usable]
        table["largest_standard_errors"][index, column] = np.abs(deviation).max()
        table["rms_standard_errors"][index, column] = np.sqrt(np.mean(deviation**2))
        if row.is_measured:
            chi_square, degrees = float(np.sum(deviation**2)), int(usable.sum())
            table["chi_square"][index, column] = chi_square
            table["degrees_of_freedom"][index, column] = degrees

            def draw(name: str = name, usable: npt.NDArray[np.bool_] = usable) -> NullDistribution:
                if name not in errors:
                    counts_y = _counts(circuit, "counts_y")[usable]
                    return draw_spin_scatter(counts_y, bound=significance / _NUM_TESTS)
                # P = E/t: the same deviation in standard errors
                of = "stored_energy" if name == "average_power" else name
                return draw_metric_scatter(
                    of, populations[usable], shots[usable], bound=significance / _NUM_TESTS
                )

            table["p_value"][index, column] = _p_value(chi_square, degrees, draw, significance)


def _measured_errors(circuit: xr.Dataset, name: str) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    error = _values(circuit, f"{name}_stderr")
    usable = error > 0.0
    if "counts_y" in circuit:
        counts = _counts(circuit, "counts_y")
        usable &= counts.sum(axis=-1) - counts.max(axis=-1) >= 25
    return error, usable


def _fill_count_test(
    table: dict[str, FloatArray], index: int, row: _Comparison, significance: float
) -> None:
    populations = _values(_at_times_of(row.subject, row.reference), "population")
    counts = _counts(row.subject, "counts")
    taken = counts.sum(axis=-1) > 0
    counts, populations = counts[taken], populations[taken]
    test = pearson_test(counts, populations)
    table["counts_chi_square"][index] = test.chi_square
    table["counts_degrees_of_freedom"][index] = test.degrees_of_freedom
    if test.degrees_of_freedom:
        table["counts_p_value"][index] = _p_value(
            test.chi_square,
            test.degrees_of_freedom,
            lambda: draw_pearson_scatter(
                populations, counts.sum(axis=-1), bound=significance / _NUM_TESTS
            ),
            significance,
        )
    table["rare_counts_p_value"][index] = test.rare_p_value


def _p_value(
    chi_square: float,
    degrees: int,
    draw: Callable[[], NullDistribution],
    significance: float,
) -> float:
    """Return the probability of a larger chi-square, drawn where it may decide the verdict."""
    from scipy.stats import chi2

    nominal = float(chi2.sf(chi_square, degrees))
    if nominal > max(_SMALL_P_VALUE, significance / _NUM_TESTS):
        return nominal
    return draw().p_value(chi_square, degrees)


def _verdicts(table: dict[str, FloatArray], significance: float) -> FloatArray:
    p_values = np.column_stack(
        [table["p_value"], table["counts_p_value"], table["rare_counts_p_value"]]
    )
    tested = np.isfinite(p_values)
    bound = significance / np.maximum(tested.sum(axis=-1, keepdims=True), 1)
    consistent = np.all(~tested | (p_values >= bound), axis=-1)
    # Rare counts alone can speak against a reference, not for it.
    conclusive = tested[:, :-1].any(axis=-1) | ~consistent
    return np.where(conclusive, consistent.astype(np.float64), np.nan)


def _at_times_of(subject: xr.Dataset, reference: xr.Dataset) -> xr.Dataset:
    missing = np.setdiff1d(subject["time"].values, reference["time"].values)
    if missing.size:
        raise SchemaError(f"the reference must have every time of its subject, not {missing[0]:g}.")
    return reference.sel(time=subject["time"].values)


def _values(data: xr.Dataset, name: str) -> FloatArray:
    if name not in data:
        raise SchemaError(f"a compared Dataset must have the variable `{name}`.")
    dims = ("time", "excitations") if name == "population" else ("time",)
    return np.asarray(data[name].transpose(*dims).values, dtype=np.float64)


def _counts(data: xr.Dataset, name: str) -> npt.NDArray[np.int64]:
    return np.asarray(data[name].transpose("time", "excitations").values, dtype=np.int64)
