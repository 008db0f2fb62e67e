"""The paper's figures in the project's style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

from rzqiskit.plotting.comparison import plot_comparison
from rzqiskit.plotting.reproduction_interactions import plot_scaling, plot_transition
from rzqiskit.plotting.reproduction_maps import plot_cuts, plot_maps
from rzqiskit.schema import SchemaError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["plot_reproduction"]


def plot_reproduction(data: xr.DataTree, *, figure: Figure | None = None) -> Figure:
    """Draw one of the paper's figures from its data and return the Figure.

    Args:
        data: what `rzqiskit.reproduction.reproduce_figure` returned, or its file read back.
        figure: an empty Figure to draw on; a new one of ``pyplot`` when None.

    Returns:
        The Figure.

    Raises:
        SchemaError: the attributes of `data` name no figure.
    """
    number = data.attrs.get("figure")
    if number not in ("fig2", "fig3", "fig4", "fig5", "fig6", "fig7"):
        raise SchemaError(f"`data` must have the attribute figure = fig2 ... fig7, got {number!r}.")
    if figure is None:
        figure = plt.figure(layout="constrained")
    if number == "fig2":
        return plot_comparison(data, method="paper", figure=figure)
    if number == "fig3":
        return plot_maps(
            data,
            [
                ("maximum_stored_energy", r"maximum stored energy  $E_\max/\Delta$"),
                ("final_stored_energy", r"final stored energy  $E(\tau)/\Delta$"),
            ],
            num_curves=(1, None), cmap="viridis", curve_color="#e0457b", contours=True,
            figure=figure,
        )  # fmt: skip
    if number == "fig4":
        return plot_cuts(data, figure=figure)
    if number == "fig5":
        return plot_maps(
            data,
            [
                ("final_energy_fluctuation", r"final energy fluctuation  $\Sigma(\tau)/\Delta$"),
                ("final_diagonal_entropy", r"final diagonal entropy  $S(\tau)$ (bits)"),
            ],
            num_curves=(None, None), cmap="magma", curve_color="#f2c230", contours=False,
            figure=figure,
        )  # fmt: skip
    if number == "fig6":
        return plot_transition(data, figure=figure)
    return plot_scaling(data, figure=figure)
