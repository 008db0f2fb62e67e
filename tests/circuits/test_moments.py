"""The commutator-free formulas against iterated integrals, QuTiP and quadrature."""

import dataclasses
import itertools

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from schedule_oracles import apply_layers, solve
from scipy.integrate import quad

import rzqiskit as rz
from rzqiskit.circuits.moments import MOMENT_FORMULAS, pulse_moments
from rzqiskit.circuits.product_formula import charging_schedule
from rzqiskit.drives import Drive
from rzqiskit.exact import evolve_exact

PERIOD = 0.1 * np.pi
ORDER = 4
# f(t) = f_0 + f_1 t + f_2 t^2 on a slice from -1/2 to 1/2. In powers of the width h every letter
# counts one, and a power t^q of the pulse another q.
SLOPES = (0.7, -1.3, 2.1)


def times(left, right):
    """Return the product of two series: (word, power of h) -> coefficient, cut at the order."""
    product = {}
    for (word, power), value in left.items():
        for (other, further), factor in right.items():
            if power + further <= ORDER:
                key = word + other, power + further
                product[key] = product.get(key, 0.0) + value * factor
    return product


def exponential(letter, angle):
    """Return the series of exp(angle letter), the angle a series {power of h: coefficient}."""
    generator = {(letter, power): value for power, value in angle.items()}
    series = term = {("", 0): 1.0}
    for count in range(1, ORDER + 1):
        term = {key: value / count for key, value in times(term, generator).items()}
        for key, value in term.items():
            series = {**series, key: series.get(key, 0.0) + value}
    return series


def iterated_integrals():
    """Return the series of the time-ordered exponential of f(t) X + Y, latest letter first."""
    letters = {"Y": {1: Polynomial([1.0])}}
    letters["X"] = {
        1 + q: Polynomial([*[0.0] * q, slope]) for q, slope in enumerate(SLOPES)
    }  # fmt: skip
    level = {("", 0): Polynomial([1.0])}
    series = {("", 0): 1.0}
    for _ in range(ORDER):
        following = {}
        for (word, power), value in level.items():
            for letter, terms in letters.items():
                for further, factor in terms.items():
                    if power + further <= ORDER:
                        key = letter + word, power + further
                        integral = (factor * value).integ(lbnd=-0.5)
                        following[key] = following.get(key, Polynomial([0.0])) + integral
        level = following
        for key, value in level.items():
            series[key] = series.get(key, 0.0) + value(0.5)
    return series


@pytest.mark.parametrize("num_exponentials", [7, 9])
def test_order_conditions_in_the_free_algebra(num_exponentials):
    formula = MOMENT_FORMULAS[num_exponentials]
    assert 2 * formula.num_layers + 1 == num_exponentials
    f0, f1, f2 = SLOPES
    area, first = {1: f0, 3: f2 / 12.0}, {2: f1 / 12.0}
    series = {("", 0): 1.0}
    diagonal = [{1: weight} for weight in formula.weights]
    for i, (c, d) in enumerate(zip(formula.areas, formula.slopes, strict=True)):
        angle = {power: c * value for power, value in area.items()}
        angle |= {power: d * value for power, value in first.items()}
        series = times(exponential("X", angle), series)
        if i < len(diagonal):
            series = times(exponential("Y", diagonal[i]), series)
    exact = iterated_integrals()
    assert len(exact) > 40
    for key in exact.keys() | series.keys():
        assert series.get(key, 0.0) == pytest.approx(exact.get(key, 0.0), abs=2e-13), key
    # Without the first moment the order is but two: the test sees it.
    assert exact["XY", 3] + exact["YX", 3] != 0.0
    assert exact["XY", 3] != pytest.approx(exact["YX", 3])


@pytest.mark.parametrize("num_exponentials", [7, 9])
def test_free_coefficients_make_linear_pulses_right(num_exponentials):
    formula = MOMENT_FORMULAS[num_exponentials]
    tau = np.concatenate(([0.0], np.cumsum(formula.weights))) - 0.5
    slopes = np.array(formula.slopes)
    # Of f = t on [-1/2, 1/2]: m_1 = 1/12, and the integrals of t t and t t^3.
    assert slopes @ tau / 12.0 == pytest.approx(1.0 / 12.0, abs=1e-13)
    assert slopes @ tau**3 / 12.0 == pytest.approx(1.0 / 80.0, abs=1e-13)
    np.testing.assert_allclose(slopes, -slopes[::-1], atol=1e-14)
    np.testing.assert_allclose(formula.areas, formula.areas[::-1], atol=1e-14)
    np.testing.assert_allclose(formula.weights, formula.weights[::-1], atol=1e-14)


@dataclasses.dataclass(frozen=True)
class StepDrive(Drive):
    """A pulse that jumps in the middle."""

    amplitude: float
    duration: float

    @property
    def breakpoints(self):
        return (0.5 * self.duration,)

    def _value(self, t):
        return np.where(t < 0.5 * self.duration, self.amplitude * (1.0 + t), -0.4 * self.amplitude)


def populations(schedule):
    return np.abs(apply_layers(schedule)) ** 2


def slope_of(battery, time, steps, **options):
    exact = np.abs(solve(battery, time)) ** 2
    errors = [
        np.abs(
            populations(
                charging_schedule(
                    battery, time, num_steps=n, order=4, basis="y", frame="lab", **options
                )
            )
            - exact
        ).max()
        for n in steps
    ]
    return np.polyfit(np.log(steps), np.log(errors), 1)[0], errors


@pytest.mark.parametrize(
    "drive",
    [
        rz.SineSquaredDrive(20.0, PERIOD),
        rz.GaussianDrive(25.0, 0.12, 0.06, PERIOD),
        rz.ExponentialDrive(30.0, 0.1, PERIOD),
        rz.HarmonicDrive(15.0, 12.0, PERIOD, 0.4),
    ],
    ids=lambda drive: type(drive).__name__,
)
def test_order_of_convergence(drive):
    battery = rz.RosenZenerBattery(num_qubits=6, drive=drive, level_splitting=6.0, interaction=10.0)
    slope, _ = slope_of(battery, 0.8 * PERIOD, (12, 16, 24, 32))
    assert slope == pytest.approx(-4.0, abs=0.15)


def test_order_of_convergence_with_slices_of_unequal_time():
    # Equal areas of a pulse that fades to a twelfth: the last slice is as much longer.
    battery = rz.RosenZenerBattery(
        num_qubits=6, drive=rz.ExponentialDrive(30.0, 0.1, PERIOD), level_splitting=6.0,
        interaction=10.0,
    )  # fmt: skip
    slope, _ = slope_of(battery, 0.8 * PERIOD, (64, 96, 128, 192), spacing="area")
    assert slope == pytest.approx(-4.0, abs=0.15)


def test_jump_of_the_pulse():
    battery = rz.RosenZenerBattery(
        num_qubits=5, drive=StepDrive(25.0, PERIOD), level_splitting=6.0, interaction=10.0
    )
    # Even numbers of slices have an edge at the jump and do not see it.
    at_edge, even_errors = slope_of(battery, PERIOD, (12, 16, 24, 32))
    assert at_edge == pytest.approx(-4.0, abs=0.2)
    # Odd ones have it inside a slice. Area and first moment are those of the pulse all the same:
    # the error of that slice is of third order, and worse than the others'.
    across, odd_errors = slope_of(battery, PERIOD, (13, 17, 25, 33))
    assert -4.0 < across < -2.5
    assert odd_errors[-1] > 3.0 * even_errors[-1]
    assert odd_errors[-1] < 1e-3


def test_no_drive_leaves_the_battery_alone():
    battery = rz.RosenZenerBattery(
        num_qubits=5, drive=rz.SineSquaredDrive(0.0, PERIOD), interaction=4.0
    )
    options = {"num_steps": 3, "order": 4, "frame": "lab"}
    assert charging_schedule(battery, PERIOD, basis="y", **options).layers == ()


def test_cost_and_kinship():
    battery = rz.RosenZenerBattery(
        num_qubits=6, drive=rz.SineSquaredDrive(20.0, PERIOD), interaction=2.0
    )
    for basis in ("z", "y"):
        schedule = charging_schedule(
            battery, PERIOD, num_steps=5, order=4, frame="lab", basis=basis
        )
        assert schedule.num_zz_layers == 4 * 5
    area = sum(layer.angle for layer in schedule.layers if layer.axis == "x")
    assert area == pytest.approx(float(battery.drive.area(0.0, PERIOD)), rel=1e-12)
    for order in (1, 2):
        lab, drive = (
            charging_schedule(battery, PERIOD, num_steps=4, order=order, frame=frame)
            for frame in ("lab", "drive")
        )
        assert lab.layers == drive.layers


def test_shared_slices_end_at_each_time():
    battery = rz.RosenZenerBattery(
        num_qubits=5, drive=rz.SineSquaredDrive(20.0, PERIOD), interaction=4.0
    )
    for time in (0.13, 0.2):
        schedule = charging_schedule(
            battery, time, num_steps=16, order=4, frame="lab", horizon=PERIOD
        )
        exact = evolve_exact(battery, [time]).population.values[0]
        np.testing.assert_allclose(populations(schedule), exact, atol=2e-5)


@pytest.mark.parametrize(
    "drive",
    [
        rz.SineSquaredDrive(20.0, PERIOD),
        rz.HarmonicDrive(15.0, 900.0, PERIOD, 0.4),
        rz.SampledDrive([0.0, 0.05, 0.21, PERIOD], [1.0, 9.0, -4.0, 2.0]),
        StepDrive(25.0, PERIOD),
    ],
    ids=lambda drive: type(drive).__name__,
)
def test_moments_of_pulses(drive):
    edges = np.array([0.0, 0.03, 0.18, 0.25, PERIOD])
    moments = pulse_moments(drive, edges)
    for (area, first), (left, right) in zip(moments, itertools.pairwise(edges), strict=True):
        middle, inner = 0.5 * (left + right), [b for b in drive.breakpoints if left < b < right]
        options = {"points": inner or None, "epsabs": 1e-13, "epsrel": 1e-12, "limit": 500}
        assert area == pytest.approx(quad(drive.value, left, right, **options)[0], abs=1e-11)
        expected = quad(lambda t, m=middle: float(drive.value(t)) * (t - m), left, right, **options)
        assert first == pytest.approx(expected[0] / (right - left), abs=1e-11)


def test_order_six_has_no_moment_formula():
    battery = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, PERIOD))
    with pytest.raises(ValueError, match="`order` must be at most 4 in the frame 'lab', got 6"):
        charging_schedule(battery, 0.1, num_steps=2, order=6, frame="lab")
