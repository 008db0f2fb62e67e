"""Checks of full charging and of the final values: Eqs. 23-27, Figs. 3-5 (Secs. III, IV)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from rzqiskit.analytic import leading
from rzqiskit.exact import evolve_exact
from rzqiskit.model import PAIR_COUNTINGS, PairCounting
from rzqiskit.reproduction.claims.claim import (
    FAILS,
    HOLDS,
    Finding,
    across_countings,
    grade,
    percent,
)
from rzqiskit.reproduction.instances import (
    CUT_PERIODS,
    NUM_QUBITS,
    PERIOD,
    full_charging_amplitude,
    paper_battery,
)
from rzqiskit.reproduction.maps import solve_maps
from rzqiskit.validation import FloatArray

__all__ = [
    "check_consistent_maps",
    "check_energy_and_entropy_extrema",
    "check_energy_and_fluctuation_extrema",
    "check_final_energy",
    "check_final_maximum",
    "check_full_charging",
    "check_no_spread_when_full",
    "check_partial_charging",
    "check_time_of_full_charge",
    "check_time_of_partial_charge",
]

NUM_AMPLITUDES, NUM_PERIODS = 120, 60


@lru_cache(maxsize=1)
def _maps() -> tuple[FloatArray, FloatArray, dict[PairCounting, dict[str, FloatArray]]]:
    """Return v0, T and, for each pair counting, the variables on (amplitude, period)."""
    data = solve_maps(NUM_AMPLITUDES, NUM_PERIODS)
    values = {
        counting: {
            str(name): data[name].sel(pair_counting=counting).values for name in data.data_vars
        }
        for counting in PAIR_COUNTINGS
    }
    return data["drive_amplitude"].values, data["drive_period"].values, values


def _areas() -> FloatArray:
    amplitudes, periods, _ = _maps()
    return amplitudes[:, None] * periods


def _worst(deviations: Mapping[PairCounting, float], text: str, **limits: float) -> Finding:
    verdict = across_countings({name: grade(value, **limits) for name, value in deviations.items()})
    return Finding(
        verdict,
        text.format(percent(deviations["ordered"]), percent(deviations["unordered"])),
        deviations,
    )


def check_full_charging() -> Finding:
    """Eq. 23: E_max = N Delta for v0 T >= 2 pi."""
    region = _areas() >= 2.0 * math.pi
    missing = {
        name: float((1.0 - values["maximum_stored_energy"] / NUM_QUBITS)[region].max())
        for name, values in _maps()[2].items()
    }
    return _worst(
        missing,
        "E_max misses N Delta by at most {} over the region ({} with pairs counted once), most at "
        "long periods near its edge.",
    )


def check_partial_charging() -> Finding:
    """Eq. 23: E_max = (N Delta/2)(1 - cos(v0 T/2)) for v0 T < 2 pi, so the battery is not full."""
    areas = _areas()
    region = areas < 2.0 * math.pi
    printed = 0.5 * (1.0 - np.cos(0.5 * areas))
    deviations = {
        name: float(np.abs(values["maximum_stored_energy"] / NUM_QUBITS - printed)[region].max())
        for name, values in _maps()[2].items()
    }
    return _worst(
        deviations,
        "Eq. 23 is off by at most {} of N Delta below the curve v0 T = 2 pi ({} with pairs counted "
        "once).",
        tolerable=0.1,
    )


def check_final_energy() -> Finding:
    """Eq. 25 against the exact E(tau), over the whole map."""
    printed = 0.5 * (1.0 - np.cos(0.5 * _areas()))
    deviations = {
        name: float(np.abs(values["final_stored_energy"] / NUM_QUBITS - printed).max())
        for name, values in _maps()[2].items()
    }
    return _worst(
        deviations,
        "Eq. 25 is off by at most {} of N Delta over the map ({} with pairs counted once).",
        tolerable=0.1,
    )


def _peaks(x: FloatArray, y: FloatArray) -> Iterator[float]:
    """Yield where the parabola through each inner local maximum of samples is highest."""
    inner = np.flatnonzero((y[1:-1] >= y[:-2]) & (y[1:-1] > y[2:])) + 1
    for i in inner:
        curvature = y[i - 1] - 2.0 * y[i] + y[i + 1]
        shift = 0.5 * (y[i - 1] - y[i + 1]) / curvature if curvature else 0.0
        yield float(x[i] + shift * (x[1] - x[0]))


def check_final_maximum() -> Finding:
    """Below Eq. 25: E(tau) has its maxima at v0 T = (4n + 2) pi."""
    amplitudes, periods, values = _maps()
    deviations, number = {}, 0
    # Those that a sample on either side of the curve encloses.
    last = amplitudes[-2]
    expected = 2 * sum(int((last * period / math.pi + 2.0) // 4.0) for period in periods)
    for name, maps in values.items():
        worst = 0.0
        for column, period in enumerate(periods):
            for peak in _peaks(amplitudes, maps["final_stored_energy"][:, column]):
                cycles = peak * period / (4.0 * math.pi) - 0.5
                worst = max(worst, float(abs(cycles - round(cycles))))
                number += 1
        deviations[name] = worst
    if number < expected:
        deviations = dict.fromkeys(deviations, math.inf)
    return _worst(
        deviations,
        f"Over v0, {number} maxima of E(tau) in all for {expected} expected: the farthest lies "
        "{} of a cycle of 4 pi from v0 T = (4n + 2) pi ({} with pairs counted once).",
    )


def _extrema(partner: str) -> dict[PairCounting, float]:
    """Return the largest distance, in cycles, of a maximum of E(tau) from a minimum of `partner`.

    Along v0 at every period of the map, refined by parabolas.
    """
    amplitudes, periods, values = _maps()
    deviations = {}
    for name, maps in values.items():
        worst = 0.0
        for column, period in enumerate(periods):
            energy = list(_peaks(amplitudes, maps["final_stored_energy"][:, column]))
            minima = np.array(list(_peaks(amplitudes, -maps[partner][:, column])))
            for peak in energy:
                nearest = float(np.abs(minima - peak).min()) if minima.size else math.inf
                worst = max(worst, float(nearest * period / (4.0 * math.pi)))
        deviations[name] = worst
    return deviations


def check_energy_and_fluctuation_extrema() -> Finding:
    """Sec. IV: local maxima of E(tau) at local minima of Sigma(tau)."""
    return _worst(
        _extrema("final_energy_fluctuation"),
        "Every maximum of E(tau) over v0 has a minimum of Sigma(tau) within {} of a cycle of 4 pi "
        "in v0 T ({} with pairs counted once).",
    )


def check_energy_and_entropy_extrema() -> Finding:
    """Sec. IV: local maxima of E(tau) at local minima of S(tau)."""
    return _worst(
        _extrema("final_diagonal_entropy"),
        "Every maximum of E(tau) over v0 has a minimum of S(tau) within {} of a cycle of 4 pi in "
        "v0 T ({} with pairs counted once).",
    )


def check_no_spread_when_full() -> Finding:
    """Eqs. 26, 27: Sigma(tau) = S(tau) = 0 at v0 T = (4n + 2) pi."""
    numbers: dict[str, float] = {}
    for counting in PAIR_COUNTINGS:
        sigma = entropy = 0.0
        for period in CUT_PERIODS:
            n = 0
            while full_charging_amplitude(period, n) <= 60.0 * (1.0 + 1e-9):
                battery = paper_battery(
                    amplitude=full_charging_amplitude(period, n), period=period,
                    pair_counting=counting,
                )  # fmt: skip
                exact = evolve_exact(
                    battery, [period], quantities=("energy_fluctuation", "diagonal_entropy")
                )
                sigma = max(sigma, float(exact["final_energy_fluctuation"]))
                entropy = max(entropy, float(exact["final_diagonal_entropy"]))
                n += 1
        numbers |= {f"fluctuation_{counting}": sigma, f"entropy_{counting}": entropy}
    largest = 0.5 * math.sqrt(NUM_QUBITS)
    verdicts = {name: grade(numbers[f"fluctuation_{name}"] / largest) for name in PAIR_COUNTINGS}
    return Finding(
        across_countings(verdicts),
        f"There Sigma(tau) is up to {numbers['fluctuation_ordered']:.2f} Delta and S(tau) up to "
        f"{numbers['entropy_ordered']:.2f} bit ({numbers['fluctuation_unordered']:.2f} and "
        f"{numbers['entropy_unordered']:.2f} with pairs counted once), against {largest:.2f} and "
        "2.71 at the top of Eqs. 26 and 27: minima, but not zeros.",
        numbers,
    )


def _first_peak(battery: Any) -> float:
    period = battery.drive.duration
    times = np.linspace(0.0, period, 1601)
    energy = evolve_exact(battery, times, quantities=("stored_energy",), tolerance=1e-9)
    return next(_peaks(times, energy["stored_energy"].values), period)


def check_time_of_full_charge() -> Finding:
    """Eq. 24 with n = 0 against the first peak of the exact E(t), v0 T > 2 pi."""
    deviations = {}
    for counting in PAIR_COUNTINGS:
        worst = 0.0
        for v0 in np.arange(24.0, 61.0, 4.0):
            battery = paper_battery(amplitude=float(v0), pair_counting=counting)
            root = leading.time_of_maximum_stored_energy(battery)
            worst = max(worst, abs(_first_peak(battery) - root) / PERIOD)
        deviations[counting] = worst
    return _worst(
        deviations,
        "The first peak of E(t) is off the root of Eq. 24 by at most {} of T ({} with pairs "
        "counted once).",
    )


def check_time_of_partial_charge() -> Finding:
    """Below Eq. 23: t_max = T for v0 T < 2 pi."""
    _, periods, values = _maps()
    areas = _areas()
    verdicts = {}
    numbers: dict[str, float] = {}
    for counting, maps in values.items():
        early = maps["time_of_maximum_stored_energy"] < periods * (1.0 - 1e-6)
        partial = areas < 2.0 * math.pi * (1.0 - 1e-9)
        numbers[f"share_{counting}"] = float(early[partial].mean())
        numbers[f"smallest_area_{counting}"] = float(areas[partial & early].min(initial=math.inf))
        numbers[f"largest_lead_{counting}"] = float(
            (1.0 - maps["time_of_maximum_stored_energy"] / periods)[partial].max()
        )
        verdicts[counting] = HOLDS if numbers[f"share_{counting}"] == 0.0 else FAILS
    return Finding(
        across_countings(verdicts),
        "The peak comes before T in "
        f"{percent(numbers['share_ordered'])} of the region ({percent(numbers['share_unordered'])} "
        f"with pairs counted once), by up to {percent(numbers['largest_lead_ordered'])} of T, "
        f"where v0 T is above {numbers['smallest_area_ordered'] / math.pi:.2f} pi: at the end of "
        "the pulse f vanishes and Delta and the interaction alone act.",
        numbers,
    )


def check_consistent_maps() -> Finding:
    """Fig. 5: rank correlation of Sigma(tau) and S(tau) over the map."""
    from scipy.stats import spearmanr

    numbers = {
        name: float(
            spearmanr(
                maps["final_energy_fluctuation"].ravel(), maps["final_diagonal_entropy"].ravel()
            ).statistic
        )
        for name, maps in _maps()[2].items()
    }
    return Finding(
        across_countings({name: grade(1.0 - value) for name, value in numbers.items()}),
        f"Their rank correlation over the map is {numbers['ordered']:.3f} "
        f"({numbers['unordered']:.3f} with pairs counted once).",
        numbers,
    )
