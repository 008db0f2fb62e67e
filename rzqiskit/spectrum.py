"""Levels of the undriven battery: ground state, gap, and where the ground state changes.

Without a pulse H = Delta Jz + g Jz^2 is diagonal in the Dicke basis, so everything here is exact
and in closed form (our derivation). With m = k - N/2 the levels are

    epsilon_k = Delta m + g m^2,

a parabola sampled at integers. For g <= 0 its lowest point is m = -N/2; for g > 0 it is the integer
step nearest to -Delta / 2g, and the ground state first leaves m = -N/2 where epsilon_1 = epsilon_0,
at g = Delta / (N - 1).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rzqiskit.model import MAX_QUBITS, PAIR_COUNTINGS, PairCounting
from rzqiskit.schema import make_dataset, provenance
from rzqiskit.validation import (
    FloatArray,
    check_choice,
    check_integer,
    check_non_negative,
    check_times,
)

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["ground_state_transition", "undriven_spectrum"]

MAX_LISTED_LEVELS = 4096


def ground_state_transition(
    num_qubits: int, *, level_splitting: float = 1.0, pair_counting: PairCounting = "ordered"
) -> float:
    """Return the interaction at which the ground state leaves m = -N/2, an energy.

    With each pair counted twice (Eq. 4 as printed) it lies at eta = N Delta / (2 (N - 1)), counted
    once at eta = N Delta / (N - 1): lambda = 1/2 or 1 for many cells, and the paper's lambda = 1
    belongs to the second.

    Args:
        num_qubits: N, at most `MAX_QUBITS`; one cell has no interaction and no transition.
        level_splitting: Delta, energy.
        pair_counting: "ordered" or "unordered".

    Returns:
        eta at the transition; infinite for N = 1.

    Raises:
        ValueError: an argument out of range.

    Examples:
        >>> round(ground_state_transition(100), 4)
        0.5051
        >>> round(ground_state_transition(100, pair_counting="unordered"), 4)
        1.0101
    """
    num_qubits = check_integer("num_qubits", num_qubits, minimum=1, maximum=MAX_QUBITS)
    delta = check_non_negative("level_splitting", level_splitting)
    factor = _pair_factor(pair_counting)
    if num_qubits == 1:
        return math.inf
    return num_qubits * delta / (factor * (num_qubits - 1))


def undriven_spectrum(
    num_qubits: int,
    interaction: npt.ArrayLike,
    *,
    level_splitting: float = 1.0,
    pair_counting: PairCounting = "ordered",
) -> xr.Dataset:
    """Return ground state, first excited state, gap and order parameter against the interaction.

    Args:
        num_qubits: N, at most `MAX_QUBITS`.
        interaction: eta, shape (num_interactions,), strictly increasing, energy.
        level_splitting: Delta, energy.
        pair_counting: "ordered" (g = 2 eta/N) or "unordered" (g = eta/N).

    Returns:
        Dataset on the dim `interaction`: `ground_state_energy`, `first_excited_energy`,
        `energy_gap` (energy), `order_parameter` <Jz>/(N/2) of the ground state (the lower level
        where two are degenerate), and all `level_energy` (interaction, excitations) for at most
        `MAX_LISTED_LEVELS` cells. The attribute `ground_state_transition` is its eta.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range.

    Examples:
        >>> spectrum = undriven_spectrum(100, [0.5, 2.0], pair_counting="unordered")
        >>> spectrum.order_parameter.values.tolist()
        [-1.0, -0.5]
    """
    num_qubits = check_integer("num_qubits", num_qubits, minimum=1, maximum=MAX_QUBITS)
    eta = check_times(interaction, name="interaction", minimum=None)
    delta = check_non_negative("level_splitting", level_splitting)
    factor, half = _pair_factor(pair_counting), 0.5 * num_qubits
    strongest = max(eta, key=abs)
    if not math.isfinite(2.0 * half * (delta + factor * abs(float(strongest)))):
        raise ValueError(
            f"`interaction` and `level_splitting` must leave the levels finite, got {strongest:g} "
            f"and {delta:g} for {num_qubits} cells."
        )
    g = factor * eta / num_qubits
    ground, excited = _lowest_two(num_qubits, delta, g)

    def energy(k: npt.NDArray[np.int64]) -> FloatArray:
        m = k.astype(np.float64) - half
        return delta * m + g * m * m

    along = ("interaction",)
    variables: dict[str, tuple[tuple[str, ...], Any]] = {
        "ground_state_energy": (along, energy(ground)),
        "first_excited_energy": (along, energy(excited)),
        # The difference of the two parabola points: no cancellation between large energies.
        "energy_gap": (
            along,
            (excited - ground) * (delta + g * (ground + excited - num_qubits)),
        ),
        "order_parameter": (along, (ground - half) / half),
    }
    coords: dict[str, tuple[tuple[str, ...], Any]] = {"interaction": (along, eta)}
    if num_qubits <= MAX_LISTED_LEVELS:
        k = np.arange(num_qubits + 1)
        levels = delta * (k - half) + g[:, None] * (k - half) ** 2
        variables["level_energy"] = ((*along, "excitations"), levels)
        coords["excitations"] = (("excitations",), k)
    transition = ground_state_transition(
        num_qubits, level_splitting=delta, pair_counting=pair_counting
    )
    attrs = provenance(
        None,
        solver="exact",
        num_qubits=num_qubits,
        level_splitting=delta,
        pair_counting=pair_counting,
        ground_state_transition=transition,
    )
    return make_dataset(variables, coords, attrs)


def _pair_factor(pair_counting: PairCounting) -> float:
    return 2.0 if check_choice("pair_counting", pair_counting, PAIR_COUNTINGS) == "ordered" else 1.0


def _lowest_two(
    num_qubits: int, delta: float, g: FloatArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the excitations of the two lowest levels; the lower k first where degenerate."""
    half = 0.5 * num_qubits
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = np.where(g > 0.0, half - delta / (2.0 * g), 0.0)
    nearest = np.floor(np.clip(vertex, 0.0, num_qubits)).astype(np.int64)
    # A parabola that opens upwards has its two lowest integers beside the vertex, one that opens
    # downwards at the ends; g = 0 is a line.
    offsets = np.arange(-1, 3)
    candidates = np.concatenate(
        [
            nearest[:, None] + offsets,
            np.broadcast_to([0, 1, num_qubits - 1, num_qubits], (g.size, 4)),
        ],
        axis=1,
    )
    candidates = np.sort(np.clip(candidates, 0, num_qubits), axis=1)
    # Against a level next to the vertex: wide batteries' energies agree in all their digits there.
    rise = delta + g[:, None] * (candidates + nearest[:, None] - num_qubits)
    energies = (candidates - nearest[:, None]) * rise
    repeated = np.zeros(candidates.shape, dtype=bool)
    repeated[:, 1:] = candidates[:, 1:] == candidates[:, :-1]
    energies[repeated] = np.inf
    order = np.argsort(energies, axis=1, kind="stable")
    rows = np.arange(g.size)
    return candidates[rows, order[:, 0]], candidates[rows, order[:, 1]]
