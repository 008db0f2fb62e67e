"""The deviation table on counts drawn here: numbers by hand, verdicts that can fail."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.stats import chi2

from rzqiskit.comparison import deviation_table
from rzqiskit.schema import METRICS, SchemaError

TIMES = np.linspace(0.0, 0.1 * np.pi, 21)


def test_deviations_of_a_closed_form(make_model, make_measurement) -> None:
    exact, wrong = make_model(TIMES), make_model(TIMES, excess=0.01)
    circuit = make_measurement(TIMES[::4], rng=np.random.default_rng(1))
    table = deviation_table(exact, level_splitting=1.0, analytic={"wrong": wrong}, circuit=circuit)
    row = table.sel(comparison="wrong")
    assert table.comparison.values.tolist() == ["wrong", "circuit"]
    assert table.unit.values.tolist() == ["energy", "power", "power", "energy", "bit"]
    for name in METRICS:
        difference = np.abs(wrong[name].values - exact[name].values)
        entry = row.sel(metric=name)
        assert entry.largest_deviation.item() == difference.max()
        assert entry.time_of_largest_deviation.item() == TIMES[difference.argmax()]
        assert entry.rms_deviation.item() == pytest.approx(np.sqrt(np.mean(difference**2)))
    assert np.isnan(row.p_value).all()
    assert np.isnan(row.consistent)
    # In standard errors: independent cells, sd(k) = sqrt(N p (1 - p)), at the circuit's times.
    p = exact.stored_energy.values[::4] / 6.0
    error = np.sqrt(6.0 * p * (1.0 - p) / 4096.0)
    used = 4096.0 * (1.0 - exact.population.values[::4].max(axis=-1)) >= 5.0
    ratio = (wrong.stored_energy.values - exact.stored_energy.values)[::4][used] / error[used]
    entry = row.sel(metric="stored_energy")
    assert entry.largest_standard_errors.item() == pytest.approx(np.abs(ratio).max())
    assert entry.rms_standard_errors.item() == pytest.approx(np.sqrt(np.mean(ratio**2)))


def test_right_counts_are_consistent_and_wrong_ones_rejected(make_model, make_measurement) -> None:
    exact = make_model(TIMES)
    right = make_measurement(TIMES, rng=np.random.default_rng(2))
    # Cells turned 2 % too far: at 4096 shots and 6 cells some 6 standard errors in the energy.
    wrong = make_measurement(TIMES, rng=np.random.default_rng(3), excess=0.02)
    accepted = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=right).sel(
        comparison="circuit"
    )
    rejected = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=wrong).sel(
        comparison="circuit"
    )
    assert accepted.consistent == 1.0
    assert (accepted.p_value > 1e-4).all()
    assert rejected.consistent == 0.0
    assert (rejected.p_value.sel(metric=["stored_energy", "instantaneous_power"]) < 1e-6).all()
    assert rejected.counts_p_value < 1e-6


def test_too_few_counts_are_not_tested(make_model, make_measurement) -> None:
    """Ten shots a time fill no two levels with five each: no degree of freedom, no verdict."""
    times = TIMES[:3] / 20.0
    exact = make_model(times)
    few = make_measurement(times, rng=np.random.default_rng(6), shots=10)
    row = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=few).sel(
        comparison="circuit"
    )
    assert row.counts_degrees_of_freedom == 0
    assert np.isnan(row.counts_p_value)
    assert np.isnan(row.consistent)
    # Counts in levels that the reference forbids still speak against it.
    wrong = make_measurement(times + 0.2, rng=np.random.default_rng(6), shots=10)
    wrong = wrong.assign_coords(time=times)
    row = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=wrong).sel(
        comparison="circuit"
    )
    assert row.counts_degrees_of_freedom == 0
    assert row.consistent == 0.0


def test_chi_square_has_the_informative_points_as_degrees(make_model, make_measurement) -> None:
    exact = make_model(TIMES)
    circuit = make_measurement(TIMES, rng=np.random.default_rng(4))
    entry = (
        deviation_table(exact, level_splitting=1.0, analytic={}, circuit=circuit)
        .sel(comparison="circuit", metric="stored_energy")
    )  # fmt: skip
    # v0 T = 2 pi ends in the fully charged state: neither there nor at t = 0 is there an error.
    informative = 4096 * (1.0 - exact.population.values.max(axis=-1)) >= 5.0
    assert 10 < entry.degrees_of_freedom == informative.sum() < TIMES.size
    assert entry.chi_square == pytest.approx(
        entry.degrees_of_freedom.item() * entry.rms_standard_errors.item() ** 2
    )
    assert entry.p_value == pytest.approx(chi2.sf(entry.chi_square, entry.degrees_of_freedom))


def test_trotter_error_and_shot_error_are_told_apart(make_model, make_measurement) -> None:
    exact, trotter = make_model(TIMES), make_model(TIMES, excess=0.02)
    circuit = make_measurement(TIMES, rng=np.random.default_rng(6), excess=0.02)
    table = deviation_table(
        exact, level_splitting=1.0, analytic={}, circuit=circuit, trotter=trotter
    )
    assert table.reference.sel(comparison="shots") == "trotter"
    assert table.consistent.sel(comparison="shots") == 1.0
    assert table.consistent.sel(comparison="circuit") == 0.0
    assert np.isnan(table.consistent.sel(comparison="trotter"))
    systematic = table.largest_standard_errors.sel(comparison="trotter", metric="stored_energy")
    assert systematic > 5.0


@pytest.mark.parametrize("num_qubits", [1, 6])
def test_verdicts_keep_their_false_alarm_rate(make_model, make_measurement, num_qubits) -> None:
    rng = np.random.default_rng(8)
    exact = make_model(TIMES, num_qubits=num_qubits, amplitude=10.0)
    rejected, small = 0, np.zeros(len(METRICS))
    for _ in range(250):
        circuit = make_measurement(
            TIMES, rng=rng, shots=1000, num_qubits=num_qubits, amplitude=10.0
        )
        row = deviation_table(
            exact, level_splitting=1.0, analytic={}, circuit=circuit, significance=0.05
        ).isel(comparison=0)
        rejected += int(row.consistent == 0.0)
        small += row.p_value.values < 0.05
    # Bonferroni over 7 tests: at most 12.5 expected of 250, standard deviation 3.4; 5 sigma.
    assert rejected <= 12.5 + 5 * 3.4
    # Each metric by itself: 12.5 +- 3.4. Below 12.5 - 5 sigma there is no number; so all of them
    # must not be silent either. False alarms under 1e-5.
    assert (small <= 12.5 + 5 * 3.4).all()
    assert small.sum() > 0


def test_standard_errors_grow_with_the_level_splitting(make_model, make_measurement) -> None:
    exact = make_model(TIMES)
    right = make_measurement(TIMES, rng=np.random.default_rng(2))

    def tripled(data):  # a battery of Delta = 3 that turns alike
        energies = [name for name in data if str(name).startswith(METRICS[:-1])]
        return data.assign({name: 3.0 * data[name] for name in energies})

    unit = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=right)
    table = deviation_table(
        tripled(exact), level_splitting=3.0, analytic={}, circuit=tripled(right)
    )
    assert table.p_value.values == pytest.approx(unit.p_value.values, rel=1e-9)
    assert table.consistent.values == unit.consistent.values == 1.0
    # At another Delta the same numbers are three standard errors where there is one.
    other = deviation_table(
        tripled(exact), level_splitting=1.0, analytic={}, circuit=tripled(right)
    )
    ratio = other.rms_standard_errors / table.rms_standard_errors
    assert ratio.sel(metric="stored_energy").values == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("delta", "error", "message"),
    [
        (-1.0, ValueError, r"`level_splitting` must not be negative, got -1\.0"),
        (np.nan, ValueError, "`level_splitting` must be finite, got nan"),
        ("1", TypeError, "`level_splitting` must be a real number, got '1'"),
    ],
)
def test_bad_level_splitting(make_model, delta, error, message) -> None:
    exact = make_model(TIMES)
    with pytest.raises(error, match=message):
        deviation_table(exact, level_splitting=delta, analytic={}, circuit=exact)


def test_the_level_splitting_has_no_default(make_model) -> None:
    exact = make_model(TIMES)
    with pytest.raises(TypeError, match="required keyword-only argument: 'level_splitting'"):
        deviation_table(exact, analytic={}, circuit=exact)


def test_without_counts_nothing_is_tested(make_model) -> None:
    exact = make_model(TIMES)
    table = deviation_table(
        exact, level_splitting=1.0, analytic={}, circuit=make_model(TIMES[::2], excess=0.01)
    )
    assert table.comparison.values.tolist() == ["circuit"]
    assert (table.largest_deviation > 0.0).all()
    for name in ("chi_square", "p_value", "largest_standard_errors", "consistent"):
        assert np.isnan(table[name]).all()


def test_bad_input(make_model) -> None:
    exact = make_model(TIMES)
    other = make_model(TIMES[1:] - 1e-3)
    with pytest.raises(SchemaError, match=r"must have every time of its subject, not 0\.0147"):
        deviation_table(exact, level_splitting=1.0, analytic={"late": other}, circuit=exact)
    with pytest.raises(SchemaError, match="must have the variable `diagonal_entropy`"):
        deviation_table(
            exact.drop_vars("diagonal_entropy"), level_splitting=1.0, analytic={}, circuit=exact
        )
    with pytest.raises(ValueError, match=r"`significance` must be below 1, got 1\.0"):
        deviation_table(exact, level_splitting=1.0, analytic={}, circuit=exact, significance=1.0)


@pytest.mark.parametrize("excess", [0.0, 0.02])
def test_lost_times_count_nowhere(make_model, make_measurement, excess) -> None:
    """A run of which a job is missing: no shots and NaN at its times."""
    exact = make_model(TIMES)
    circuit = make_measurement(TIMES, rng=np.random.default_rng(11), excess=excess)
    lost, left = [4, 13], [k for k in range(TIMES.size) if k not in (4, 13)]
    partial = circuit.copy(deep=True)
    for name in ("counts", "counts_y"):
        partial[name][lost] = 0
    for name in METRICS:
        partial[name][lost] = partial[f"{name}_stderr"][lost] = np.nan
    table, without = (
        deviation_table(exact, level_splitting=1.0, analytic={}, circuit=measured)
        for measured in (partial, circuit.isel(time=left))
    )
    xr.testing.assert_identical(table, without)
    assert table.consistent.item() == float(excess == 0.0)
    # A value that is missing though its shots are there takes no verdict from the others.
    circuit["stored_energy"][7] = np.nan
    row = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=circuit).isel(
        comparison=0
    )
    energy, power = (row.sel(metric=name) for name in ("stored_energy", "average_power"))
    assert energy.degrees_of_freedom == power.degrees_of_freedom - 1
    assert np.isfinite(energy.largest_deviation)
    assert (energy.p_value > 1e-4) == (excess == 0.0)


def test_nothing_left_has_no_verdict(make_model, make_measurement) -> None:
    exact = make_model(TIMES)
    circuit = make_measurement(TIMES, rng=np.random.default_rng(12))
    circuit["counts"][:] = 0
    circuit["counts_y"][:] = 0
    for name in METRICS:
        circuit[name][:] = np.nan
    row = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=circuit)
    assert np.isnan(row.consistent).all()
    assert np.isnan(row.largest_deviation).all()
    assert np.isnan(row.p_value).all()


def test_mitigated_metrics_are_only_compared(make_model, make_measurement) -> None:
    exact = make_model(TIMES)
    circuit = make_measurement(TIMES, rng=np.random.default_rng(13))
    for mitigation in ("none", "raw", "readout"):
        circuit.attrs["mitigation"] = mitigation
        row = deviation_table(exact, level_splitting=1.0, analytic={}, circuit=circuit)
        assert np.isnan(row.consistent).all() == (mitigation == "readout")
        assert np.isfinite(row.largest_deviation).all()


def test_axes_in_any_order_and_one_number_of_cells(make_model, make_measurement) -> None:
    exact = make_model(TIMES)
    circuit = make_measurement(TIMES, rng=np.random.default_rng(14))
    table, turned = (
        deviation_table(exact, level_splitting=1.0, analytic={}, circuit=measured)
        for measured in (circuit, circuit.transpose("excitations", "time"))
    )
    xr.testing.assert_identical(table, turned)
    wider = make_model(TIMES, num_qubits=8)
    with pytest.raises(SchemaError, match=r"must be of one number of cells, not \[6, 8\]"):
        deviation_table(wider, level_splitting=1.0, analytic={}, circuit=circuit)
