"""Checks of Fig. 2 and Eqs. 17-21: how far the printed solution is from the exact one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rzqiskit.analytic import evolve_analytic, paper
from rzqiskit.exact import evolve_exact
from rzqiskit.model import PAIR_COUNTINGS, PairCounting
from rzqiskit.reproduction.claims.claim import (
    FAILS,
    HOLDS,
    Finding,
    across_countings,
    finding_by_counting,
    grade,
    or_below,
    percent,
    round_up,
)
from rzqiskit.reproduction.instances import AMPLITUDES, NUM_QUBITS, PERIOD, paper_battery
from rzqiskit.validation import FloatArray

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "check_average_power",
    "check_diagonal_entropy",
    "check_energy_fluctuation",
    "check_faster_charging",
    "check_half_charge",
    "check_initial_energy",
    "check_instantaneous_power",
    "check_leading_energy",
    "check_no_entanglement",
    "check_power_is_slope",
    "check_second_term",
    "check_stored_energy",
    "check_strong_interaction",
    "check_synchronised",
    "fig2_exact",
]


def _times(num_times: int = 201) -> FloatArray:
    return np.linspace(0.0, PERIOD, num_times)


def fig2_exact(amplitude: float, counting: PairCounting, interaction: float = 2.0) -> xr.Dataset:
    """Return the exact solution of one curve of Fig. 2.

    Args:
        amplitude: v0 / Delta.
        counting: of pairs.
        interaction: lambda.

    Returns:
        See `evolve_exact`; with the squeezing and the entropy of one cell. Solved once; a copy
        each time.
    """
    return _solve_once(amplitude, counting, interaction).copy(deep=True)


@lru_cache(maxsize=16)
def _solve_once(amplitude: float, counting: PairCounting, interaction: float) -> xr.Dataset:
    battery = paper_battery(amplitude=amplitude, pair_counting=counting, interaction=interaction)
    names = (
        "stored_energy", "average_power", "instantaneous_power", "energy_fluctuation",
        "diagonal_entropy", "spin_squeezing", "cell_entropy",
    )  # fmt: skip
    return evolve_exact(battery, _times(), quantities=names)


def _deviation(method: str, name: str, amplitude: float, counting: PairCounting) -> float:
    """Return max |closed form - exact| over 0 < t <= T, relative to the maximum of the exact."""
    battery = paper_battery(amplitude=amplitude, pair_counting=counting)
    exact = fig2_exact(amplitude, counting)[name].values
    form = evolve_analytic(battery, _times(), method=method)[name].values
    return float(np.abs(form - exact)[1:].max() / np.abs(exact).max())


def _agreement(name: str, equation: str, method: str = "paper", remark: str = "") -> Finding:
    verdicts = {}
    numbers: dict[str, float] = {}
    for counting in PAIR_COUNTINGS:
        worst = {v0: _deviation(method, name, v0, counting) for v0 in AMPLITUDES}
        verdicts[counting] = grade(max(worst.values()))
        numbers |= {f"{counting}_{v0:g}": value for v0, value in worst.items()}
    complete = max(
        _deviation("second-order", name, v0, counting)
        for v0 in AMPLITUDES
        for counting in PAIR_COUNTINGS
    )
    numbers["second_order"] = complete
    shown = ", ".join(percent(numbers[f"ordered_{v0:g}"]) for v0 in AMPLITUDES)
    once = max(numbers[f"unordered_{v0:g}"] for v0 in AMPLITUDES)
    return Finding(
        across_countings(verdicts),
        f"Largest deviation of {equation} over time, relative to the maximum: {shown} for "
        f"v0/Delta = 10, 20, 40, 60 (at most {percent(once)} with pairs counted once)."
        f"{remark} The complete second order (`evolve_analytic`, method second-order) is off by at "
        f"most {percent(round_up(complete))}.",
        numbers,
    )


def check_stored_energy() -> Finding:
    """Eq. 17 against the exact E(t)."""
    return _agreement("stored_energy", "Eq. 17")


def check_average_power() -> Finding:
    """Eq. 18 against the exact P(t)."""
    battery = paper_battery(amplitude=10.0)
    exact = fig2_exact(10.0, "ordered")["average_power"].values
    late = _times() >= 0.1 * PERIOD
    deviation = np.abs(paper.average_power(battery, _times()) - exact)[late].max() / exact.max()
    return _agreement(
        "average_power",
        "Eq. 18",
        remark=" It diverges as t -> 0, since Eq. 17 does not vanish; from t = T/10 on it is off "
        f"by {percent(float(deviation))} at v0/Delta = 10.",
    )


def check_energy_fluctuation() -> Finding:
    """Eq. 20 with Eq. 17 against the exact Sigma(t)."""
    return _agreement("energy_fluctuation", "Eq. 20")


def check_diagonal_entropy() -> Finding:
    """Eq. 21 against the exact S(t)."""
    return _agreement("diagonal_entropy", "Eq. 21")


def check_leading_energy() -> Finding:
    """Eq. 22 against the exact E(t)."""
    return _agreement("stored_energy", "Eq. 22", "leading")


def check_initial_energy() -> Finding:
    """Eq. 17 at t = 0, which Eq. 6 makes zero."""
    values = {v0: float(paper.stored_energy(paper_battery(amplitude=v0), [0.0])[0])
              for v0 in AMPLITUDES}  # fmt: skip
    worst = max(abs(value) for value in values.values())
    return Finding(
        HOLDS if worst < 1e-12 * NUM_QUBITS else FAILS,
        f"Eq. 17 gives E(0) = {values[10.0]:.3f} Delta at v0/Delta = 10: the B_n are integrals up "
        "to T inside a function of t.",
        {f"initial_energy_{v0:g}": value for v0, value in values.items()},
    )


def check_second_term() -> Finding:
    """The second term of Eq. 17 as a correction: errors with it and without it."""
    with_it, without = {}, {}
    for v0 in AMPLITUDES:
        with_it[v0] = NUM_QUBITS * _deviation("paper", "stored_energy", v0, "ordered")
        without[v0] = NUM_QUBITS * _deviation("leading", "stored_energy", v0, "ordered")
    scale = {v0: float(fig2_exact(v0, "ordered")["stored_energy"].max()) / NUM_QUBITS
             for v0 in AMPLITUDES}  # fmt: skip
    with_it = {v0: value * scale[v0] for v0, value in with_it.items()}
    without = {v0: value * scale[v0] for v0, value in without.items()}
    helps = [v0 for v0 in AMPLITUDES if with_it[v0] < 0.99 * without[v0]]
    pairs = ", ".join(f"{with_it[v0]:.3f} against {without[v0]:.3f}" for v0 in AMPLITUDES)
    return Finding(
        HOLDS if len(helps) == len(AMPLITUDES) else FAILS,
        f"max |E - E_exact|/Delta with the term and without it: {pairs} for v0/Delta = 10, 20, 40, "
        f"60. It helps at {len(helps)} of the 4.",
        {f"with_{v0:g}": with_it[v0] for v0 in AMPLITUDES}
        | {f"without_{v0:g}": without[v0] for v0 in AMPLITUDES},
    )


def check_instantaneous_power() -> Finding:
    """Eq. 19 as the derivative of Eq. 17."""
    worst = 0.0
    for v0 in AMPLITUDES:
        battery = paper_battery(amplitude=v0)
        times, step = np.linspace(0.02, 0.98, 97) * PERIOD, 1e-6 * PERIOD
        slope = paper.stored_energy(battery, times + step) - paper.stored_energy(
            battery, times - step
        )
        printed = paper.instantaneous_power(battery, times)
        worst = max(worst, float(np.abs(slope / (2.0 * step) - printed).max() / printed.max()))
    return Finding(
        grade(worst, exact=1e-5),
        f"Relative difference {or_below(worst, 1e-6)} by finite differences.",
        {"deviation": worst},
    )


def check_power_is_slope() -> Finding:
    """P_I = dE/dt of the exact solution, so its sign is the direction of the energy."""
    worst = 0.0
    for v0 in AMPLITUDES:
        for counting in PAIR_COUNTINGS:
            battery = paper_battery(amplitude=v0, pair_counting=counting)
            times = np.linspace(0.1, 0.9, 9) * PERIOD
            step = 1e-4 * PERIOD
            around = np.sort(np.concatenate([times - step, times, times + step]))
            exact = evolve_exact(
                battery, around, quantities=("stored_energy", "instantaneous_power"),
                tolerance=1e-12,
            )  # fmt: skip
            energy = exact["stored_energy"].values.reshape(-1, 3)
            power = exact["instantaneous_power"].values.reshape(-1, 3)[:, 1]
            slope = (energy[:, 2] - energy[:, 0]) / (2.0 * step)
            worst = max(worst, float(np.abs(slope - power).max() / np.abs(power).max()))
    return Finding(
        grade(worst, exact=1e-5),
        f"Relative difference {or_below(worst, 1e-5)} by finite differences, at nine times.",
        {"deviation": worst},
    )


def check_no_entanglement() -> Finding:
    """Sec. II: spin squeezing and the entropy of one cell in Fig. 2's evolutions."""
    numbers = {}
    for counting in PAIR_COUNTINGS:
        runs = [fig2_exact(v0, counting) for v0 in AMPLITUDES]
        numbers[f"squeezing_{counting}"] = min(float(run["spin_squeezing"].min()) for run in runs)
        numbers[f"cell_entropy_{counting}"] = max(float(run["cell_entropy"].max()) for run in runs)
    free = fig2_exact(10.0, "ordered", 0.0)
    numbers["cell_entropy_free"] = float(free["cell_entropy"].max())
    weak = fig2_exact(10.0, "ordered")
    numbers["squeezing_10"] = float(weak["spin_squeezing"].min())
    entangled = min(numbers["squeezing_ordered"], numbers["squeezing_unordered"]) < 0.999
    return Finding(
        FAILS if entangled else HOLDS,
        f"The squeezing parameter xi_R^2, below 1 only for entangled cells, reaches "
        f"{numbers['squeezing_10']:.3f} at v0/Delta = 10 ({numbers['squeezing_ordered']:.3f} over "
        f"Fig. 2, {numbers['squeezing_unordered']:.3f} with pairs counted once); one cell has up "
        f"to {numbers['cell_entropy_ordered']:.2f} bit of entanglement with the others. Without "
        f"interaction it is {or_below(numbers['cell_entropy_free'], 1e-6)}. The statement is right "
        "between battery and charger, a classical field, and the state of the battery stays pure.",
        numbers,
    )


def check_faster_charging() -> Finding:
    """Below Eq. 21: the first peak of E(t) against v0."""
    verdicts = {}
    numbers: dict[str, float] = {}
    amplitudes = np.arange(10.0, 61.0, 2.0)
    times = _times(801)
    for counting in PAIR_COUNTINGS:
        peaks = []
        for v0 in amplitudes:
            battery = paper_battery(amplitude=float(v0), pair_counting=counting)
            energy = evolve_exact(
                battery, times, quantities=("stored_energy",), tolerance=1e-8
            )["stored_energy"].values  # fmt: skip
            falls = np.flatnonzero(np.diff(energy) < 0.0)
            peaks.append(times[falls[0]] if falls.size else PERIOD)
        latest_rise = float(np.diff(peaks).max())
        verdicts[counting] = grade(max(latest_rise, 0.0) / PERIOD, exact=1e-9)
        numbers |= {f"first_peak_{counting}_{v0:g}": float(peaks[list(amplitudes).index(v0)])
                    for v0 in AMPLITUDES}  # fmt: skip
    shown = ", ".join(f"{numbers[f'first_peak_ordered_{v0:g}'] / PERIOD:.2f}" for v0 in AMPLITUDES)
    return Finding(
        across_countings(verdicts),
        f"The first peak lies at t/T = {shown} for v0/Delta = 10, 20, 40, 60 and never moves to "
        "later times in between.",
        numbers,
    )


def check_synchronised() -> Finding:
    """Below Eq. 21: rank correlation of Sigma(t) and S(t)."""
    from scipy.stats import spearmanr

    def measure(counting: PairCounting) -> tuple[str, float]:
        runs = [fig2_exact(v0, counting) for v0 in AMPLITUDES]
        ranks = [spearmanr(run["energy_fluctuation"], run["diagonal_entropy"]) for run in runs]
        lowest = min(float(rank.statistic) for rank in ranks)
        return grade(1.0 - lowest), lowest

    return finding_by_counting(
        measure,
        "The rank correlation of Sigma(t) and S(t) is at least {ordered:.3f} ({unordered:.3f} with "
        "pairs counted once).",
    )


def check_half_charge() -> Finding:
    """Below Fig. 2: E_max at v0/Delta = 10 is half of N Delta."""

    def measure(counting: PairCounting) -> tuple[str, float]:
        share = float(fig2_exact(10.0, counting)["maximum_stored_energy"]) / NUM_QUBITS
        return grade(abs(share / 0.5 - 1.0)), share

    return finding_by_counting(
        measure, "E_max = {ordered:.4f} N Delta ({unordered:.4f} with pairs counted once)."
    )


def check_strong_interaction() -> Finding:
    """Eqs. 17, 22 at the interactions of Fig. 7: outside their window."""
    numbers = {}
    strong = (-30.0, -15.0, 15.0, 30.0)
    for lam in (1.0, *strong):
        battery = paper_battery(interaction=lam, amplitude=20.0)
        exact = evolve_exact(battery, _times(), quantities=("stored_energy",))
        for method in ("paper", "leading"):
            form = evolve_analytic(battery, _times(), method=method)["stored_energy"].values
            worst = np.abs(form - exact["stored_energy"].values).max() / NUM_QUBITS
            numbers[f"{method}_{lam:g}"] = float(worst)
    worst = max(numbers[f"{method}_{lam:g}"] for method in ("paper", "leading") for lam in strong)
    values = ", ".join(
        percent(numbers[f"leading_{lam:g}"]) for lam in (*strong[:2], 1.0, *strong[2:])
    )
    return Finding(
        grade(worst),
        "Largest error of Eq. 22 over time in units of N Delta at lambda = -30, -15, 1, 15, 30: "
        f"{values} (Eq. 17 agrees with it at v0 T = 2 pi). T is short in all of them; what must be "
        "small is |lambda| Delta T.",
        numbers,
    )
