"""Claims must be able to come out otherwise: break what they look at, and the verdict changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import j0, j1

from rzqiskit.analytic import gauge
from rzqiskit.reproduction.claims import agreement, charging, formulas, interactions, spread
from rzqiskit.reproduction.claims.operators import spin_matrices
from rzqiskit.reproduction.instances import PERIOD, paper_battery


def _broken(function, change):
    return lambda *args, **kwargs: change(function(*args, **kwargs))


@pytest.mark.parametrize("index", [1, 2, 7, 11])
def test_wrong_sign_of_one_coefficient_is_seen(monkeypatch, index: int) -> None:
    def change(values):
        values = values.copy()
        values[index] *= -1.0
        return values

    monkeypatch.setattr(gauge, "gauge_coefficients", _broken(gauge.gauge_coefficients, change))
    assert formulas.check_second_transformation().verdict == "fails"


def test_wrong_squared_energy_is_seen(monkeypatch) -> None:
    original = gauge.squared_energy_coefficients
    monkeypatch.setattr(gauge, "squared_energy_coefficients", _broken(original, lambda c: 1.01 * c))
    assert formulas.check_squared_energy().verdict == "holds within 1 %"


def test_wrong_gauge_angle_is_seen(monkeypatch) -> None:
    monkeypatch.setattr(gauge, "gauge_angle", _broken(gauge.gauge_angle, lambda mu: 1.2 * mu))
    assert formulas.check_gauge_angle().verdict == "fails"


def test_consistent_signs_would_hold(monkeypatch) -> None:
    def right(battery):
        return -formulas._integrals(battery)

    monkeypatch.setattr(gauge, "integrated_coefficients", right)
    assert formulas.check_coefficient_signs().verdict == "holds"
    assert formulas.check_two_bessel_orders().verdict == "holds"


def test_frame_term_with_the_other_transformation_would_hold(monkeypatch) -> None:
    # U1 = exp(-i mu Jx) has the printed sign.
    original = formulas.exponential
    monkeypatch.setattr(formulas, "exponential", lambda generator: original(-generator))
    assert formulas.check_frame_term().verdict == "holds"


def test_state_that_turns_the_right_way_would_hold(monkeypatch) -> None:
    # With mu = pi + phi the leading state of Eq. 16 is the right one; B_n = 0 leaves only that.
    monkeypatch.setattr(
        gauge, "gauge_angle", _broken(gauge.gauge_angle, lambda mu: 2.0 * math.pi - mu)
    )
    monkeypatch.setattr(gauge, "integrated_coefficients", lambda battery: np.zeros(12))
    finding = formulas.check_state()
    assert finding.numbers["fidelity"] > 0.9


def test_agreement_with_the_exact_solution_itself_holds(monkeypatch) -> None:
    def exact(battery, times, *, method):
        return agreement.fig2_exact(battery.drive.amplitude, battery.pair_counting)

    monkeypatch.setattr(agreement, "evolve_analytic", exact)
    assert agreement.check_diagonal_entropy().verdict == "holds"
    assert agreement.check_energy_fluctuation().verdict == "holds"


def test_energy_that_starts_at_zero_holds(monkeypatch) -> None:
    monkeypatch.setattr(agreement.paper, "stored_energy", lambda battery, times: np.zeros(1))
    assert agreement.check_initial_energy().verdict == "holds"


def test_cells_without_interaction_are_not_entangled(monkeypatch) -> None:
    original = agreement.fig2_exact
    monkeypatch.setattr(
        agreement, "fig2_exact", lambda v0, counting, lam=0.0: original(v0, counting, 0.0)
    )
    assert agreement.check_no_entanglement().verdict == "holds"


def _with_maps(monkeypatch, change) -> None:
    amplitudes, periods, values = charging._maps()
    area = amplitudes[:, None] * periods
    changed = {
        counting: {name: array.copy() for name, array in maps.items()}
        for counting, maps in values.items()
    }
    for maps in changed.values():
        change(area, maps)
    monkeypatch.setattr(charging, "_maps", lambda: (amplitudes, periods, changed))


def test_leading_maps_make_the_leading_equations_exact(monkeypatch) -> None:
    def change(area, maps):
        maps["final_stored_energy"][...] = 5.0 * (1.0 - np.cos(0.5 * area))
        full = area >= 2.0 * math.pi
        maps["maximum_stored_energy"][...] = np.where(full, 10.0, maps["final_stored_energy"])

    _with_maps(monkeypatch, change)
    assert charging.check_final_energy().verdict == "holds"
    assert charging.check_full_charging().verdict == "holds"
    assert charging.check_partial_charging().verdict == "holds"


def test_shifted_maps_are_seen(monkeypatch) -> None:
    def change(area, maps):
        maps["final_stored_energy"][...] = 5.0 * (1.0 - np.cos(0.5 * area + 0.5))
        maps["maximum_stored_energy"][...] *= 0.9

    _with_maps(monkeypatch, change)
    assert charging.check_final_maximum().verdict == "fails"
    assert charging.check_full_charging().verdict == "fails"
    assert charging.check_energy_and_entropy_extrema().verdict == "fails"


def test_missing_maxima_are_seen(monkeypatch) -> None:
    _with_maps(monkeypatch, lambda area, maps: maps["final_stored_energy"].fill(1.0))
    assert charging.check_final_maximum().verdict == "fails"


def test_entropy_that_saturates_is_not_logarithmic(monkeypatch) -> None:
    sizes = np.arange(1, 101)
    monkeypatch.setattr(
        interactions, "_maximum", lambda name, counting, lam: 3.0 - 3.0 / sizes**0.9
    )
    assert interactions.check_logarithmic_entropy().verdict == "fails"
    assert interactions.check_entropy_grows_with_size().verdict == "holds"


def test_one_step_down_is_seen(monkeypatch) -> None:
    def dented(name, counting, lam):
        values = np.arange(1.0, 101.0)
        if counting == "unordered" and lam == 15.0:
            values[49] = 48.0
        return values

    monkeypatch.setattr(interactions, "_maximum", dented)
    finding = interactions.check_energy_grows_with_size()
    assert finding.verdict == "holds only for pair_counting=ordered"
    assert "lambda = 15 (unordered pairs) at N = 50" in finding.summary


def test_naive_coefficients_agree_with_the_package_where_they_exist() -> None:
    # Eq. B2 typed in once more, away from the points where it has no value.
    for amplitude in (7.0, 33.0, 60.0):
        battery = paper_battery(amplitude=amplitude)
        area, lam, num = amplitude * PERIOD, 2.0, 10
        one = j0(-area / (4 * math.pi)) / amplitude + 8 * math.pi * PERIOD * j1(
            -area / (4 * math.pi)
        ) / (16 * math.pi**2 - area**2)
        two = j0(-area / (2 * math.pi)) / amplitude + 4 * math.pi * PERIOD * j1(
            -area / (2 * math.pi)
        ) / (4 * math.pi**2 - area**2)
        printed = {
            1: 4 * one * math.sin(area / 4) ** 2,
            2: -2 * one * math.sin(area / 2),
            7: lam / num * two * (1 - math.cos(area)),
            10: lam / num * (PERIOD - two * math.sin(area)),
            11: lam / num * (PERIOD + two * math.sin(area)),
        }
        values = gauge.integrated_coefficients(battery)
        for index, value in printed.items():
            assert math.isclose(values[index], value, rel_tol=1e-9, abs_tol=1e-15)


def test_spin_matrices_are_a_spin() -> None:
    x, y, z = spin_matrices(6)
    np.testing.assert_allclose(x @ x + y @ y + z @ z, 3.0 * 4.0 * np.eye(7), atol=1e-13)
    np.testing.assert_allclose(y @ z - z @ y, 1j * x, atol=1e-13)
    assert z[0, 0] == -3.0


def test_heights_of_the_entropy() -> None:
    # Two cells, p = 1/2: populations 1/4, 1/2, 1/4.
    printed, right = spread._heights(2)
    assert math.isclose(right, 1.5)
    assert math.isclose(printed, 0.25 * math.pi * math.log2(math.e))
