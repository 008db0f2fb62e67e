"""The artists of the single plots: what is drawn, where, and what the axes say."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from rzqiskit.plotting import (
    plot_average_power,
    plot_diagonal_entropy,
    plot_energy_fluctuation,
    plot_instantaneous_power,
    plot_metric,
    plot_population,
    plot_stored_energy,
    plot_style,
)
from rzqiskit.schema import FRACTION_OF_PULSE, SchemaError

TIMES = np.linspace(0.0, 1.0, 5)


@pytest.mark.parametrize(
    ("plot", "factor", "label"),
    [
        (plot_stored_energy, 1, r"stored energy  $E\,/\,\Delta$"),
        (plot_average_power, 2, r"average charging power  $P\,/\,\Delta^2$"),
        (plot_instantaneous_power, 3, r"instantaneous charging power  $P_I\,/\,\Delta^2$"),
        (plot_energy_fluctuation, 4, r"energy fluctuation  $\Sigma\,/\,\Delta$"),
        (plot_diagonal_entropy, 5, "diagonal entropy  $S$  (bits)"),
    ],
)
def test_each_metric_is_one_line_on_the_given_axes(make_result, plot, factor, label) -> None:
    ax = plt.figure().add_subplot()
    returned = plot(make_result(TIMES), ax=ax, color="#123456", linewidth=3.0)
    assert returned is ax
    (line,) = ax.lines
    assert np.array_equal(line.get_xdata(), TIMES)
    assert np.array_equal(line.get_ydata(), factor * (1.0 + TIMES))
    assert (to_hex(line.get_color()), line.get_linewidth()) == ("#123456", 3.0)
    assert ax.get_ylabel() == label
    assert ax.get_xlabel() == r"time  $\Delta\,t$"


def test_measured_data_get_error_bars_of_one_standard_error(make_result) -> None:
    ax = plot_stored_energy(make_result(TIMES, stderr=0.25))
    (container,) = ax.containers
    (bars,) = container.lines[2]
    lower, upper = np.array(bars.get_segments())[:, :, 1].T
    assert upper - lower == pytest.approx(np.full(5, 0.5))
    assert 0.5 * (upper + lower) == pytest.approx(1.0 + TIMES)
    assert container.lines[0].get_linestyle() == "None"


def test_units_are_not_written_as_delta_unless_it_is_one(make_result) -> None:
    ax = plot_stored_energy(make_result(TIMES, level_splitting=2.0))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time  $t$", "stored energy  $E$")


def test_fractions_of_the_pulse_are_not_called_times(make_result) -> None:
    data = make_result(TIMES)
    data["time"].attrs.update(FRACTION_OF_PULSE)
    assert plot_stored_energy(data).get_xlabel() == "fraction of the pulse  $t/T$"


@pytest.mark.parametrize("num_series", [2, 9])
def test_a_sweep_is_one_labelled_line_a_value(make_result, num_series) -> None:
    values = 10.0 * np.arange(num_series)
    index = xr.DataArray(values, dims="drive_amplitude", name="drive_amplitude")
    data = xr.concat(
        [make_result(TIMES)] * num_series, index, data_vars="all", coords="minimal",
        compat="override", join="exact",
    )  # fmt: skip
    ax = plot_metric(data, "stored_energy")
    labels = [line.get_label() for line in ax.lines]
    assert labels == [rf"$v_0/\Delta = {value:g}$" for value in values]
    assert len({to_hex(line.get_color()) for line in ax.lines}) == num_series
    ax = plot_metric(data, "stored_energy", label="mine")
    assert [text for text in (line.get_label() for line in ax.lines) if text[0] != "_"] == ["mine"]


def test_population_map(make_result) -> None:
    data = make_result(TIMES)
    ax = plot_population(data)
    (mesh,) = ax.collections
    assert np.array_equal(mesh.get_array(), data.population.values.T)
    assert ax.get_ylabel() == "number of excited cells  $k$"
    assert len(ax.figure.axes) == 2  # the colour bar


def test_the_style_does_not_leak(make_result) -> None:
    before = dict(plt.rcParams)
    plot_stored_energy(make_result(TIMES))
    assert dict(plt.rcParams) == before


def test_what_a_backend_sets_up_on_its_first_figure_stays() -> None:
    was_interactive = plt.isinteractive()
    try:
        with plot_style():
            plt.rcParams["interactive"] = not was_interactive  # as a notebook's backend does
        assert plt.isinteractive() is not was_interactive
    finally:
        plt.rcParams["interactive"] = was_interactive


def test_bad_input(make_result) -> None:
    data = make_result(TIMES)
    with pytest.raises(ValueError, match=r"`name` must be one of .* got 'energy'"):
        plot_metric(data, "energy")
    with pytest.raises(SchemaError, match="must have the variable `stored_energy`"):
        plot_stored_energy(data.drop_vars("stored_energy"))
    with pytest.raises(SchemaError, match="must have `population` with the dims"):
        plot_population(data.drop_vars("population"))
    with pytest.raises(SchemaError, match="at least two times, got 1"):
        plot_population(data.isel(time=[0]))
