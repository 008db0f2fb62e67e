"""One metric against time, or the populations as a map, of any Dataset of the schema."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from rzqiskit.plotting.style import (
    axis_label,
    coordinate_label,
    plot_style,
    series_colors,
    series_markers,
)
from rzqiskit.schema import METRICS, SchemaError
from rzqiskit.validation import check_choice

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = [
    "plot_average_power",
    "plot_diagonal_entropy",
    "plot_energy_fluctuation",
    "plot_instantaneous_power",
    "plot_metric",
    "plot_population",
    "plot_stored_energy",
]


def plot_metric(data: xr.Dataset, name: str, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw one metric against time and return the Axes.

    A Dataset with standard errors (``<name>_stderr``) is drawn as markers with error bars of one
    standard error, any other as a line. Dims beside `time`, as a sweep has, become one line each,
    labelled with their value.

    Args:
        data: a result of the schema, dims (time,) or (swept parameter, ..., time).
        name: one of `schema.METRICS`.
        ax: where to draw; new Axes when None.
        **line_kwargs: handed to ``Axes.plot`` or ``Axes.errorbar``; a `label` of yours replaces
            the automatic ones, on the first line only.

    Returns:
        The Axes.

    Raises:
        ValueError: `name` is no metric.
        SchemaError: `data` has no such metric, or no `time`.

    Examples:
        >>> from rzqiskit.schema import make_dataset
        >>> data = make_dataset(
        ...     {"stored_energy": (("time",), [0.0, 1.5])}, {"time": (("time",), [0.0, 0.1])}, {}
        ... )
        >>> ax = plot_metric(data, "stored_energy", color="black")
        >>> ax.get_ylabel()
        'stored energy  $E$'
        >>> plt.close(ax.figure)
    """
    check_choice("name", name, METRICS)
    if name not in data or "time" not in data[name].dims:
        raise SchemaError(f"`data` must have the variable `{name}` with the dim `time`.")
    error_name = f"{name}_stderr"
    series = list(_series(data, name))
    colors, markers = series_colors(len(series)), series_markers(len(series))
    with plot_style():
        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        for index, (selection, label) in enumerate(series):
            style: dict[str, Any] = {"color": colors[index], "label": label, **line_kwargs}
            if index > 0 and "label" in line_kwargs:
                style["label"] = None
            values = data[name].isel(selection)
            if error_name in data:
                style = {"marker": markers[index], "linestyle": "none", "markersize": 4.0, **style}
                errors = data[error_name].isel(selection)
                ax.errorbar(values["time"].values, values.values, yerr=errors.values, **style)
            else:
                ax.plot(values["time"].values, values.values, **style)
        ax.set_xlabel(axis_label(data, "time"))
        ax.set_ylabel(axis_label(data, name))
    return ax


def _series(data: xr.Dataset, name: str) -> Iterator[tuple[dict[str, int], str | None]]:
    dims = [str(dim) for dim in data[name].dims if dim != "time"]
    for index in itertools.product(*(range(data.sizes[dim]) for dim in dims)):
        selection = dict(zip(dims, index, strict=True))
        labels = [
            coordinate_label(data, dim, data[dim].values[position].item())
            if dim in data.coords
            else f"{dim} {position}"
            for dim, position in selection.items()
        ]
        yield selection, ", ".join(labels) or None


def plot_stored_energy(data: xr.Dataset, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw the stored energy E(t), see `plot_metric`."""
    return plot_metric(data, "stored_energy", ax=ax, **line_kwargs)


def plot_average_power(data: xr.Dataset, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw the average charging power P(t) = E(t)/t, see `plot_metric`."""
    return plot_metric(data, "average_power", ax=ax, **line_kwargs)


def plot_instantaneous_power(
    data: xr.Dataset, *, ax: Axes | None = None, **line_kwargs: Any
) -> Axes:
    """Draw the instantaneous charging power P_I(t), see `plot_metric`."""
    return plot_metric(data, "instantaneous_power", ax=ax, **line_kwargs)


def plot_energy_fluctuation(
    data: xr.Dataset, *, ax: Axes | None = None, **line_kwargs: Any
) -> Axes:
    """Draw the energy fluctuation Sigma(t), see `plot_metric`."""
    return plot_metric(data, "energy_fluctuation", ax=ax, **line_kwargs)


def plot_diagonal_entropy(data: xr.Dataset, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw the diagonal entropy S(t), see `plot_metric`."""
    return plot_metric(data, "diagonal_entropy", ax=ax, **line_kwargs)


def plot_population(data: xr.Dataset, *, ax: Axes | None = None, **mesh_kwargs: Any) -> Axes:
    """Draw the populations p_k(t) as a map, time to the right and k upwards; return the Axes.

    Args:
        data: a result with `population`, dims (time, excitations), at least two times.
        ax: where to draw; new Axes when None.
        **mesh_kwargs: handed to ``Axes.pcolormesh``.

    Returns:
        The Axes.

    Raises:
        SchemaError: `data` has no `population` of those two dims.

    Examples:
        >>> from rzqiskit.schema import make_dataset
        >>> data = make_dataset(
        ...     {"population": (("time", "excitations"), [[1.0, 0.0], [0.5, 0.5]])},
        ...     {"time": (("time",), [0.0, 0.1]), "excitations": (("excitations",), [0, 1])},
        ...     {},
        ... )
        >>> ax = plot_population(data)
        >>> ax.get_ylabel()
        'number of excited cells  $k$'
        >>> plt.close(ax.figure)
    """
    if "population" not in data or set(data["population"].dims) != {"time", "excitations"}:
        raise SchemaError("`data` must have `population` with the dims ('time', 'excitations').")
    if data.sizes["time"] < 2:
        raise SchemaError(f"`data` must have at least two times, got {data.sizes['time']}.")
    values = data["population"].transpose("excitations", "time")
    with plot_style():
        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        style: dict[str, Any] = {
            "cmap": "magma",
            "vmin": 0.0,
            "shading": "nearest",
            "rasterized": True,
        }
        mesh = ax.pcolormesh(
            values["time"].values, values["excitations"].values, values.values,
            **(style | mesh_kwargs),
        )  # fmt: skip
        ax.grid(visible=False)
        ax.figure.colorbar(mesh, ax=ax, label=axis_label(data, "population"))
        ax.set_xlabel(axis_label(data, "time"))
        ax.set_ylabel(axis_label(data, "excitations"))
        ax.set_yticks(np.unique(np.linspace(0, data.sizes["excitations"] - 1, 6).astype(int)))
    return ax
