"""A quantity over the parameters of a sweep: lines over one, a map over two."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

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

__all__ = ["plot_sweep"]

# Fewer values than this are lines, more are a map.
_LEAST_FOR_MAP = 8


def plot_sweep(data: xr.Dataset, name: str, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    r"""Draw a quantity of a sweep and return the Axes.

    One dim: a line. Two dims: a map with a colour bar if both have at least eight numbers, else
    one line for each value of the shorter. On a map of `drive_amplitude` and `drive_period` the
    curves v0 T = (4 n + 2) pi of a `SineSquaredDrive` are drawn, along which leading order ends
    fully charged.

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
    # Shorter dims become lines, texts always.
    dims = sorted(values.dims, key=lambda dim: (_is_number(data, dim), values.sizes[dim]))
    with plot_style():
        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        is_map = values.ndim == 2 and all(
            _is_number(data, dim) and values.sizes[dim] >= _LEAST_FOR_MAP for dim in dims
        )
        if is_map:
            _draw_map(ax, data, name, kwargs)
        else:
            _draw_lines(ax, data, name, [str(dim) for dim in dims], kwargs)
    return ax


def _is_number(data: xr.Dataset, dim: Any) -> bool:
    return dim not in data.coords or np.asarray(data[dim].values).dtype.kind in "iuf"


def _positions(data: xr.Dataset, dim: str) -> Any:
    return data[dim].values if dim in data.coords else np.arange(data.sizes[dim])


def _draw_lines(
    ax: Axes, data: xr.Dataset, name: str, dims: list[str], kwargs: dict[str, Any]
) -> None:
    along = dims[-1]
    if len(dims) == 1:
        ax.plot(_positions(data, along), data[name].values, **({"color": "#1b5fa8"} | kwargs))
    else:
        series = dims[0]
        colors = series_colors(data.sizes[series])
        for index, value in enumerate(_positions(data, series)):
            label = coordinate_label(data, series, value.item())
            style = {"color": colors[index], "label": label} | kwargs
            ax.plot(_positions(data, along), data[name].isel({series: index}).values, **style)
        ax.legend()
    ax.set_xlabel(_dim_label(along))
    ax.set_ylabel(axis_label(data, name))


def _draw_map(ax: Axes, data: xr.Dataset, name: str, kwargs: dict[str, Any]) -> None:
    down, across = (str(dim) for dim in data[name].dims)
    if (down, across) == ("drive_amplitude", "drive_period"):
        down, across = across, down  # the paper's arrangement: v0 to the right, T upwards
    style: dict[str, Any] = {"cmap": "viridis", "shading": "nearest", "rasterized": True}
    mesh = ax.pcolormesh(
        _positions(data, across), _positions(data, down),
        data[name].transpose(down, across).values, **(style | kwargs),
    )  # fmt: skip
    ax.grid(visible=False)
    ax.figure.colorbar(mesh, ax=ax, label=axis_label(data, name))
    ax.set_xlabel(_dim_label(across))
    ax.set_ylabel(_dim_label(down))
    if (down, across) == ("drive_period", "drive_amplitude") and _is_sine_squared(data):
        _draw_full_charging(ax, data)


def _draw_full_charging(ax: Axes, data: xr.Dataset) -> None:
    amplitudes, periods = data["drive_amplitude"].values, data["drive_period"].values
    limits = ax.get_xlim(), ax.get_ylim()
    fine = np.linspace(max(amplitudes.min(), 1e-9), amplitudes.max(), 400)
    for n in range(int((amplitudes.max() * periods.max() / np.pi - 2.0) // 4.0) + 1):
        # White with a dark edge: seen on every colour of the map.
        ax.plot(
            fine, (4 * n + 2) * np.pi / fine, color="white", linewidth=0.9, linestyle="--",
            path_effects=[withStroke(linewidth=2.0, foreground="#222222")],
        )  # fmt: skip
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
