"""Order conditions of the tabulated method: a mistyped digit breaks one of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rzqiskit.dicke import dop853

A, B, C, D = dop853.A, dop853.B, dop853.C, dop853.D


def test_row_sums_are_the_nodes():
    nodes = np.append(C[:12], [1.0, *C[13:]]) if C.size == 16 else C
    assert np.abs(A.sum(axis=1) - nodes).max() < 1e-14


@pytest.mark.parametrize("power", range(8))
def test_quadrature_conditions_of_order_eight(power):
    assert B @ C[:12] ** power == pytest.approx(1.0 / (power + 1), abs=2e-15)


@pytest.mark.parametrize("power", range(1, 7))
def test_stage_conditions(power):
    # sum_i b_i a_ij c_j^(q-1) = (1/q) sum_i b_i c_i^q: trees of order up to eight
    left = B @ A[:12, :12] @ C[:12] ** (power - 1)
    assert left == pytest.approx(B @ C[:12] ** power / power, abs=3e-15)


@pytest.mark.parametrize("power", range(5))
def test_error_estimators_vanish_for_low_degrees(power):
    if power < 5:
        assert abs(dop853.E5 @ C[:12] ** power) < 2e-15
    if power < 3:
        assert abs(dop853.E3 @ C[:12] ** power) < 2e-15


def test_dense_output_reproduces_a_polynomial_of_degree_seven():
    # y' = 8 t^7 has y = t^8; y' = 7 t^6 lies inside the interpolant's degree
    for degree, bound in ((7, 1e-14), (6, 1e-14)):
        slopes = degree * C ** (degree - 1)
        slopes[12] = degree  # the slope at the end of the step
        rise = 1.0
        rows = [rise, slopes[0] - rise, 2.0 * rise - slopes[12] - slopes[0], *(D @ slopes)]
        for x in np.linspace(0.0, 1.0, 7):
            value = 0.0
            for i, row in enumerate(reversed(rows)):
                value = (value + row) * (x if i % 2 == 0 else 1.0 - x)
            assert value == pytest.approx(x**degree, abs=bound)


def test_the_step_is_of_order_eight():
    # y' = i y, one step: |error| ~ h^9
    steps = np.array([0.8, 0.4, 0.2])
    errors = []
    for h in steps:
        k = np.zeros(12, complex)
        for i in range(12):
            k[i] = 1j * (1.0 + h * A[i, :12] @ k)
        errors.append(abs(1.0 + h * B @ k - np.exp(1j * h)))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert math.isclose(slope, 9.0, abs_tol=0.3)
