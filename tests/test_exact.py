"""The exact solver against solvers that share none of its code, and against exact limits."""

from __future__ import annotations

import mpmath
import numpy as np
import oracles
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import rzqiskit as rz
from rzqiskit.drives import Drive
from rzqiskit.schema import METRICS, validate_dataset

T = 0.1 * np.pi


def paper_battery(num_qubits=10, interaction=2.0, amplitude=20.0, **changes):
    drive = changes.pop("drive", rz.SineSquaredDrive(amplitude, T))
    return rz.RosenZenerBattery(
        num_qubits=num_qubits, drive=drive, interaction=interaction, **changes
    )


def assert_metrics(exact, reference, *, bound):
    """Hold every metric and population to `bound` in the units of `evolve_exact`'s tolerance."""
    num = 1.0 * reference["population"].shape[1] - 1.0
    for name in METRICS:
        scale = max(np.abs(reference[name]).max(), 1e-300)
        if name in ("stored_energy", "instantaneous_power"):
            scale = max(scale, num)
        assert np.abs(exact[name].values - reference[name]).max() <= bound * scale, name
    assert np.abs(exact.population.values - reference["population"]).max() <= bound


class StepDrive(Drive):
    """A drive of a user's own with a jump: 8 sin(3t) + 10, then minus 5 t."""

    def __init__(self):
        self._jump = 0.4

    @property
    def duration(self):
        return 0.9

    @property
    def breakpoints(self):
        return (self._jump,)

    def _value(self, t):
        return np.where(t < self._jump, 8.0 * np.sin(3.0 * t) + 10.0, -5.0 * t)

    def to_dict(self):
        return {"type": "StepDrive"}


DRIVES = [
    rz.SineSquaredDrive(20.0, T),
    rz.GaussianDrive(15.0, 0.2, 0.05, 0.5),
    rz.SechDrive(12.0, 0.3, 0.04, 0.6),
    rz.ExponentialDrive(18.0, 0.1, 0.5),
    rz.RectangularDrive(9.0, 0.4),
    rz.HarmonicDrive(11.0, 7.0, 0.7, 0.4),
    rz.SampledDrive([0.0, 0.1, 0.13, 0.5], [0.0, 22.0, -3.0, 6.0]),
    StepDrive(),
]


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: type(drive).__name__)
@pytest.mark.parametrize("num_qubits", [1, 2, 7])
def test_every_drive_against_the_lab_frame(drive, num_qubits):
    battery = paper_battery(num_qubits, 1.7, drive=drive, level_splitting=1.3)
    times = np.linspace(0.0, 1.2 * drive.duration, 31)
    exact = rz.evolve_exact(battery, times)
    assert_metrics(exact, oracles.lab_frame(battery, times), bound=1e-10)


@pytest.mark.parametrize(
    ("num_qubits", "interaction", "amplitude"),
    [(1, 2.0, 20.0), (2, -3.0, 10.0), (10, 2.0, 10.0), (10, 2.0, 20.0), (10, 2.0, 60.0),
     (30, 1.0, 20.0), (40, -15.0, 20.0)],
)  # fmt: skip
def test_against_qutip(num_qubits, interaction, amplitude):
    battery = paper_battery(num_qubits, interaction, amplitude)
    times = np.linspace(0.0, T, 21)
    reference, _ = oracles.qutip_spin(battery, times)
    assert_metrics(rz.evolve_exact(battery, times), reference, bound=1e-10)


@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
def test_against_separate_qubits(pair_counting):
    battery = paper_battery(5, 2.4, 18.0, level_splitting=1.2, pair_counting=pair_counting)
    times = np.linspace(0.0, T, 15)
    assert_metrics(rz.evolve_exact(battery, times), oracles.full_space(battery, times), bound=1e-10)


def test_a_thousand_cells_against_the_lab_frame():
    battery = paper_battery(1000)
    times = np.linspace(0.0, T, 9)
    reference = oracles.lab_frame(battery, times, tolerance=1e-12)
    assert_metrics(rz.evolve_exact(battery, times), reference, bound=1e-10)


@pytest.mark.parametrize("interaction", [-30.0, 30.0])
def test_over_squeezed_state_takes_the_whole_space(interaction):
    battery = paper_battery(100, interaction)
    times = np.linspace(0.0, T, 11)
    exact = rz.evolve_exact(battery, times)
    assert exact.attrs["num_levels"] == 101
    assert exact.attrs["truncation_weight"] < 1e-24
    assert_metrics(exact, oracles.lab_frame(battery, times), bound=1e-10)


def test_a_hundred_thousand_cells_by_extrapolation_in_1_over_n():
    # The lab frame vouches for N = 1000; E/N and Sigma^2/N are smooth in 1/N from there on.
    sizes = np.array([500, 1000, 2000, 4000])
    times = np.linspace(0.0, T, 7)
    names = ("stored_energy", "energy_fluctuation")
    table = []
    for num in [*sizes, 100_000]:
        data = rz.evolve_exact(paper_battery(int(num)), times, quantities=names)
        table.append([data.stored_energy / num, data.energy_fluctuation**2 / num])
    table = np.array(table)
    powers = np.vander(1.0 / sizes, 4, increasing=True)
    coefficients = np.linalg.solve(powers, table[:-1].reshape(4, -1))
    predicted = (np.vander([1e-5], 4, increasing=True) @ coefficients).reshape(table[-1].shape)
    assert np.abs(predicted - table[-1]).max() < 1e-10


def test_more_levels_and_a_finer_tolerance_change_nothing():
    battery = paper_battery(100_000)
    times = np.linspace(0.0, T, 11)
    coarse, fine = (rz.evolve_exact(battery, times, tolerance=tol) for tol in (1e-8, 1e-13))
    assert fine.attrs["num_levels"] > coarse.attrs["num_levels"]
    for name in METRICS:
        scale = 1e5 if name in ("stored_energy", "instantaneous_power") else fine[name].max()
        assert np.abs(coarse[name] - fine[name]).max() <= 1e-8 * scale


def test_no_drive_leaves_the_battery_empty():
    battery = paper_battery(drive=rz.RectangularDrive(0.0, 1.0))
    exact = rz.evolve_exact(battery, [0.0, 0.5, 1.0])
    for name in METRICS:
        assert np.abs(exact[name]).max() < 1e-14
        assert abs(exact[f"maximum_{name}"].item()) < 1e-14


@pytest.mark.parametrize("num_qubits", [1, 12, 900, 10**6])
def test_no_interaction_is_independent_rabi_oscillation(num_qubits):
    drive, delta = rz.RectangularDrive(9.0, 1.3), 2.5
    battery = paper_battery(num_qubits, 0.0, drive=drive, level_splitting=delta)
    times = np.linspace(0.0, 1.3, 17)
    rabi = np.hypot(9.0, delta)
    excited = (9.0 / rabi) ** 2 * np.sin(0.5 * rabi * times) ** 2
    exact = rz.evolve_exact(battery, times)
    assert exact.attrs["num_levels"] == 1
    energy = num_qubits * delta * excited
    assert np.abs(exact.stored_energy - energy).max() <= 1e-10 * num_qubits * delta
    spread = delta * np.sqrt(num_qubits * excited * (1 - excited))
    assert np.abs(exact.energy_fluctuation - spread).max() <= 1e-10 * spread.max()
    entropy = [binom(num_qubits, p).entropy() / np.log(2.0) if p > 0 else 0.0 for p in excited]
    assert np.abs(exact.diagonal_entropy - entropy).max() <= 1e-9 * max(entropy)


def test_no_splitting_and_no_interaction_is_a_pure_rotation():
    battery = paper_battery(9, 0.0, level_splitting=0.0)
    times = np.linspace(0.0, T, 11)
    angle = battery.drive.area(0.0, times)
    expected = binom.pmf(np.arange(10), 9, np.sin(0.5 * angle)[:, None] ** 2)
    exact = rz.evolve_exact(battery, times)
    assert np.abs(exact.population - expected).max() < 1e-10
    assert np.abs(exact.stored_energy).max() == 0.0


def test_a_weak_pulse_is_right_relative_to_its_own_size():
    # First order in v0, checked by halving: Sigma and sqrt(E) scale with v0 to the square.
    values = []
    for amplitude in (1e-6, 2e-6):
        data = rz.evolve_exact(paper_battery(50, 2.0, amplitude), np.linspace(0.0, T, 5))
        values.append([data.final_energy_fluctuation, np.sqrt(data.final_stored_energy)])
    ratio = np.array(values[1]) / np.array(values[0])
    assert np.abs(ratio - 2.0).max() < 1e-9


def test_the_entropy_of_an_almost_empty_battery_keeps_its_digits():
    # Rabi oscillation at v0/Delta = 1e-5, N = 50, the binomial's entropy in 40 digits
    drive, delta, num = rz.RectangularDrive(1e-5, 2.0), 1.0, 50
    battery = paper_battery(num, 0.0, drive=drive, level_splitting=delta)
    exact = rz.evolve_exact(battery, [0.5, 1.0, 2.0])
    with mpmath.workdps(40):
        rabi = mpmath.sqrt(mpmath.mpf(1e-5) ** 2 + 1)
        for i, t in enumerate((0.5, 1.0, 2.0)):
            p = (1e-5 / rabi * mpmath.sin(rabi * t / 2)) ** 2
            terms = [mpmath.binomial(num, k) * p**k * (1 - p) ** (num - k) for k in range(6)]
            entropy = -sum(term * mpmath.log(term, 2) for term in terms)
            assert exact.diagonal_entropy[i].item() == pytest.approx(
                float(entropy), rel=1e-9, abs=0.0
            )


def test_nothing_happens_after_the_pulse_but_precession():
    battery = paper_battery()
    times = np.array([T, 1.5 * T, 4.0 * T])
    names = (*METRICS, "collective_spin", "spin_squeezing")
    exact = rz.evolve_exact(battery, times, quantities=names)
    for name in ("stored_energy", "energy_fluctuation", "diagonal_entropy", "spin_squeezing"):
        assert np.ptp(exact[name].values) < 1e-13
    assert (exact.instantaneous_power[1:] == 0.0).all()
    assert np.allclose(exact.average_power * times, exact.stored_energy, rtol=1e-14, atol=0.0)
    spin = exact.collective_spin.values
    angle = np.unwrap(np.arctan2(spin[:, 1], spin[:, 0]))
    assert np.allclose(np.diff(angle), np.diff(times), rtol=0.0, atol=1e-9)  # Delta = 1


def test_maxima_are_those_of_a_fine_grid_and_stationary():
    battery = paper_battery(10, 2.0, 40.0)
    exact = rz.evolve_exact(battery, np.linspace(0.0, T, 4))
    fine = rz.evolve_exact(battery, np.linspace(0.0, T, 4001))
    for name in METRICS:
        top, when = exact[f"maximum_{name}"].item(), exact[f"time_of_maximum_{name}"].item()
        assert top == pytest.approx(fine[f"maximum_{name}"].item(), rel=1e-9)
        assert top >= fine[name].max().item() - 1e-9 * top
        assert top == pytest.approx(fine[name].max().item(), rel=1e-6)
        there = rz.evolve_exact(battery, [when, T])[name][0].item()
        assert there == pytest.approx(top, rel=1e-9)
    at_top = rz.evolve_exact(battery, [exact.time_of_maximum_stored_energy.item()])
    assert abs(at_top.instantaneous_power.item()) < 1e-7  # dE/dt = P_I


def test_a_lower_peak_does_not_take_the_time_of_the_highest():
    # Many oscillations; the time of each maximum must be where the fine grid has it.
    battery = paper_battery(100, 1.0, drive=rz.SineSquaredDrive(55.0, 0.6))
    times = np.linspace(0.0, 0.6, 6001)
    exact = rz.evolve_exact(battery, times)
    for name in METRICS:
        where = times[np.argmax(exact[name].values)]
        assert exact[f"time_of_maximum_{name}"].item() == pytest.approx(where, abs=2e-4), name


def test_at_the_start_nothing_has_happened():
    names = (*METRICS, "population", "collective_spin")
    exact = rz.evolve_exact(paper_battery(), [0.0], quantities=names)
    for name in METRICS:
        assert exact[name].item() == pytest.approx(0.0, abs=1e-14)
        assert exact[f"maximum_{name}"].item() == 0.0
    assert exact.population[0, 0].item() == pytest.approx(1.0, abs=1e-14)
    assert exact.collective_spin[0].values == pytest.approx([0.0, 0.0, -5.0], abs=1e-13)


def test_power_is_the_slope_of_the_energy():
    battery = paper_battery(20, 3.0)
    times = 0.17 + np.array([-2e-4, -1e-4, 0.0, 1e-4, 2e-4])
    exact = rz.evolve_exact(battery, times, tolerance=1e-13)
    energy = exact.stored_energy.values
    slope = (8.0 * (energy[3] - energy[1]) - (energy[4] - energy[0])) / 12e-4
    assert slope == pytest.approx(exact.instantaneous_power[2].item(), rel=1e-8)


def test_populations_of_a_wide_battery_come_in_a_window():
    battery = paper_battery(10**6)
    times = np.linspace(0.0, T, 5)
    exact = rz.evolve_exact(battery, times, quantities=("population_window", *METRICS))
    validate_dataset(exact)
    p = exact.population_window.values
    k = exact.window_start.values[:, None] + np.arange(p.shape[1])
    assert np.abs(p.sum(axis=1) - 1.0).max() < 1e-12
    mean = (p * k).sum(axis=1)
    assert np.abs(mean - exact.stored_energy).max() < 1e-10 * 1e6
    spread = np.sqrt((p * (k - mean[:, None]) ** 2).sum(axis=1))
    assert np.abs(spread - exact.energy_fluctuation).max() < 1e-9 * spread.max()


def test_dense_and_windowed_populations_agree():
    battery = paper_battery(700)
    times = np.linspace(0.0, T, 5)
    exact = rz.evolve_exact(battery, times, quantities=("population", "population_window"))
    for i, start in enumerate(exact.window_start.values):
        row = exact.population_window.values[i][: 701 - start]
        assert np.array_equal(exact.population.values[i, start : start + row.size], row)


def test_the_dataset_tells_where_it_comes_from():
    battery = paper_battery()
    exact = validate_dataset(rz.evolve_exact(battery, [0.0, T], tolerance=1e-9))
    attrs = exact.attrs
    assert attrs["solver"] == "exact"
    assert attrs["tolerance"] == 1e-9
    assert attrs["num_levels"] == 11
    assert attrs["num_steps"] > 5
    assert attrs["norm_drift"] < 1e-9
    assert rz.RosenZenerBattery.from_dict(__import__("json").loads(attrs["battery"])) == battery


@settings(deadline=None, max_examples=60, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    num_qubits=st.integers(1, 60),
    amplitude=st.floats(-60.0, 60.0),
    period=st.floats(0.01, 1.0),
    interaction=st.floats(-3.0, 3.0),
    unit=st.floats(0.1, 10.0),
)
def test_bounds_and_units(num_qubits, amplitude, period, interaction, unit):
    times = np.linspace(0.0, period, 6)
    battery = paper_battery(num_qubits, interaction, drive=rz.SineSquaredDrive(amplitude, period))
    exact = rz.evolve_exact(battery, times)
    assert np.abs(exact.population.sum("excitations") - 1.0).max() < 1e-11
    assert exact.stored_energy.min() > -1e-10 * num_qubits
    assert exact.maximum_stored_energy <= num_qubits * (1.0 + 1e-10)
    assert exact.diagonal_entropy.max() <= np.log2(num_qubits + 1) + 1e-10
    # energies times `unit`, times over `unit`: the same physics
    scaled = paper_battery(
        num_qubits, unit * interaction, level_splitting=unit,
        drive=rz.SineSquaredDrive(unit * amplitude, period / unit),
    )  # fmt: skip
    other = rz.evolve_exact(scaled, times / unit)
    assert np.abs(other.population - exact.population.values).max() < 1e-9
    energy = unit * exact.stored_energy.values
    assert np.abs(other.stored_energy - energy).max() < 1e-9 * unit * num_qubits


BATTERY = paper_battery()
GRID = rz.BatteryGrid(BATTERY.drive, num_qubits=[2, 3])


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((BATTERY, [0.0, 0.2, 0.1]), {}, "`times` must be strictly increasing, got 0.2 followed"),
        ((BATTERY, [-0.1, 0.2]), {}, "`times` must not be below 0, got -0.1"),
        ((BATTERY, [0.0, np.nan]), {}, "`times` must be finite, got"),
        ((BATTERY, []), {}, "`times` must be one-dimensional and not empty"),
        ((BATTERY, [0.1]), {"tolerance": 0.0}, "`tolerance` must lie between 1e-13 and 0.01"),
        ((BATTERY, [0.1]), {"tolerance": 1e-15}, "`tolerance` must lie between"),
        ((BATTERY, [0.1]), {"tolerance": np.nan}, "`tolerance` must be finite"),
        ((BATTERY, [0.1]), {"quantities": ["power"]}, "`quantities` must be one of"),
        ((BATTERY, [0.1]), {"quantities": []}, "`quantities` must name at least one quantity"),
        ((GRID, [0.1]), {"quantities": iter(())}, "`quantities` must name at least one quantity"),
        ((BATTERY, [0.1]), {"num_threads": 0}, "`num_threads` must be a positive integer, got 0"),
        ((BATTERY, [0.1]), {"max_steps": 2**63}, "`max_steps` must be at most"),
        ((BATTERY, [0.1]), {"max_levels": 0}, "`max_levels` must be a positive integer, got 0"),
        ((BATTERY, [0.1]), {"time_unit": "ms"}, "`time_unit` must be one of"),
        ((paper_battery(10**12), [0.1]), {}, "`diagonal_entropy` needs `num_qubits` of at most"),
        ((paper_battery(10**12), [0.1]), {"quantities": ["population"]}, "`population` needs"),
        ((paper_battery(5000), [0.1]), {"quantities": ["population"]}, 'ask for "population_w'),
    ],
)  # fmt: skip
def test_bad_input(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        rz.evolve_exact(*arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("battery", [0.1]), {}, "`battery` must be a RosenZenerBattery or a BatteryGrid, got str"),
        ((BATTERY, "now"), {}, "`times` must be an array of real numbers"),
        ((BATTERY, [0.1]), {"quantities": "population"}, "`quantities` must be a collection of"),
        ((BATTERY, [0.1]), {"quantities": 5}, "`quantities` must be a collection of names, got 5"),
        ((BATTERY, [0.1]), {"num_threads": "a"}, "`num_threads` must be an integer, got 'a'"),
        ((BATTERY, [0.1]), {"tolerance": "fine"}, "`tolerance` must be a real number"),
    ],
)
def test_bad_types(arguments, options, message):
    with pytest.raises(TypeError, match=message):
        rz.evolve_exact(*arguments, **options)


def test_limits_are_errors_that_say_what_was_reached():
    with pytest.raises(rz.ConvergenceError, match="more than `max_levels` = 20 levels"):
        rz.evolve_exact(paper_battery(100, 30.0), [T], max_levels=20)
    with pytest.raises(rz.ConvergenceError, match="`max_steps` = 5 steps did not reach"):
        rz.evolve_exact(paper_battery(), [T], max_steps=5)


def test_a_drive_that_is_not_finite_is_refused():
    class Broken(StepDrive):
        def _value(self, t):
            return np.where(t < 0.2, 1.0, np.nan)

    with pytest.raises(ValueError, match="`drive` must be finite"):
        rz.evolve_exact(paper_battery(drive=Broken()), [0.5])
