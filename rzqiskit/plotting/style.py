"""The look of the figures: colours told apart by everyone, thin axes, labels from the schema."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
from matplotlib.colors import to_hex

from rzqiskit.schema import FRACTION_OF_PULSE

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "SYMBOLS",
    "axis_label",
    "coordinate_label",
    "plot_style",
    "series_colors",
    "series_markers",
]

# Dark enough for white paper and told apart under every common form of colour blindness, and in
# grey by lightness; in the order blue, orange, green, magenta, sky, black.
_COLORS = ("#1b5fa8", "#d9660b", "#12855f", "#b0408a", "#3aa3d6", "#333333")
_MARKERS = ("o", "s", "^", "D", "v", "P")

_STYLE: dict[str, Any] = {
    "figure.dpi": 110.0,
    "savefig.dpi": 200.0,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "font.size": 9.0,
    "axes.labelsize": 9.5,
    "axes.titlesize": 9.5,
    "axes.linewidth": 0.7,
    "axes.edgecolor": "#444444",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelcolor": "#222222",
    "ytick.labelcolor": "#222222",
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "errorbar.capsize": 0.0,
}

# Symbols of the parameters that are swept, in LaTeX.
SYMBOLS = {
    "drive_amplitude": r"v_0",
    "drive_period": r"T",
    "interaction": r"\eta",
    "level_splitting": r"\Delta",
    "num_qubits": r"N",
}
_SCALES = {"energy": r"\Delta", "power": r"\Delta^2"}


@contextlib.contextmanager
def plot_style() -> Iterator[None]:
    """Draw the figures made inside the block in the project's style.

    Examples:
        >>> import matplotlib
        >>> with plot_style():
        ...     matplotlib.rcParams["axes.spines.top"]
        False
    """
    # Only these settings are put back: `rc_context` would also undo what a notebook's backend
    # sets up when the first figure is made inside the block, and later figures stay unseen.
    saved = {name: mpl.rcParams[cast(Any, name)] for name in _STYLE}
    mpl.rcParams.update(cast(Any, _STYLE))
    try:
        yield
    finally:
        mpl.rcParams.update(cast(Any, saved))


def series_colors(num_series: int) -> list[str]:
    """Return one colour for each of `num_series` lines."""
    if num_series <= len(_COLORS):
        return list(_COLORS[:num_series])
    # More lines than one can name: an ordered map, light end left out.
    ramp = mpl.colormaps["viridis"]
    return [to_hex(ramp(0.92 * index / (num_series - 1))) for index in range(num_series)]


def series_markers(num_series: int) -> list[str]:
    """Return one marker for each of `num_series` lines, so that colour is not needed."""
    return [_MARKERS[index % len(_MARKERS)] for index in range(num_series)]


def axis_label(data: xr.Dataset, name: str) -> str:
    """Return the label of the variable or coordinate `name`: its words, its symbol, its unit.

    Where every battery of `data` has the level splitting 1 the unit is written as Delta.
    """
    attrs = data[name].attrs
    symbol, unit = attrs.get("symbol", name), attrs.get("units", "1")
    words = attrs.get("long_name", name.replace("_", " "))
    natural = _natural_units(data)
    if name == "time" and unit != FRACTION_OF_PULSE["units"]:
        return r"time  $\Delta\,t$" if natural else "time  $t$"
    if unit == "bit":
        return f"{words}  ${symbol}$  (bits)"
    if natural and unit in _SCALES:
        return rf"{words}  ${symbol}\,/\,{_SCALES[unit]}$"
    return f"{words}  ${symbol}$"


def coordinate_label(data: xr.Dataset, dim: str, value: Any) -> str:
    """Return the label of the line at `value` of a swept parameter, as ``$v_0 = 20$``."""
    symbol = SYMBOLS.get(dim)
    shown = f"{value:g}" if isinstance(value, (int, float)) else str(value)
    if symbol is None:
        return f"{dim.replace('_', ' ')} = {shown}"
    if dim in ("drive_amplitude", "interaction") and _natural_units(data):
        symbol += r"/\Delta"
    return f"${symbol} = {shown}$"


def _natural_units(data: xr.Dataset) -> bool:
    texts = [data.attrs["battery"]] if "battery" in data.attrs else []
    if "battery" in data.coords:
        texts = [str(text) for text in data["battery"].values.ravel()]
    return bool(texts) and all(json.loads(text).get("level_splitting") == 1.0 for text in texts)
