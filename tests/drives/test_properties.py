"""What holds for the value and the area of every pulse."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from rzqiskit import (
    ExponentialDrive,
    GaussianDrive,
    HarmonicDrive,
    RectangularDrive,
    SampledDrive,
    SechDrive,
    SineSquaredDrive,
)

# Numbers at the scale of one: invariants at extreme scales are the tables' above.
amplitudes = st.floats(-50.0, 50.0)
lengths = st.floats(0.05, 20.0)
shares = st.floats(-0.2, 1.2)
drives = st.one_of(
    st.builds(SineSquaredDrive, amplitudes, lengths),
    st.builds(GaussianDrive, amplitudes, st.floats(-5.0, 25.0), lengths, lengths),
    st.builds(SechDrive, amplitudes, st.floats(-5.0, 25.0), lengths, lengths),
    st.builds(ExponentialDrive, amplitudes, lengths, lengths),
    st.builds(RectangularDrive, amplitudes, lengths),
    st.builds(HarmonicDrive, amplitudes, st.floats(0.0, 30.0), lengths, st.floats(-4.0, 4.0)),
    st.lists(amplitudes, min_size=2, max_size=6).map(
        lambda values: SampledDrive(np.linspace(0.0, 3.0, len(values)), values)
    ),
)


def size(drive):
    return 1e-300 + 50.0 * drive.duration


@settings(max_examples=200, deadline=None, derandomize=True)
@given(drives, shares, shares, shares)
def test_areas_add_up(drive, a, b, c):
    a, b, c = (share * drive.duration for share in (a, b, c))
    total = drive.area(a, b) + drive.area(b, c)
    assert total == pytest.approx(drive.area(a, c), rel=0.0, abs=1e-14 * size(drive))
    assert drive.area(a, b) == -drive.area(b, a)
    assert drive.area(a, a) == 0.0


@settings(max_examples=200, deadline=None, derandomize=True)
@given(drives, shares, shares, st.sampled_from([-1.0, 0.0, 2.0, -0.25]))
def test_value_and_area_are_linear_in_the_amplitude(drive, a, b, factor):
    a, b = a * drive.duration, b * drive.duration
    if isinstance(drive, SampledDrive):
        scaled = dataclasses.replace(drive, values=factor * drive.values)
    else:
        scaled = dataclasses.replace(drive, amplitude=factor * drive.amplitude)
    # Powers of two scale without rounding; subnormal numbers apart.
    assert scaled.value(a) == pytest.approx(factor * drive.value(a), rel=1e-15, abs=1e-300)
    assert scaled.area(a, b) == pytest.approx(factor * drive.area(a, b), rel=1e-15, abs=1e-300)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(drives, shares, shares)
def test_area_is_bounded_by_the_largest_value_and_has_its_sign(drive, a, b):
    low, high = sorted((a * drive.duration, b * drive.duration))
    if isinstance(drive, SampledDrive):
        peak, one_sign = float(abs(drive.values).max()), bool((drive.values >= 0).all())
        sign = 1.0
    else:
        peak, sign = abs(drive.amplitude), math.copysign(1.0, drive.amplitude)
        one_sign = not isinstance(drive, HarmonicDrive)
    assert abs(drive.area(low, high)) <= peak * (high - low) * (1 + 1e-13) + 1e-300
    if one_sign:
        assert sign * drive.area(low, high) >= 0.0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(drives, shares, shares)
def test_area_agrees_with_adaptive_quadrature_of_the_value(drive, a, b):
    low, high = (float(np.clip(s, 0, 1) * drive.duration) for s in sorted((a, b)))
    points = [x for x in drive.breakpoints if low < x < high]
    if isinstance(drive, (GaussianDrive, SechDrive)) and low < drive.center < high:
        points.append(drive.center)
    expected = sum(
        quad(drive.value, p, q, epsabs=1e-11 * size(drive), epsrel=1e-11, limit=200)[0]
        for p, q in itertools.pairwise([low, *sorted(points), high])
    )
    assert drive.area(low, high) == pytest.approx(expected, rel=0.0, abs=1e-10 * size(drive))
