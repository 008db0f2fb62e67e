"""A quantity over the parameters of a sweep: lines over one, a map over two, panels over three."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from rzqiskit.plotting.style import (
    SYMBOLS,
    axis_label,
    coordinate_label,
    plot_style,
    series_colors,
)
from rzqiskit.schema import SchemaError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

__all__ = ["plot_sweep", "plot_sweep_panels"]

# Fewer values than this are lines, more are a map.
_LEAST_FOR_MAP = 8
_MOST_PANELS = 9
_PANELS_IN_A_ROW = 3
# Below zero these mean nothing, so no cell of a map goes there.
_NOT_NEGATIVE = (
    "drive_amplitude", "drive_period", "level_splitting", "noise_scale",
    "num_qubits", "num_steps", "order", "shots", "seed", "num_times",
)  # fmt: skip


def plot_sweep(data: xr.Dataset, name: str, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    r"""Draw a quantity of a sweep and return the Axes.

    One dim: a line. Two dims: a map with a colour bar if both have at least eight numbers, else
    one line for each value of the shorter. Lines of fewer than eight points have markers; where
    `data` has ``<name>_stderr`` there are error bars of one standard error. On a map of
    `drive_amplitude` and `drive_period` the curves v0 T = (4 n + 2) pi of a `SineSquaredDrive` are
    drawn, along which leading order ends fully charged.

    Args:
        data: what `sweep` returned, with one or two dims left.
        name: the quantity.
        ax: where to draw; new Axes when None.
        **kwargs: handed to ``Axes.plot`` or ``Axes.pcolormesh``.

    Returns:
        The Axes.

    Raises:
        SchemaError: `data` has no such quantity, or another number of dims.

    Examples:
        >>> from rzqiskit.schema import make_dataset
        >>> data = make_dataset(
        ...     {"final_stored_energy": (("interaction",), [1.0, 2.0])},
        ...     {"interaction": (("interaction",), [0.0, 0.5])}, {},
        ... )
        >>> ax = plot_sweep(data, "final_stored_energy")
        >>> ax.get_xlabel()
        '$\\eta$'
        >>> plt.close(ax.figure)
    """
    if name not in data:
        raise SchemaError(f"`data` must have the quantity `{name}`.")
    values = data[name]
    if values.ndim not in (1, 2):
        raise SchemaError(
            f"`data` must have one or two dims left to draw `{name}`, got {values.dims}; select."
        )
    data = _in_order(data, name)
    with plot_style():
        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        mesh = _draw(ax, data, name, kwargs)
        if mesh is not None:
            ax.figure.colorbar(mesh, ax=ax, label=axis_label(data, name))
    return ax


def plot_sweep_panels(data: xr.Dataset, name: str, figure: Figure) -> list[Axes]:
    """Draw a quantity over three dims: one panel for each value of the shortest, texts first.

    Args:
        data: what `sweep` returned, with three dims left, one of them of at most nine values.
        name: the quantity.
        figure: where to draw, best in constrained layout.

    Returns:
        The Axes, with common scales; each panel is what `plot_sweep` draws.

    Raises:
        SchemaError: `data` has no such quantity, another number of dims, or none short enough.
    """
    if name not in data:
        raise SchemaError(f"`data` must have the quantity `{name}`.")
    values = data[name]
    dims = _dims_by_length(data, name)
    if values.ndim != 3 or values.sizes[dims[0]] > _MOST_PANELS:
        raise SchemaError(
            f"`data` must have three dims left, one of them of at most {_MOST_PANELS} values, to "
            f"draw `{name}` in panels, got {dict(values.sizes)}; select."
        )
    data = _in_order(data, name)
    known = values.values[np.isfinite(values.values)]
    limits = (known.min(), known.max()) if known.size else (0.0, 1.0)
    positions = _positions(data, dims[0])
    columns = min(_PANELS_IN_A_ROW, len(positions))
    rows = -(-len(positions) // columns)
    mesh = None
    with plot_style():
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        axes: list[Axes] = list(grid.flat)
        for ax in axes[len(positions) :]:
            ax.remove()
        axes = axes[: len(positions)]
        for index, (ax, value) in enumerate(zip(axes, positions, strict=True)):
            panel = data.isel({dims[0]: index})
            is_map = _is_map(panel, name)
            options = {"vmin": limits[0], "vmax": limits[1]} if is_map else {}
            mesh = _draw(ax, panel, name, options)
            ax.set_title(coordinate_label(data, dims[0], _plain(value)))
            legend = ax.get_legend()
            if legend is not None and is_map:
                legend.remove()  # it would stand where the title does
            elif legend is not None and index:
                legend.remove()
            ax.label_outer()
        if mesh is not None and axes[0].lines:
            figure.legend(handles=axes[0].lines[:1], loc="outside upper right")
        if mesh is not None:
            figure.colorbar(mesh, ax=axes, label=axis_label(data, name))
    return axes


def _in_order(data: xr.Dataset, name: str) -> xr.Dataset:
    # A sweep keeps the order in which values were asked for; a line would turn back on itself, and
    # the cells of a map would cover each other.
    orders = {
        dim: np.argsort(data[dim].values, kind="stable")
        for dim in data[name].dims
        if dim in data.coords and _is_number(data, dim)
    }
    return data.isel(orders)


def _dims_by_length(data: xr.Dataset, name: str) -> list[str]:
    # Shorter dims become panels and lines, texts always.
    values = data[name]
    return sorted(map(str, values.dims), key=lambda dim: (_is_number(data, dim), values.sizes[dim]))


def _is_map(data: xr.Dataset, name: str) -> bool:
    values = data[name]
    return values.ndim == 2 and all(
        _is_number(data, dim) and values.sizes[dim] >= _LEAST_FOR_MAP for dim in values.dims
    )


def _draw(ax: Axes, data: xr.Dataset, name: str, kwargs: dict[str, Any]) -> QuadMesh | None:
    if _is_map(data, name):
        return _draw_map(ax, data, name, kwargs)
    _draw_lines(ax, data, name, _dims_by_length(data, name), kwargs)
    return None


def _plain(value: Any) -> Any:
    # A text is an object of numpy's or, read from a store, Python's own.
    return value.item() if isinstance(value, np.generic) else value


def _is_number(data: xr.Dataset, dim: Any) -> bool:
    return dim not in data.coords or np.asarray(data[dim].values).dtype.kind in "iuf"


def _positions(data: xr.Dataset, dim: str) -> Any:
    return data[dim].values if dim in data.coords else np.arange(data.sizes[dim])


def _draw_lines(
    ax: Axes, data: xr.Dataset, name: str, dims: list[str], kwargs: dict[str, Any]
) -> None:
    along = dims[-1]
    if len(dims) == 1:
        _draw_line(ax, data, name, along, {"color": "#1b5fa8"} | kwargs)
    else:
        series = dims[0]
        colors = series_colors(data.sizes[series])
        for index, value in enumerate(_positions(data, series)):
            label = coordinate_label(data, series, _plain(value))
            style = {"color": colors[index], "label": label} | kwargs
            _draw_line(ax, data.isel({series: index}), name, along, style)
        ax.legend()
    _count_in_integers(ax.xaxis, data, along)
    ax.set_xlabel(_dim_label(along))
    ax.set_ylabel(axis_label(data, name))


def _draw_line(ax: Axes, data: xr.Dataset, name: str, along: str, style: dict[str, Any]) -> None:
    positions, values = _positions(data, along), data[name].values
    if len(positions) < _LEAST_FOR_MAP:
        style = {"marker": "o", "markersize": 3.5} | style
    (line,) = ax.plot(positions, values, **style)
    if f"{name}_stderr" in data:
        ax.errorbar(
            positions, values, yerr=data[f"{name}_stderr"].values, fmt="none",
            ecolor=line.get_color(), elinewidth=1.0,
        )  # fmt: skip


def _count_in_integers(axis: Axis, data: xr.Dataset, dim: str) -> None:
    if np.asarray(_positions(data, dim)).dtype.kind in "iu":
        axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))


def _draw_map(ax: Axes, data: xr.Dataset, name: str, kwargs: dict[str, Any]) -> QuadMesh:
    down, across = (str(dim) for dim in data[name].dims)
    if (down, across) == ("drive_amplitude", "drive_period"):
        down, across = across, down  # the paper's arrangement: v0 to the right, T upwards
    style: dict[str, Any] = {"cmap": "viridis", "shading": "nearest", "rasterized": True}
    mesh = ax.pcolormesh(
        _positions(data, across), _positions(data, down),
        data[name].transpose(down, across).values, **(style | kwargs),
    )  # fmt: skip
    ax.grid(visible=False)
    ax.set_xlim(_start(data, across, ax.get_xlim()[0]))
    ax.set_ylim(_start(data, down, ax.get_ylim()[0]))
    _count_in_integers(ax.xaxis, data, across)
    _count_in_integers(ax.yaxis, data, down)
    ax.set_xlabel(_dim_label(across))
    ax.set_ylabel(_dim_label(down))
    if (down, across) == ("drive_period", "drive_amplitude") and _is_sine_squared(data):
        _draw_full_charging(ax, data)
    return mesh


def _start(data: xr.Dataset, dim: str, edge: float) -> float:
    # Cells reach half a step beyond the first value.
    return max(edge, 0.0) if dim in _NOT_NEGATIVE and data[dim].values.min() >= 0 else edge


def _draw_full_charging(ax: Axes, data: xr.Dataset) -> None:
    amplitudes, periods = data["drive_amplitude"].values, data["drive_period"].values
    limits = ax.get_xlim(), ax.get_ylim()
    fine = np.linspace(max(amplitudes.min(), 1e-9), amplitudes.max(), 400)
    for n in range(int((amplitudes.max() * periods.max() / np.pi - 2.0) // 4.0) + 1):
        # White with a dark edge: seen on every colour of the map.
        ax.plot(
            fine, (4 * n + 2) * np.pi / fine, color="white", linewidth=0.9, linestyle="--",
            path_effects=[withStroke(linewidth=2.0, foreground="#222222")],
            label=r"$v_0\,T = (4n + 2)\,\pi$",
        )  # fmt: skip
    if ax.lines:
        # Above the map, of which it would hide a part.
        ax.legend(
            handles=ax.lines[:1], loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3
        )
    ax.set_xlim(limits[0])
    ax.set_ylim(limits[1])


def _is_sine_squared(data: xr.Dataset) -> bool:
    try:
        specification = json.loads(data.attrs["specification"])
        return bool(specification["drive"]["type"] == "SineSquaredDrive")
    except (KeyError, TypeError, ValueError):
        return False


def _dim_label(dim: str) -> str:
    symbol = SYMBOLS.get(dim)
    return f"${symbol}$" if symbol else dim.replace("_", " ")
