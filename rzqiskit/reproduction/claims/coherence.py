"""Checks of what the paper says about coherence (Secs. II, III)."""

from __future__ import annotations

import math

import numpy as np

from rzqiskit.model import PAIR_COUNTINGS, PairCounting
from rzqiskit.reproduction.claims.agreement import fig2_exact
from rzqiskit.reproduction.claims.claim import (
    FAILS,
    HOLDS,
    Finding,
    across_countings,
    finding_by_counting,
    grade,
    or_below,
)
from rzqiskit.reproduction.claims.operators import final_state
from rzqiskit.reproduction.instances import AMPLITUDES, NUM_QUBITS, paper_battery
from rzqiskit.validation import FloatArray

__all__ = [
    "check_coherence_and_amplitude",
    "check_coherence_with_energy",
    "check_entropy_is_coherence",
]


def _entropy(probabilities: FloatArray) -> float:
    positive = probabilities[probabilities > 0.0]
    return float(-(positive * np.log2(positive)).sum())


def check_entropy_is_coherence() -> Finding:
    """Below Eq. 10: C = S(rho_diag) - S_vN(rho) = S, in the Dicke basis and in the cells'."""
    worst, von_neumann, gap = 0.0, 0.0, 0.0
    for v0 in AMPLITUDES:
        state = final_state(paper_battery(amplitude=v0))
        density = np.outer(state, state.conj())
        density /= np.trace(density).real
        mixedness = _entropy(np.linalg.eigvalsh(density).clip(0.0))
        entropy = float(fig2_exact(v0, "ordered")["final_diagonal_entropy"])
        populations = np.diag(density).real
        worst = max(worst, abs(_entropy(populations) - mixedness - entropy))
        von_neumann = max(von_neumann, mixedness)
        multiplicity = [math.log2(math.comb(NUM_QUBITS, k)) for k in range(NUM_QUBITS + 1)]
        gap = max(gap, float(populations @ np.array(multiplicity)))
    return Finding(
        grade(worst, exact=1e-6),
        f"S_vN of the battery is {or_below(von_neumann, 1e-6)} bit, so the relative entropy of "
        "coherence is S, in the basis of the N + 1 Dicke levels. In that of the 2^N bit strings it "
        f"is another number, up to {gap:.1f} bit more at t = T.",
        {"deviation": worst, "bit_string_excess": gap},
    )


def check_coherence_with_energy() -> Finding:
    """Below Eq. 21: at v0/Delta = 10 S(t) grows with E(t)."""
    from scipy.stats import spearmanr

    def measure(counting: PairCounting) -> tuple[str, float]:
        exact = fig2_exact(10.0, counting)
        rank = float(spearmanr(exact["diagonal_entropy"], exact["stored_energy"]).statistic)
        return grade(1.0 - rank), rank

    return finding_by_counting(
        measure,
        "The rank correlation of S(t) and E(t) is {ordered:.4f} ({unordered:.4f} with pairs "
        "counted once).",
    )


def check_coherence_and_amplitude() -> Finding:
    """Below Eq. 21: S_max and the largest P_I both grow with v0."""
    verdicts = {}
    numbers: dict[str, float] = {}
    for counting in PAIR_COUNTINGS:
        runs = [fig2_exact(v0, counting) for v0 in AMPLITUDES]
        entropy = [float(run["maximum_diagonal_entropy"]) for run in runs]
        power = [float(run["maximum_instantaneous_power"]) for run in runs]
        for v0, bits, rate in zip(AMPLITUDES, entropy, power, strict=True):
            numbers |= {f"entropy_{counting}_{v0:g}": bits, f"power_{counting}_{v0:g}": rate}
        grows = bool((np.diff(entropy) > 0.0).all() and (np.diff(power) > 0.0).all())
        verdicts[counting] = HOLDS if grows else FAILS

    def values(name: str, counting: str, digits: int) -> str:
        return ", ".join(f"{numbers[f'{name}_{counting}_{v0:g}']:.{digits}f}" for v0 in AMPLITUDES)

    return Finding(
        across_countings(verdicts),
        f"S_max is {values('entropy', 'ordered', 3)} bit and the largest P_I "
        f"{values('power', 'ordered', 0)} Delta^2 for v0/Delta = 10, 20, 40, 60 (S_max "
        f"{values('entropy', 'unordered', 3)} with pairs counted once): the power grows, the "
        "entropy hardly changes.",
        numbers,
    )
