"""Every checkable statement of the paper: where it stands, what was tried, and the verdict.

Guo, Yang, Dou, Phys. Rev. A 109, 032201 (2024). `recorded` is the verdict that was found when the
claim was entered; `rzqiskit validate` computes it anew and reports a change. Unless a claim says
otherwise, N = 10, lambda = 2, Delta T = 0.1 pi and v0/Delta = 10, 20, 40, 60 as in Fig. 2, with
pairs counted twice (Eq. 4) and once.
"""

from __future__ import annotations

from rzqiskit.reproduction.claims import (
    agreement,
    charging,
    coherence,
    formulas,
    interactions,
    spread,
)
from rzqiskit.reproduction.claims.claim import Claim

__all__ = ["CLAIMS"]

_FIG2 = "v0/Delta = 10, 20, 40, 60; 201 times; both pair countings"
_MAP = "0 < v0/Delta <= 60, 0 < Delta T <= 0.2 pi, 120 x 60 points; both pair countings"
_FIG7 = "N = 1 ... 100, lambda = -30, -15, 1, 15, 30; both pair countings"

CLAIMS: tuple[Claim, ...] = (
    # Sec. II
    Claim(
        "pair-sum", "Eq. 4",
        "(eta/2N) sum over i != j of sigma_z sigma_z = (2 eta/N) Jz^2.",
        "N = 2 ... 8, all 2^N states", "",
        "holds", formulas.check_pair_sum,
    ),
    Claim(
        "no-entanglement", "Sec. II, below Eq. 10",
        "The cells stay unentangled.",
        _FIG2, "",
        "fails", agreement.check_no_entanglement,
    ),
    Claim(
        "entropy-is-coherence", "Sec. II, below Eq. 10",
        "S equals the relative entropy of coherence in the energy basis.",
        "v0/Delta = 10, 20, 40, 60; t = T; pairs counted twice", "",
        "holds", coherence.check_entropy_is_coherence,
    ),
    # Sec. III, derivation
    Claim(
        "frame-term", "Eq. 12",
        "-i U1 d/dt U1^dagger = +mu' Jx with U1 = exp(i mu Jx).",
        "N = 3, numerical derivative", "",
        "fails", formulas.check_frame_term,
    ),
    Claim(
        "transformed-terms", "Eq. 12",
        "The other terms of H': sin mu Jy + cos mu Jz + (2 lambda/N)[...].",
        "N = 5, three angles, Delta = 1 and 2", "",
        "holds only for level_splitting=1", formulas.check_transformed_terms,
    ),
    Claim(
        "second-transformation", "Eqs. 13, A1",
        "H'' is the sum of A_n and its operators.",
        "N = 2 and 5, three times, three nu", "",
        "holds", formulas.check_second_transformation,
    ),
    Claim(
        "squared-energy", "Eqs. C1-C3",
        "U2 U1 Jz^2 U1^dagger U2^dagger is the sum of C_n and its operators.",
        "N = 2 and 5, three times, three nu", "",
        "holds", formulas.check_squared_energy,
    ),
    Claim(
        "gauge-angle", "Eq. 14",
        "nu = pi, A_1 = 0 and mu(0) = pi give mu = pi - v0 t/2 + (v0 T/4 pi) sin(2 pi t/T).",
        _FIG2.split(";")[0] + "; 99 times", "",
        "holds", formulas.check_gauge_angle,
    ),
    Claim(
        "commutation", "below Eq. 15",
        "H'' at two times commutes, nearly.",
        _FIG2.split(";")[0] + "; 21 x 21 times", "",
        "fails", formulas.check_commutation,
    ),
    Claim(
        "two-bessel-orders", "below Eq. 15, App. B",
        "For short T the Bessel terms J_n with n >= 2 may be left out.",
        _FIG2.split(";")[0], "",
        "fails", formulas.check_two_bessel_orders,
    ),
    Claim(
        "coefficients-finite", "Eq. B2",
        "The printed B_n have a value at the parameters of Fig. 2.",
        "v0 T = 2 pi and 4 pi", "",
        "fails", formulas.check_coefficients_finite,
    ),
    Claim(
        "coefficient-signs", "Eqs. 15, 16, B2",
        "The exponent of Eq. 16, i sum of B_n and its operator, is that of Eq. 15, B_n = -int A_n.",
        "v0/Delta = 7, 10, 13", "",
        "fails", formulas.check_coefficient_signs,
    ),
    Claim(
        "state", "Eq. 16",
        "The time-dependent state is that of Eq. 16.",
        "lambda = 0, v0 T = pi, t = T", "",
        "fails", formulas.check_state,
    ),
    # Sec. III, solution
    Claim(
        "initial-energy", "Eqs. 6, 17",
        "E(0) = 0.",
        _FIG2.split(";")[0], "fig2",
        "fails", agreement.check_initial_energy,
    ),
    Claim(
        "agreement-energy", "Fig. 2(a), Eq. 17",
        "Eq. 17 agrees with the numerical E(t).",
        _FIG2, "fig2",
        "holds within 5 %", agreement.check_stored_energy,
    ),
    Claim(
        "agreement-power", "Fig. 2(b), Eq. 18",
        "Eq. 18 agrees with the numerical P(t).",
        _FIG2, "fig2",
        "fails", agreement.check_average_power,
    ),
    Claim(
        "agreement-fluctuation", "Fig. 2(c), Eq. 20",
        "Eq. 20 agrees with the numerical Sigma(t).",
        _FIG2, "fig2",
        "fails", agreement.check_energy_fluctuation,
    ),
    Claim(
        "agreement-entropy", "Fig. 2(d), Eq. 21",
        "Eq. 21 agrees with the numerical S(t).",
        _FIG2, "fig2",
        "fails", agreement.check_diagonal_entropy,
    ),
    Claim(
        "second-term", "Eqs. 17, 22",
        "The second term of Eq. 17 is a correction to the first.",
        "v0/Delta = 10, 20, 40, 60; pairs counted twice", "fig2",
        "fails", agreement.check_second_term,
    ),
    Claim(
        "leading-energy", "Eq. 22",
        "The second term neglected, E(t) = (N Delta/2)[1 + cos mu(t)].",
        _FIG2, "fig2",
        "holds within 1 %", agreement.check_leading_energy,
    ),
    Claim(
        "instantaneous-power", "Eq. 19",
        "Eq. 19 is the slope of Eq. 17.",
        _FIG2.split(";")[0] + "; 97 times", "",
        "holds", agreement.check_instantaneous_power,
    ),
    Claim(
        "power-is-slope", "below Eq. 21",
        "P_I is the slope of the stored energy; its sign tells the direction of the transfer.",
        "v0/Delta = 10, 20, 40, 60; nine times; both pair countings", "",
        "holds", agreement.check_power_is_slope,
    ),
    Claim(
        "fluctuation-unit", "Eqs. 20, 26",
        "Sigma^2 = N Delta/4 - (E - N Delta/2)^2/N.",
        "lambda = 0, v0 = 20, Delta = 1 and 2", "",
        "holds only for level_splitting=1", spread.check_fluctuation_unit,
    ),
    Claim(
        "fluctuation-relation", "Eq. 20",
        "Sigma follows from E also with interaction.",
        _FIG2, "fig2",
        "holds within 10 %", spread.check_fluctuation_with_interaction,
    ),
    Claim(
        "entropy-one-cell", "Eqs. 21, 27, Fig. 7(d)",
        "S = |sin mu| log2 sqrt((N - 1) e^(pi/2)) has a value at N = 1.",
        "N = 1", "fig7",
        "fails", spread.check_entropy_of_one_cell,
    ),
    Claim(
        "entropy-height", "Eqs. 21, 27",
        "The largest entropy is log2 sqrt((N - 1) e^(pi/2)).",
        "N = 2 ... 1000, lambda = 0", "",
        "fails", spread.check_entropy_height,
    ),
    Claim(
        "entropy-shape", "Eqs. 21, 27",
        "S is proportional to |sin mu|.",
        "N = 10, lambda = 0, 0 < v0 T <= 2 pi", "fig4",
        "fails", spread.check_entropy_shape,
    ),
    Claim(
        "short-period", "Sec. VI",
        "The analytic formulas agree with numerics when T is short.",
        "N = 10, v0/Delta = 20, Delta T = 0.1 pi, the lambdas of Fig. 7; pairs counted twice", "",
        "fails", agreement.check_strong_interaction,
    ),
    Claim(
        "faster-charging", "Fig. 2(a)",
        "The larger v0, the earlier the first peak of E(t).",
        "v0/Delta = 10, 12, ..., 60; both pair countings", "fig2",
        "holds", agreement.check_faster_charging,
    ),
    Claim(
        "synchronised", "Fig. 2(c), (d)",
        "Sigma(t) and S(t) rise and fall together, nearly.",
        _FIG2, "fig2",
        "holds within 1 %", agreement.check_synchronised,
    ),
    Claim(
        "coherence-with-energy", "Fig. 2(a), (d)",
        "With a weak drive S(t) grows together with E(t).",
        "v0/Delta = 10; 201 times; both pair countings", "fig2",
        "holds within 0.5 %", coherence.check_coherence_with_energy,
    ),
    Claim(
        "coherence-and-amplitude", "Fig. 2(a), (d)",
        "The larger v0, the larger S_max and the faster the transfer (P_I).",
        "v0/Delta = 10, 20, 40, 60; both pair countings", "fig2",
        "fails", coherence.check_coherence_and_amplitude,
    ),
    Claim(
        "half-charge", "Fig. 2(a)",
        "At v0/Delta = 10 the largest E is half of N Delta.",
        "v0/Delta = 10; both pair countings", "fig2",
        "holds within 1 %", agreement.check_half_charge,
    ),
    Claim(
        "full-charging", "Eq. 23, Fig. 3(a)",
        "E_max = N Delta for v0 T >= 2 pi.",
        _MAP, "fig3",
        "holds within 5 %", charging.check_full_charging,
    ),
    Claim(
        "partial-charging", "Eq. 23, Fig. 3(a)",
        "E_max = (N Delta/2)[1 - cos(v0 T/2)] for 0 < v0 T < 2 pi: the battery does not fill.",
        _MAP, "fig3",
        "holds within 5 %", charging.check_partial_charging,
    ),
    Claim(
        "time-of-partial-charge", "below Eq. 23",
        "t_max = T for 0 < v0 T < 2 pi.",
        _MAP, "fig3",
        "fails", charging.check_time_of_partial_charge,
    ),
    Claim(
        "time-of-full-charge", "Eq. 24",
        "t_max satisfies Eq. 24 for v0 T >= 2 pi.",
        "v0/Delta = 24, 28, ..., 60, Delta T = 0.1 pi, first peak; both pair countings", "fig2",
        "holds within 0.2 %", charging.check_time_of_full_charge,
    ),
    Claim(
        "final-energy", "Eq. 25, Fig. 3(b)",
        "E(tau) = (N Delta/2)[1 - cos(v0 T/2)].",
        _MAP, "fig3",
        "holds within 5 %", charging.check_final_energy,
    ),
    Claim(
        "final-maximum", "Fig. 3(b)",
        "E(tau) reaches its maxima at v0 T = (4n + 2) pi.",
        _MAP, "fig3",
        "holds within 0.5 %", charging.check_final_maximum,
    ),
    # Sec. IV
    Claim(
        "fluctuation-minima", "Figs. 4, 5(a)",
        "Local maxima of E(tau) correspond to local minima of Sigma(tau).",
        _MAP, "fig4",
        "holds within 2 %", charging.check_energy_and_fluctuation_extrema,
    ),
    Claim(
        "entropy-minima", "Figs. 4, 5(b)",
        "Local maxima of E(tau) correspond to local minima of S(tau).",
        _MAP, "fig4",
        "holds within 1 %", charging.check_energy_and_entropy_extrema,
    ),
    Claim(
        "no-spread-when-full", "Eqs. 26, 27",
        "Sigma(tau) = S(tau) = 0 at v0 T = (4n + 2) pi.",
        "Delta T = 0.1 pi and 0.2 pi, v0/Delta <= 60; both pair countings", "fig4",
        "fails", charging.check_no_spread_when_full,
    ),
    Claim(
        "consistent-maps", "Fig. 5",
        "Sigma(tau) and S(tau) vary alike.",
        _MAP, "fig5",
        "holds within 1 %", charging.check_consistent_maps,
    ),
    # Sec. V
    Claim(
        "transition", "Fig. 6(a)",
        "The order parameter shows a transition of the ground state at lambda = 1.",
        "N = 100, lambda = 0.001 ... 2", "fig6",
        "holds only for pair_counting=unordered (within 2 %)",
        interactions.check_transition_at_one,
    ),
    Claim(
        "degenerate-above", "Fig. 6(a)",
        "For lambda > 1 the two lowest levels nearly coincide.",
        "N = 100, 1.02 <= lambda <= 2, a gap of at most Delta/20", "fig6",
        "holds", interactions.check_degenerate_above,
    ),
    Claim(
        "nondegenerate-below", "Fig. 6(a)",
        "For lambda < 1 they are apart.",
        "N = 100, 0 <= lambda <= 0.9, a gap of more than Delta/20", "fig6",
        "holds only for pair_counting=unordered", interactions.check_nondegenerate_below,
    ),
    Claim(
        "peak-at-one", "Fig. 6(b)",
        "E_max is highest near lambda = 1.",
        "N = 100, v0/Delta = 20, -3 <= lambda <= 6", "fig6",
        "holds only for pair_counting=ordered (within 5 %)", interactions.check_peak_at_one,
    ),
    Claim(
        "peak-at-transition", "Fig. 6(b), abstract",
        "E_max is highest near the transition.",
        "N = 100, v0/Delta = 20, -3 <= lambda <= 6, each counting with its own transition", "fig6",
        "fails", interactions.check_peak_near_transition,
    ),
    Claim(
        "peak-follows-size", "Fig. 6(b), abstract",
        "It is highest near the transition for any number of cells (the abstract names none).",
        "N = 10, 30, 100, 300, 1000, v0/Delta = 20, -3 <= lambda <= 6", "fig6",
        "fails", interactions.check_peak_follows_size,
    ),
    Claim(
        "energy-grows", "Fig. 7(a)",
        "E_max grows with N.",
        _FIG7, "fig7",
        "holds only for pair_counting=unordered", interactions.check_energy_grows_with_size,
    ),
    Claim(
        "power-grows", "Fig. 7(b)",
        "P_max grows with N.",
        _FIG7, "fig7",
        "holds only for pair_counting=unordered", interactions.check_power_grows_with_size,
    ),
    Claim(
        "entropy-grows", "Fig. 7(d)",
        "S_max grows with N.",
        _FIG7, "fig7",
        "holds only for pair_counting=unordered", interactions.check_entropy_grows_with_size,
    ),
    Claim(
        "fluctuation-grows", "Fig. 7(c)",
        "The stronger the interaction, the larger Sigma_max.",
        "N = 2 ... 100, |lambda| = 1, 15, 30; both pair countings", "fig7",
        "holds only for pair_counting=unordered",
        interactions.check_fluctuation_grows_with_interaction,
    ),
    Claim(
        "logarithmic-entropy", "Fig. 7(d)",
        "S_max grows as log N.",
        "N = 10 ... 100, the lambdas of Fig. 7; to 10^6 at lambda = 1; both pair countings", "fig7",
        "holds within 10 %", interactions.check_logarithmic_entropy,
    ),
    Claim(
        "size-promotes", "Secs. V, VI",
        "More cells make S larger, and with it the power: P_max per cell grows.",
        "N = 1 ... 100, lambda = 1; both pair countings", "fig7",
        "fails", interactions.check_size_promotes_transfer,
    ),
    Claim(
        "interaction-promotes", "Sec. VI",
        "Stronger interaction moves more energy into the battery.",
        "N = 2 ... 100, |lambda| = 15, 30 against 1; both pair countings", "fig7",
        "fails", interactions.check_interaction_promotes_transfer,
    ),
)  # fmt: skip
"""In the order of the paper."""
