"""Pulses against mpmath, which evaluates and integrates the formulas of the paper at 40 digits."""

import itertools
import math

import mpmath
import numpy as np
import pytest

from rzqiskit import (
    ExponentialDrive,
    GaussianDrive,
    HarmonicDrive,
    RectangularDrive,
    SampledDrive,
    SechDrive,
    SineSquaredDrive,
)


@pytest.fixture(autouse=True)
def forty_digits():
    with mpmath.workdps(40):
        yield


def formula(drive):
    """Return f(t) as the design states it, for mpmath numbers inside the window."""
    m = mpmath.mpf
    match drive:
        case SineSquaredDrive(v, period):
            return lambda t: m(v) * mpmath.sin(mpmath.pi * t / m(period)) ** 2
        case GaussianDrive(v, c, w):
            return lambda t: m(v) * mpmath.exp(-((t - m(c)) ** 2) / (2 * m(w) ** 2))
        case SechDrive(v, c, w):
            return lambda t: m(v) * mpmath.sech((t - m(c)) / m(w))
        case ExponentialDrive(v, tc):
            return lambda t: m(v) * mpmath.exp(-t / m(tc))
        case RectangularDrive(v):
            return lambda t: m(v)
        case HarmonicDrive(v, w, _, phase):
            return lambda t: m(v) * mpmath.cos(m(w) * t + m(phase))
        case SampledDrive():
            return lambda t: between_samples(drive, t)


def between_samples(drive, t):
    knots = [mpmath.mpf(x) for x in drive.times.tolist()]
    values = [mpmath.mpf(x) for x in drive.values.tolist()]
    for (a, b), (start, stop) in zip(
        itertools.pairwise(knots), itertools.pairwise(values), strict=True
    ):
        if a <= t <= b:
            return start + (stop - start) * (t - a) / (b - a)
    raise AssertionError(t)


def integral(drive, low, high):
    """Return the integral of the formula over [low, high], inside the window, by quadrature."""
    edges = {mpmath.mpf(low), mpmath.mpf(high)}
    edges |= {mpmath.mpf(x) for x in drive.breakpoints if low < x < high}
    # Pieces no longer than the scale of the pulse, and a piece border at its center.
    scale = {
        GaussianDrive: lambda: drive.width,
        SechDrive: lambda: drive.width,
        ExponentialDrive: lambda: drive.time_constant,
    }.get(type(drive), lambda: drive.duration / 4)()
    if hasattr(drive, "center") and low < drive.center < high:
        edges.add(mpmath.mpf(drive.center))
    pieces = []
    for a, b in itertools.pairwise(sorted(edges)):
        count = min(64, max(1, int(mpmath.ceil((b - a) / (4 * scale)))))
        pieces += [(a + (b - a) * i / count, a + (b - a) * (i + 1) / count) for i in range(count)]
    f = formula(drive)
    total = mpmath.mpf(0)
    for a, b in pieces:
        # mpmath stops at an absolute error: far tails have to be scaled to order one.
        peak = max(abs(f(t)) for t in (a, (a + b) / 2, b)) or 1
        total += peak * mpmath.quad(lambda t, peak=peak: f(t) / peak, (a, b), maxdegree=8)
    return total


def test_value(drive):
    times = np.random.default_rng(1).uniform(0.0, drive.duration, 40)
    f = formula(drive)
    expected = [float(f(mpmath.mpf(t))) for t in times.tolist()]
    # A drive far out in its tail is only as right as its exponent.
    np.testing.assert_allclose(drive.value(times), expected, rtol=2e-13, atol=1e-300)


def test_value_is_zero_outside_the_window_and_not_at_its_ends(drive):
    past = np.nextafter(drive.duration, np.inf)
    outside = np.array([-np.inf, -1.0, -1e-300, past, 2 * drive.duration, np.inf])
    np.testing.assert_array_equal(drive.value(outside), np.zeros(6))
    f = formula(drive)
    ends = [float(f(mpmath.mpf(0))), float(f(mpmath.mpf(drive.duration)))]
    size = abs(drive.value(np.linspace(0, drive.duration, 101))).max()
    np.testing.assert_allclose(drive.value([0.0, drive.duration]), ends, atol=1e-15 * size)


@pytest.mark.parametrize("width", [1.0, 0.3, 0.02, 1e-4, 1e-8])
def test_area_of_slices(drive, width):
    rng = np.random.default_rng(2)
    for start in rng.uniform(0.0, 1.0 - width, 3).tolist() if width < 1.0 else [0.0]:
        low = start * drive.duration
        high = min((start + width) * drive.duration, drive.duration)
        expected = integral(drive, low, high)
        # Where f changes sign the area may cancel: rounding is then relative to that of |f|.
        inner = np.linspace(low, high, 33)
        size = float(abs(drive.value(inner)).max()) * (high - low)
        signed = isinstance(drive, (HarmonicDrive, SampledDrive))
        bound = 5e-14 * size if signed else 5e-14 * abs(float(expected)) + 1e-300
        if isinstance(drive, (GaussianDrive, SechDrive, ExponentialDrive)):
            bound *= 10.0  # exponents up to some hundreds carry their own rounding
        assert float(drive.area(low, high)) == pytest.approx(float(expected), rel=0.0, abs=bound)


@pytest.mark.parametrize("stop", [0.5, 1e-2, 1e-5, 1e-9])
def test_area_where_the_pulse_sets_in_and_dies_out(table, stop):
    # sin^2 starts like (pi t / T)^2: the area up to t is of third order, with no cancellation.
    drive = table["sine-squared"]
    expected = float(integral(drive, 0.0, stop * drive.period))
    assert drive.area(0.0, stop * drive.period) == pytest.approx(expected, rel=1e-14, abs=0.0)
    start = drive.period * (1.0 - stop)
    expected = float(integral(drive, start, drive.period))
    assert drive.area(start, drive.period) == pytest.approx(expected, rel=1e-12, abs=0.0)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("gaussian-far", 5.0, 6.0),  # 22 standard deviations out: 1e-106
        ("gaussian-far", 94.0, 100.0),
        ("gaussian-far", 50.0 - 1e-7, 50.0 + 1e-7),
        ("gaussian-outside", 0.0, 6.0),  # the whole window is in the tail
        ("gaussian-outside", 0.0, 1e-9),
        ("sech-far", 0.0, 1.0),  # exp(-500)
        ("sech-far", 999.0, 1000.0),
        ("sech-far", 499.0, 1000.0),
        ("sech-far", 500.0 + 1e-9, 500.0 + 2e-9),
        ("exponential-far", 600.0, 601.0),
        ("exponential-far", 700.0, 700.0 + 1e-9),
    ],
)
def test_area_in_far_tails(table, name, low, high):
    drive = table[name]
    expected = float(integral(drive, low, high))
    assert expected != 0.0
    assert drive.area(low, high) == pytest.approx(expected, rel=3e-13, abs=0.0)
    assert drive.area(high, low) == pytest.approx(-expected, rel=3e-13, abs=0.0)


@pytest.mark.parametrize("offset", [-3.0, -0.6, -0.1, 0.0, 0.2, 1.5])
@pytest.mark.parametrize("width", [0.69, 0.72, 0.3])
def test_gaussian_slices_where_the_method_changes(offset, width):
    drive = GaussianDrive(amplitude=1.0, center=20.0, width=1.0, duration=40.0)
    low = 20.0 + offset
    expected = float(integral(drive, low, low + width))
    assert drive.area(low, low + width) == pytest.approx(expected, rel=2e-14, abs=0.0)


def test_area_outside_the_window(drive):
    whole = drive.area(0.0, drive.duration)
    assert drive.area(-5.0, drive.duration + 5.0) == whole
    assert drive.area(-np.inf, np.inf) == whole
    assert drive.area(np.inf, -np.inf) == -whole
    assert drive.area(-3.0, -1.0) == drive.area(drive.duration, drive.duration + 1.0) == 0.0


def test_arrays_broadcast_and_scalars_stay_scalars(drive):
    t0 = np.linspace(0.0, drive.duration, 3)[:, None]
    t1 = np.linspace(-0.1, 1.1, 4) * drive.duration
    areas = drive.area(t0, t1)
    assert areas.shape == (3, 4)
    for i, j in np.ndindex(3, 4):
        assert areas[i, j] == drive.area(float(t0[i, 0]), float(t1[j]))
    values = drive.value(t0)
    assert values.shape == (3, 1)
    assert values[1, 0] == drive.value(float(t0[1, 0]))
    assert np.ndim(drive.value(0.1)) == np.ndim(drive.area(0.0, 0.1)) == 0
    assert drive.value(np.empty((0, 2))).shape == (0, 2)
    assert drive.area(np.empty(0), 1.0).shape == (0,)


def test_nan_is_refused(drive):
    with pytest.raises(ValueError, match=r"`t` must not be NaN\."):
        drive.value([0.1, np.nan])
    with pytest.raises(ValueError, match=r"`t0` must not be NaN\."):
        drive.area(np.nan, 1.0)
    with pytest.raises(ValueError, match=r"`t1` must not be NaN\."):
        drive.area(0.0, [np.nan])


@pytest.mark.parametrize("bad", ["0.1", None, True, 1j, [[0.1], [0.1, 0.2]], [False], "soon"])
def test_what_is_no_time_is_refused(drive, bad):
    with pytest.raises(TypeError, match=r"^`t` must be an array of real numbers, got .*\.$"):
        drive.value(bad)
    with pytest.raises(TypeError, match=r"^`t0` must be an array of real numbers, got .*\.$"):
        drive.area(bad, 1.0)
    with pytest.raises(TypeError, match=r"^`t1` must be an array of real numbers, got .*\.$"):
        drive.area(0.0, bad)


def test_limits_have_shapes_that_go_together(drive):
    with pytest.raises(ValueError, match=r"^`t1` must have a shape .* `t0`, \(2,\), got \(3,\)\.$"):
        drive.area([0.0, 1.0], [1.0, 2.0, 3.0])


def test_infinite_times_are_outside_the_window(drive):
    assert drive.value([-np.inf, np.inf]).tolist() == [0.0, 0.0]
    assert drive.area(-np.inf, np.inf) == drive.area(0.0, drive.duration)


def test_areas_known_in_closed_form():
    """Values from integral tables, not from the formulas of the code."""
    period = 0.37
    assert SineSquaredDrive(8.0, period).area(0, period) == pytest.approx(
        4.0 * period, rel=1e-15, abs=0.0
    )
    wide = SechDrive(amplitude=3.0, center=60.0, width=1.5, duration=120.0)
    assert wide.area(0, 120) == pytest.approx(3.0 * 1.5 * math.pi, rel=1e-15, abs=0.0)
    bell = GaussianDrive(amplitude=2.0, center=10.0, width=0.7, duration=20.0)
    assert bell.area(0, 20) == pytest.approx(2.0 * 0.7 * math.sqrt(2 * math.pi), rel=1e-15, abs=0.0)
    # One standard deviation to both sides: 68.27 %.
    share = bell.area(9.3, 10.7) / bell.area(0, 20)
    assert share == pytest.approx(0.6826894921370859, rel=1e-14, abs=0.0)
    full_turns = HarmonicDrive(amplitude=4.0, angular_frequency=2 * math.pi, duration=3.0)
    assert full_turns.area(0, 3) == pytest.approx(0.0, abs=1e-14)
    assert full_turns.area(0, 0.25) == pytest.approx(4.0 / (2 * math.pi), rel=1e-15, abs=0.0)


def test_sampled_slices_across_a_knot_do_not_cancel(table):
    drive = table["sampled"]
    for knot, slope_low, slope_high in ((0.3, -10.0, 120.0), (0.35, 120.0, -3.5 / 0.85)):
        value, half = float(drive.value(knot)), 2.0**-40
        expected = 2 * half * value + 0.5 * half**2 * (slope_high - slope_low)
        assert drive.area(knot - half, knot + half) == pytest.approx(expected, rel=1e-14, abs=0.0)
