"""All claims computed once: verdicts, the errata page, and numbers known from elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles import lab_frame

from rzqiskit.reproduction import FIGURES
from rzqiskit.reproduction.claims import CLAIMS, render_errata, validate_claims
from rzqiskit.reproduction.instances import PERIOD, paper_battery

ERRATA = Path(__file__).parents[3] / "docs" / "errata.md"


@pytest.fixture(scope="module")
def outcomes():
    return {outcome.claim.name: outcome for outcome in validate_claims()}


@pytest.fixture(scope="module")
def numbers(outcomes):
    return {name: outcome.finding.numbers for name, outcome in outcomes.items()}


def test_entries_are_whole() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    assert len({claim.evaluate for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert claim.figure in ("", *FIGURES)
        assert claim.statement.endswith(".")
        assert claim.tried
        assert claim.place
    shown = {claim.figure for claim in CLAIMS}
    assert shown == {"", *FIGURES}


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_verdict_is_the_recorded_one(outcomes, name: str) -> None:
    assert outcomes[name].finding.verdict == outcomes[name].claim.recorded


def test_errata_page_is_that_of_the_claims(outcomes) -> None:
    assert ERRATA.read_text(encoding="utf-8") == render_errata(outcomes.values())


def test_a_choice_of_claims_and_unknown_ones() -> None:
    seen: list[str] = []
    chosen = validate_claims(["frame-term", "pair-sum"], on_claim=seen.append)
    # In the order of the paper, whatever the order of the names.
    assert [outcome.claim.name for outcome in chosen] == ["pair-sum", "frame-term"] == seen
    with pytest.raises(ValueError, match="`claim` must be"):
        validate_claims(["frame-terms"])
    with pytest.raises(TypeError, match="`names` must be a sequence of names, got 3"):
        validate_claims(3)
    with pytest.raises(TypeError, match="`names` must be a sequence of names, got 'pair-sum'"):
        validate_claims("pair-sum")


# The nine defects that were known before these claims existed, each with its number.


def test_defect_1_coefficients_without_value(numbers) -> None:
    assert numbers["coefficients-finite"]["num_without_value"] == 6  # B8 B9 B11 B12, B2 B3


def test_defect_2_energy_at_the_start(numbers) -> None:
    assert abs(numbers["initial-energy"]["initial_energy_10"] - 0.112) < 5e-4


def test_defect_3_second_term_makes_it_worse(numbers) -> None:
    assert abs(numbers["second-term"]["with_10"] - 0.172) < 5e-4
    for amplitude, error in ((10, 0.0463), (20, 0.0642), (40, 0.0369), (60, 0.0570)):
        assert abs(numbers["second-term"][f"without_{amplitude}"] - error) < 1e-4


def test_defect_4_state_turns_the_wrong_way(numbers) -> None:
    assert abs(numbers["frame-term"]["ratio"] + 1.0) < 1e-6
    assert numbers["state"]["fidelity"] < 1e-6
    assert numbers["state"]["population_fidelity"] > 0.99


def test_defect_5_unit_of_the_fluctuation(numbers) -> None:
    # At Delta = 2 and half charge: sqrt(N/2) where sqrt(N) is right, 1 - 1/sqrt(2) off at least.
    assert numbers["fluctuation-unit"]["deviation_at_1"] < 1e-6
    assert numbers["fluctuation-unit"]["deviation_at_2"] > 1.0 - 0.5**0.5


def test_defect_6_entropy(numbers) -> None:
    assert 0.2 < numbers["entropy-shape"]["deviation"] < 0.3
    # log2 sqrt((N - 1) e^(pi/2)) against the binomial entropy, in the limit of many cells.
    limit = 0.25 * np.pi * np.log2(np.e) - 0.5 * np.log2(0.5 * np.pi * np.e)
    assert abs(numbers["entropy-height"]["difference_1000"] - limit) < 1e-3
    assert abs(numbers["entropy-height"]["difference_10"]) < 0.02


def test_defect_7_cells_are_entangled(numbers) -> None:
    assert abs(numbers["no-entanglement"]["squeezing_10"] - 0.585) < 1e-3


def test_defect_8_maximum_and_transition(numbers) -> None:
    sizes = numbers["peak-follows-size"]
    assert abs(sizes["ordered_10"]) < 0.2
    assert abs(sizes["ordered_100"] - 1.0) < 0.1
    assert abs(sizes["ordered_1000"] - 2.0) < 0.2
    assert abs(numbers["peak-at-one"]["variation"] - 2.4e-3) < 1e-4


def test_defect_9_strong_interaction(numbers) -> None:
    for interaction in (-30, -15, 15, 30):
        assert 0.35 < numbers["short-period"][f"leading_{interaction}"] <= 1.0
    assert numbers["short-period"]["leading_1"] < 0.01


# Numbers of the claims against solutions that share none of the code.


def test_half_charge_and_first_peaks(numbers) -> None:
    times = np.linspace(0.0, PERIOD, 801)
    for counting in ("ordered", "unordered"):
        weak = lab_frame(paper_battery(amplitude=10.0, pair_counting=counting), times,
                         tolerance=1e-11)  # fmt: skip
        share = weak["stored_energy"].max() / 10.0
        assert abs(numbers["half-charge"][counting] - share) < 1e-6
        strong = lab_frame(paper_battery(amplitude=60.0, pair_counting=counting), times,
                           tolerance=1e-11)["stored_energy"]  # fmt: skip
        peak = times[np.flatnonzero(np.diff(strong) < 0.0)[0]]
        found = numbers["faster-charging"][f"first_peak_{counting}_60"]
        assert abs(found - peak) <= times[1]


def test_transition_by_exact_arithmetic(numbers) -> None:
    # epsilon_1 < epsilon_0 first where g (N - 1) > Delta: lambda > N/(N - 1), or half of it.
    assert numbers["transition"] == {"ordered": 0.506, "unordered": 1.011}


@pytest.mark.parametrize(("counting", "interaction"), [("ordered", 30), ("unordered", -15)])
def test_fluctuation_at_a_hundred_cells(numbers, counting: str, interaction: int) -> None:
    battery = paper_battery(num_qubits=100, interaction=interaction, pair_counting=counting)
    times = np.linspace(0.0, PERIOD, 300)
    exact = lab_frame(battery, times, tolerance=1e-8)["energy_fluctuation"].max()
    found = numbers["fluctuation-grows"][f"{counting}_{interaction}"]
    assert -1e-4 < found - exact < 1e-3 * exact
