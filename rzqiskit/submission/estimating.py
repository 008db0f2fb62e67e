r"""The metrics of a measured run, by each way of mitigation.

Readout errors are undone by the run's own calibration; zero-noise extrapolation starts from there,
in the factors by which circuits were folded or, guided, in the noise that their J^2 shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from rzqiskit.estimation import estimate_metrics, estimate_total_spin_squared
from rzqiskit.mitigation import (
    extrapolate_metrics,
    guide_noise,
    mitigate_metrics,
    mitigate_total_spin_squared,
)
from rzqiskit.mitigation.zero_noise import Extrapolation
from rzqiskit.submission.grouping import Estimates, estimate_in_groups
from rzqiskit.submission.measured import MeasuredRun
from rzqiskit.validation import FloatArray, check_choice

__all__ = [
    "EXTRAPOLATIONS",
    "MITIGATIONS",
    "READOUT_METHODS",
    "Mitigation",
    "ReadoutMethod",
    "check_circuits",
    "check_methods",
    "estimate_run",
    "possible_mitigations",
]

Mitigation = Literal["none", "readout", "zero_noise", "guided"]
ReadoutMethod = Literal["inversion", "mthree"]
MITIGATIONS: tuple[Mitigation, ...] = ("none", "readout", "zero_noise", "guided")
READOUT_METHODS: tuple[ReadoutMethod, ...] = ("inversion", "mthree")
# name -> noise factors that it needs
EXTRAPOLATIONS: dict[Extrapolation, int] = {
    "exponential": 2, "linear": 2, "quadratic": 3, "richardson": 2,
}  # fmt: skip

# What zero-noise extrapolation gives: populations and entropy are no means of fixed operators.
_EXTRAPOLATED = ("stored_energy", "average_power", "energy_fluctuation", "instantaneous_power")
# A J^2 within so many standard errors of that of the fully mixed state guides nothing.
_LOST = 2.0


def possible_mitigations(purpose: Mapping[str, Any]) -> tuple[Mitigation, ...]:
    """Return the ways of mitigation that the circuits of a run allow.

    Args:
        purpose: as its folder records it.
    """
    return tuple(name for name in MITIGATIONS if not _missing(purpose, name))


def check_methods(mitigation: Any, readout_method: Any, extrapolation: Any) -> None:
    """Refuse names of methods that there are not, or that do not go together.

    Raises:
        ValueError: the message lists the names.
    """
    check_choice("mitigation", mitigation, MITIGATIONS)
    check_choice("readout_method", readout_method, READOUT_METHODS)
    check_choice("extrapolation", extrapolation, tuple(EXTRAPOLATIONS))
    if mitigation == "none" and readout_method != "inversion":
        raise ValueError(
            f"`readout_method` must be left out without mitigation, got {readout_method!r}."
        )


def check_circuits(
    purpose: Mapping[str, Any], mitigation: Mitigation, extrapolation: Extrapolation
) -> None:
    """Refuse a mitigation that the circuits of a run do not allow.

    Raises:
        ValueError: the message says what had to be submitted.
    """
    missing = _missing(purpose, mitigation)
    if missing:
        raise ValueError(
            f"`mitigation` must be {_listed(possible_mitigations(purpose))} for a run without "
            f"{missing}"
        )
    number = len(purpose.get("noise_factors", [1.0]))
    if mitigation in ("zero_noise", "guided") and number < EXTRAPOLATIONS[extrapolation]:
        raise ValueError(
            f"`extrapolation` must do with the run's {number} noise factors, got "
            f"{extrapolation!r}, which needs {EXTRAPOLATIONS[extrapolation]}."
        )


def _listed(names: Sequence[str]) -> str:
    quoted = [repr(name) for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _missing(purpose: Mapping[str, Any], mitigation: Mitigation) -> str:
    """Return what a run lacks for a mitigation, and how it is submitted."""
    if mitigation == "none":
        return ""
    if not purpose["readout_calibration"]:
        return (
            "readout calibration: submit with readout_calibration=True, the default (without "
            "--no-calibration)."
        )
    if mitigation == "readout":
        return ""
    if len(purpose.get("noise_factors", [1.0])) < 2:
        return "folded circuits: submit with noise_factors=(1, 3, 5) (--noise-factors 1,3,5)."
    if mitigation == "guided" and not purpose.get("total_spin", False):
        return "circuits in the X basis: submit with total_spin=True (--total-spin)."
    return ""


def estimate_run(
    run: MeasuredRun,
    mitigation: Mitigation,
    *,
    readout_method: ReadoutMethod = "inversion",
    extrapolation: Extrapolation = "exponential",
) -> tuple[Estimates, dict[str, int]]:
    """Return metrics and their errors at all times, NaN where they are not known.

    Args:
        run: what was measured.
        mitigation: checked by `check_circuits`, as the other arguments.
        readout_method: how readout errors are undone.
        extrapolation: the curve in the noise.

    Returns:
        name -> (values, standard errors) of what the mitigation gives, and `total_spin_squared`
        where it was measured; and what else is to be told: ``lost_guides``, the number of
        circuits whose J^2 was too small to guide, left out of the extrapolation.
    """
    mthree = readout_method == "mthree"
    spin = _total_spins(run, mitigation, mthree)
    notes: dict[str, int] = {}
    used: Any = np.ones((run.noise_factors.size, run.time.size), dtype=bool)
    if mitigation == "guided":
        used, notes["lost_guides"] = _guides(run, spin)
    drive = np.asarray(run.battery.drive.value(run.time))

    def estimate(basis: str, members: list[int], key: Any) -> Estimates | None:
        qubits, rows = key
        if mitigation != "none" and qubits not in run.readouts:  # not there yet
            return None
        chosen: Any = np.array(rows) if rows else 0
        arguments: dict[str, Any] = {
            "level_splitting": run.battery.level_splitting,
            "times": run.time[members],
        }
        if basis == "y":
            arguments |= {
                "counts_y": run.select("y", chosen, members, mthree=mthree),
                "drive_values": drive[members],
            }
        z = run.select("z", chosen, members, mthree=mthree)
        if mitigation == "none":
            return estimate_metrics(z, **arguments)  # type: ignore[arg-type]  # no mthree
        if not rows:
            return mitigate_metrics(z, run.readouts[qubits], **arguments)
        place = np.ix_(rows, members)
        noise, error = run.factors(basis)[place], np.zeros(())
        if mitigation == "guided":
            half = 0.5 * run.battery.num_qubits
            noise, error = guide_noise(
                spin[0][place], spin[1][place], ideal=half * (half + 1.0), mixed=1.5 * half
            )
        return extrapolate_metrics(
            noise, z, readout=run.readouts[qubits], method=extrapolation, noise_stderr=error,
            **arguments,
        )  # fmt: skip

    keys = _keys(run, mitigation, used, EXTRAPOLATIONS[extrapolation])
    estimates = estimate_in_groups(estimate, keys, num_qubits=run.battery.num_qubits)
    if mitigation in ("zero_noise", "guided"):
        estimates = {name: estimates[name] for name in _EXTRAPOLATED}
    if "x" in run.bases:
        estimates["total_spin_squared"] = (spin[0][0], spin[1][0])
    return estimates, notes


def _keys(run: MeasuredRun, mitigation: Mitigation, used: Any, least: int) -> dict[str, list[Any]]:
    """Return for each basis and time the qubits and the rows of noise factors, or None."""
    extrapolates = mitigation in ("zero_noise", "guided")
    keys: dict[str, list[Any]] = {}
    for basis in ("z", "y"):
        needed = run.bases if mitigation == "guided" else ("z", basis)
        known = np.logical_and.reduce([run.known(name) for name in needed])
        extrapolated = run.folded(basis) & extrapolates
        keys[basis] = []
        for index, qubits in enumerate(run.qubits(basis)):
            rows = tuple(np.flatnonzero(used[:, index]).tolist())
            if not extrapolated[index]:
                keys[basis].append((qubits, ()) if known[0, index] else None)
            elif known[:, index].all() and len(rows) >= least:
                keys[basis].append((qubits, rows))
            else:
                keys[basis].append(None)
    return keys


def _total_spins(
    run: MeasuredRun, mitigation: Mitigation, mthree: bool
) -> tuple[FloatArray, FloatArray]:
    """Return <J^2> and its error by noise factor and time, NaN where it is not known."""
    shape = (run.noise_factors.size, run.time.size)
    value, error = np.full(shape, np.nan), np.full(shape, np.nan)
    if "x" not in run.bases:
        return value, error
    known = np.logical_and.reduce([run.known(basis) for basis in ("x", "y", "z")])
    for index, qubits in enumerate(run.qubits("z")):
        rows = np.flatnonzero(known[:, index])
        if not rows.size or (mitigation != "none" and qubits not in run.readouts):
            continue
        x, y, z = (run.select(basis, rows, [index], mthree=mthree) for basis in ("x", "y", "z"))
        if mitigation == "none":
            found = estimate_total_spin_squared(x, y, z)  # type: ignore[arg-type]  # no mthree
        else:
            found = mitigate_total_spin_squared(x, y, z, run.readouts[qubits])
        value[rows, index], error[rows, index] = found[0][:, 0], found[1][:, 0]
    return value, error


def _guides(run: MeasuredRun, spin: tuple[FloatArray, FloatArray]) -> tuple[Any, int]:
    """Return which circuits have a J^2 that can guide, and how many have lost it."""
    value, error = spin
    with np.errstate(invalid="ignore"):
        used = value - 0.75 * run.battery.num_qubits > _LOST * error
    lost = np.isfinite(value) & ~used & (run.folded("z") | run.folded("y"))
    return used, int(lost.sum())
