"""The paper's figures by number: how each is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rzqiskit.schema import provenance
from rzqiskit.validation import check_choice

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FIGURES", "reproduce_figure"]

FIGURES = ("fig2", "fig3", "fig4", "fig5", "fig6", "fig7")
"""Fig. 1 is a sketch."""


def reproduce_figure(
    figure: str, *, shots: int = 4096, seed: int = 7, num_threads: int | None = None
) -> xr.DataTree:
    """Return the data of one of the paper's figures, exact and as measured on circuits.

    Args:
        figure: one of `FIGURES`.
        shots: shots of each circuit.
        seed: fixes them.
        num_threads: threads of the exact solver, all cores when None.

    Returns:
        A tree whose nodes the modules `charging_curves` (Fig. 2), `maps` (3 and 5),
        `final_values` (4), `transition` (6) and `scaling` (7) describe, with the figure's number
        and the versions of everything among its attributes.

    Raises:
        TypeError: shots, a seed or threads that are no integers.
        ValueError: unknown figure, no shots, a negative seed, no threads.

    Examples:
        >>> tree = reproduce_figure("fig6", shots=100)
        >>> transition = tree["spectrum/ordered"].attrs["ground_state_transition"]
        >>> round(transition, 4)
        0.5051
    """
    from rzqiskit.reproduction.measurement import check_options

    check_choice("figure", figure, FIGURES)
    check_options(shots, seed, num_threads)
    options: dict[str, Any] = {"shots": shots, "seed": seed}
    tree: xr.DataTree
    if figure == "fig2":
        from rzqiskit.reproduction.charging_curves import charging_curves

        tree = charging_curves(**options)
    else:
        options["num_threads"] = num_threads
        if figure in ("fig3", "fig5"):
            from rzqiskit.reproduction.maps import amplitude_period_maps

            tree = amplitude_period_maps(**options)
        elif figure == "fig4":
            from rzqiskit.reproduction.final_values import final_value_cuts

            tree = final_value_cuts(**options)
        elif figure == "fig6":
            from rzqiskit.reproduction.transition import transition

            tree = transition(**options)
        else:
            from rzqiskit.reproduction.scaling import scaling

            tree = scaling(**options)
    source = "Guo, Yang, Dou, Phys. Rev. A 109, 032201 (2024)"
    tree.attrs = {
        **tree.attrs,
        **provenance(None, figure=figure, source=source, shots=shots, seed=seed),
    }
    return tree
