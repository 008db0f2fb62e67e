"""The matched layers against exact states and quadrature."""

import numpy as np
import pytest
from schedule_oracles import apply_layers, distance, solve
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import entr

import rzqiskit as rz
from rzqiskit.circuits.frames import mean_field
from rzqiskit.circuits.matching import _mean_axes, _Problem, match_layers
from rzqiskit.circuits.product_formula import charging_schedule
from rzqiskit.dicke.layers import state_populations
from rzqiskit.emulator.evolution import evolve_schedule
from rzqiskit.exact import evolve_exact

PERIOD = 0.1 * np.pi


def make_battery(amplitude=20.0, num_qubits=10, interaction=2.0, **options):
    drive = options.pop("drive", rz.SineSquaredDrive(amplitude, PERIOD))
    return rz.RosenZenerBattery(
        num_qubits=num_qubits, drive=drive, interaction=interaction, **options
    )


def metrics_of(populations):
    k = np.arange(populations.size)
    mean = populations @ k
    deviation = np.sqrt(populations @ (k - mean) ** 2)
    return np.array([mean, deviation, entr(populations).sum() / np.log(2.0)])


@pytest.mark.parametrize(("amplitude", "layers"), [(10.0, 1), (20.0, 1), (40.0, 2), (60.0, 2)])
def test_layers_for_a_thousandth_at_the_papers_parameters(amplitude, layers):
    battery = make_battery(amplitude)
    times = np.linspace(0.0, PERIOD, 16)[1:]
    exact = evolve_exact(battery, times).population.values
    errors = np.zeros(3)
    for time, populations in zip(times.tolist(), exact, strict=True):
        schedule = charging_schedule(battery, time, num_steps=layers + 1)
        assert schedule.num_zz_layers == layers
        found = metrics_of(np.abs(apply_layers(schedule)) ** 2)
        errors = np.maximum(errors, np.abs(found - metrics_of(populations)))
    assert errors.max() < 1e-3


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("drive", ["sine", "harmonic"])
def test_state_is_right_to_second_order_in_the_interaction(drive, sign):
    # Six slices, whatever the interaction: what is wrong is of its third power, until the ridge
    # (errors of 1e-5) is seen.
    pulse = {
        "sine": rz.SineSquaredDrive(30.0, PERIOD),
        "harmonic": rz.HarmonicDrive(25.0, 14.0, PERIOD, 0.4),
    }[drive]
    strengths = np.array([0.5, 1.0, 2.0])
    errors = {"matched": [], "plain": []}
    for strength in strengths:
        battery = make_battery(
            drive=pulse, num_qubits=6, interaction=sign * strength, level_splitting=2.0
        )
        exact = solve(battery, 0.28)
        for name, horizon in (("matched", None), ("plain", 0.28)):
            schedule = charging_schedule(battery, 0.28, num_steps=6, basis="y", horizon=horizon)
            errors[name].append(distance(apply_layers(schedule), exact))
    slopes = {
        name: np.polyfit(np.log(strengths), np.log(values), 1)[0] for name, values in errors.items()
    }
    assert slopes["plain"] < 2.1
    assert slopes["matched"] == pytest.approx(3.0, abs=0.3)
    assert errors["plain"][0] > 15.0 * errors["matched"][0]


# Six conditions: one slice has one unknown for them, two have four, three have seven.
@pytest.mark.parametrize(
    ("num_steps", "least", "most"), [(1, 1.0, 1.7), (2, 1.5, 2.3), (3, 2.7, 3.3)]
)
def test_the_third_order_takes_three_slices(num_steps, least, most):
    strengths = (0.4, 0.8)
    errors, unseen = [], []
    for strength in strengths:
        battery = make_battery(num_qubits=6, interaction=strength)
        exact = solve(battery, 0.3)
        state = apply_layers(charging_schedule(battery, 0.3, num_steps=num_steps, basis="y"))
        errors.append(distance(state, exact))
        state = apply_layers(charging_schedule(battery, 0.3, num_steps=num_steps))
        unseen.append(np.abs(np.abs(state) ** 2 - np.abs(exact) ** 2).sum())
    assert least < np.log2(errors[1] / errors[0]) < most
    # In a Z basis the first order of a single slice is not seen.
    assert np.log2(unseen[1] / unseen[0]) > 1.9


@pytest.mark.parametrize("num_qubits", [2, 3, 40])
@pytest.mark.parametrize("num_steps", [1, 2, 9])
def test_never_far_worse_than_unmatched(num_qubits, num_steps):
    for interaction in (-1.0, 4.0, 25.0):
        battery = make_battery(35.0, num_qubits=num_qubits, interaction=interaction)
        exact = solve(battery, 0.27)
        options = {"num_steps": num_steps, "basis": "y"}
        matched = distance(apply_layers(charging_schedule(battery, 0.27, **options)), exact)
        plain = distance(
            apply_layers(charging_schedule(battery, 0.27, horizon=0.27, **options)), exact
        )
        # Where the layers are too few for the interaction, neither is any good.
        assert matched < max(1.05 * plain, 1.1)
        if abs(interaction) < 5.0 and num_steps > 1:
            assert matched < 0.6 * plain


@pytest.mark.parametrize("num_qubits", [1000, 10**6])
def test_as_good_at_any_width(num_qubits):
    battery = make_battery(20.0, num_qubits=num_qubits)
    times = np.array([0.1, 0.2, PERIOD])
    exact = evolve_exact(battery, times)
    for index, time in enumerate(times.tolist()):
        first, populations = state_populations(
            evolve_schedule(charging_schedule(battery, time, num_steps=2))
        )
        k = first + np.arange(populations.size)
        mean = populations @ k
        # An energy of up to a million, to a thousandth.
        assert mean == pytest.approx(float(exact.stored_energy[index]), abs=1e-3)
        deviation = np.sqrt(populations @ (k - mean) ** 2)
        assert deviation == pytest.approx(float(exact.energy_fluctuation[index]), rel=2e-3)


def test_moments_are_those_of_quadrature():
    # With next to no interaction and no splitting the axis turns by the pulse area alone.
    battery = make_battery(45.0, num_qubits=7, interaction=1e-9, level_splitting=0.0)
    end, num = 0.26, 7

    def angle(t):
        return float(battery.drive.area(0.0, t))

    def integral(function, stop=end):
        return quad(function, 0.0, stop, epsabs=1e-12, epsrel=1e-12, limit=200)[0]

    def pair(t):
        return integral(lambda s: -(np.sin(angle(s)) ** 2), t)

    def tilt(t):  # over i, like e = -i sin(angle)
        return np.cos(angle(t)) * np.sin(angle(t))

    found = mean_field(battery).moments(np.array([end]))
    assert found.pair[0] == pytest.approx(pair(end), abs=1e-9)
    assert abs(found.tilt[0]) == pytest.approx(abs(integral(tilt)), abs=1e-9)
    assert found.along[0] == pytest.approx(integral(lambda t: np.cos(angle(t)) ** 2), abs=1e-9)
    expected = integral(lambda t: tilt(t) * pair(t))
    # e and its conjugate are of opposite sign where e is imaginary.
    assert found.triple[0] == pytest.approx(-1j * np.sign(found.single[0].imag) * abs(expected))
    assert found.single[0] == pytest.approx(-found.triple[0], abs=1e-12)
    share = 2.0 / num

    def phase(t):
        along = np.cos(angle(t)) ** 2
        return ((1.0 - share) * (1.0 - along) + share * along) * pair(t)

    assert found.phase[0] == pytest.approx(integral(phase), abs=1e-9)


def test_conditions_are_met_and_their_derivatives_right():
    battery = make_battery(40.0, num_qubits=8, interaction=3.0)
    edges = np.linspace(0.0, 0.29, 6)
    problem = _Problem(battery, mean_field(battery), edges)
    rng = np.random.default_rng(11)
    change = 0.1 * rng.normal(size=3 * 4 + 1)
    start = problem._starts[0]
    _, slopes = problem._conditions(start, change)
    numerical = approx_fprime(change, lambda x: problem._conditions(start, x)[0], 1e-7)
    np.testing.assert_allclose(slopes, numerical, atol=2e-6)
    zero = problem._conditions(start, np.zeros(13))[0]
    layers = match_layers(battery, mean_field(battery), edges)
    # Rebuilt from the weights and axes that come out, without the solver's own unknowns.
    e, z = 2.0 * layers.a[1:-1] * layers.b[1:-1], layers.imbalance
    goal = mean_field(battery).moments(edges[-1:])
    end = 2.0 * problem.a * problem.b
    pair = layers.weights @ e**2 + layers.last_weight * end**2
    assert abs(pair - goal.pair[0]) / 0.29 < 1e-3
    assert abs(zero[0] + 1j * zero[3]) > 1e-2
    np.testing.assert_allclose(np.abs(e) ** 2 + z**2, 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(layers.a) ** 2 + np.abs(layers.b) ** 2, 1.0, rtol=1e-12)


def test_mean_axes_of_an_axis_that_stands_still_are_that_axis():
    vectors = np.array([[0.3, -0.2, 0.6], [0.5, 0.4, -0.1], [0.1, 0.1, 0.0], [0.0, 0.0, 0.7]])
    e, z = vectors[:, 0] - 1j * vectors[:, 1], vectors[:, 2]
    found_e, found_z = _mean_axes(9, e**2, z * e, z**2)
    np.testing.assert_allclose(found_e**2, e**2, atol=1e-12)
    np.testing.assert_allclose(found_z * found_e, z * e, atol=1e-9)
    np.testing.assert_allclose(found_z**2, z**2, atol=1e-9)


def test_slices_of_equal_area_are_matched_too():
    battery = make_battery(drive=rz.ExponentialDrive(40.0, 0.15, PERIOD), interaction=3.0)
    exact = solve(battery, 0.3)
    for num_steps, bound in ((3, 5e-3), (6, 4e-3), (12, 2e-3)):
        schedule = charging_schedule(battery, 0.3, num_steps=num_steps, basis="y", spacing="area")
        assert distance(apply_layers(schedule), exact) < bound
