r"""The metrics of a measured run, by each way of mitigation.

Readout errors are undone by the run's own calibration; zero-noise extrapolation starts from there,
in the factors by which circuits were folded or, guided, along what their J^2 shows of the noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from rzqiskit.estimation import estimate_metrics, estimate_total_spin_squared
from rzqiskit.mitigation import (
    extrapolate_guided_metrics,
    extrapolate_metrics,
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
    if mitigation == "guided" and extrapolation != "exponential":
        raise ValueError(
            f"`extrapolation` must be 'exponential' when guided, got {extrapolation!r}."
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
    if mitigation == "zero_noise" and number < EXTRAPOLATIONS[extrapolation]:
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
    if mitigation == "zero_noise" and len(purpose.get("noise_factors", [1.0])) < 2:
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
) -> Estimates:
    """Return metrics and their errors at all times, NaN where they are not known.

    Args:
        run: what was measured.
        mitigation: checked by `check_circuits`, as the other arguments.
        readout_method: how readout errors are undone.
        extrapolation: the curve in the noise.

    Returns:
        name -> (values, standard errors) of what the mitigation gives, and `total_spin_squared`
        where it was measured.
    """
    mthree = readout_method == "mthree"
    drive = np.asarray(run.battery.drive.value(run.time))

    def estimate(basis: str, members: list[int], key: Any) -> Estimates | None:
        qubits, extrapolated = key
        if mitigation != "none" and qubits not in run.readouts:  # not there yet
            return None
        rows: Any = slice(None) if extrapolated else 0
        arguments: dict[str, Any] = {
            "level_splitting": run.battery.level_splitting,
            "times": run.time[members],
        }
        guided = extrapolated and mitigation == "guided"
        if basis == "y" or guided:
            arguments |= {
                "counts_y": run.select("y", rows, members, mthree=mthree),
                "drive_values": drive[members],
            }
        z = run.select("guide" if guided else "z", rows, members, mthree=mthree)
        if mitigation == "none":
            return estimate_metrics(z, **arguments)  # type: ignore[arg-type]  # no mthree
        readout = run.readouts[qubits]
        if not extrapolated:
            return mitigate_metrics(z, readout, **arguments)
        if guided:
            x = run.select("x", rows, members, mthree=mthree)
            return extrapolate_guided_metrics(z, counts_x=x, readout=readout, **arguments)
        factors = run.factors(basis)[:, members]
        return extrapolate_metrics(factors, z, readout=readout, method=extrapolation, **arguments)

    keys = _keys(run, mitigation)
    estimates = estimate_in_groups(estimate, keys, num_qubits=run.battery.num_qubits)
    if mitigation in ("zero_noise", "guided"):
        estimates = {name: estimates[name] for name in _EXTRAPOLATED}
    if "x" in run.bases:
        estimates["total_spin_squared"] = _total_spin(run, mitigation, mthree)
    return estimates


def _keys(run: MeasuredRun, mitigation: Mitigation) -> dict[str, list[Any]]:
    """Return for each basis and time the qubits and whether to extrapolate; None if unknown."""
    keys: dict[str, list[Any]] = {}
    for basis in ("z", "y"):
        needed = (*run.bases, "guide") if mitigation == "guided" else ("z", basis)
        known = np.logical_and.reduce([run.known(name) for name in needed])
        extrapolated = np.zeros(run.time.size, dtype=bool)
        if mitigation in ("zero_noise", "guided"):
            extrapolated = run.folded(basis)
        if mitigation == "guided" and run.noise_factors.size == 1:
            extrapolated = run.entangled(basis)  # J^2 guides without folded circuits too
        ready = np.where(extrapolated, known.all(axis=0), known[0])
        keys[basis] = [
            (qubits, bool(extrapolated[index])) if ready[index] else None
            for index, qubits in enumerate(run.qubits(basis))
        ]
    return keys


def _total_spin(
    run: MeasuredRun, mitigation: Mitigation, mthree: bool
) -> tuple[FloatArray, FloatArray]:
    """Return <J^2> of the circuits as they stand and its error, NaN where it is not known."""
    value, error = np.full(run.time.size, np.nan), np.full(run.time.size, np.nan)
    bases = ("x", "y", "guide")
    known = np.logical_and.reduce([run.known(basis)[0] for basis in bases])
    for index, qubits in enumerate(run.qubits("z")):
        if not known[index] or (mitigation != "none" and qubits not in run.readouts):
            continue
        x, y, z = (run.select(basis, 0, [index], mthree=mthree) for basis in bases)
        if mitigation == "none":
            found = estimate_total_spin_squared(x, y, z)  # type: ignore[arg-type]  # no mthree
        else:
            found = mitigate_total_spin_squared(x, y, z, run.readouts[qubits])
        value[index], error[index] = found[0][0], found[1][0]
    return value, error
