from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import least_squares

from rzqiskit.mitigation import extrapolate_to_zero_noise
from rzqiskit.mitigation.zero_noise import fit_noise

FACTORS = np.array([1.0, 3.0, 5.0])
CURVES = {
    "linear": lambda x: 4.0 - 0.2 * x,
    "quadratic": lambda x: 4.0 - 0.2 * x + 0.01 * x**2,
    "richardson": lambda x: 4.0 - 0.2 * x + 0.01 * x**2,
    "exponential": lambda x: 2.5 + 1.5 * np.exp(-0.15 * x),
}


@pytest.mark.parametrize("method", CURVES)
def test_exact_where_the_curve_is_of_the_form(method: str) -> None:
    y = CURVES[method](FACTORS)
    value, error = extrapolate_to_zero_noise(
        FACTORS, y, [0.01, 0.02, 0.03], method=method, asymptote=2.5
    )
    assert value == pytest.approx(4.0, abs=1e-6)
    assert error > 0.01


@pytest.mark.parametrize("method", CURVES)
@pytest.mark.parametrize("errors", [[0.01, 0.01, 0.01], [0.005, 0.02, 0.04]])
def test_coverage(method: str, errors: list[float]) -> None:
    # 20000 pulls: mean within 5 / sqrt(20000) = 0.035, variance within 5 sqrt(2 / 20000) = 0.05
    # (false alarm rate 6e-7 each); the exponential is not linear in its rate: 0.05 more.
    rng = np.random.default_rng(7)
    sigma = np.repeat(np.array(errors)[:, np.newaxis], 20_000, axis=1)
    y = CURVES[method](FACTORS)[:, np.newaxis] + sigma * rng.standard_normal(sigma.shape)
    value, error = extrapolate_to_zero_noise(FACTORS, y, sigma, method=method, asymptote=2.5)
    pull = (value - 4.0) / error
    slack = 0.05 if method == "exponential" else 0.0
    assert abs(pull.mean()) < 0.036 + slack
    assert abs(pull.var() - 1.0) < 0.05 + slack


def test_linear_against_polyfit() -> None:
    sigma = np.array([0.01, 0.03, 0.02])
    y = np.array([0.9, 0.6, 0.5])
    coefficients, covariance = np.polyfit(FACTORS, y, 1, w=1.0 / sigma, cov="unscaled")
    value, error = extrapolate_to_zero_noise(FACTORS, y, sigma)
    assert value == pytest.approx(coefficients[1], rel=1e-12)
    assert error == pytest.approx(math.sqrt(covariance[1, 1]), rel=1e-12)


def test_richardson_against_lagrange() -> None:
    x, y = np.array([1.0, 1.5, 2.0, 3.0]), np.array([0.9, 0.84, 0.8, 0.71])
    weights = [math.prod(x[j] / (x[j] - x[i]) for j in range(4) if j != i) for i in range(4)]
    value, error = extrapolate_to_zero_noise(x, y, np.full(4, 0.01), method="richardson")
    assert value == pytest.approx(float(np.dot(weights, y)), rel=1e-10)
    assert error == pytest.approx(0.01 * math.hypot(*weights), rel=1e-9)


def test_no_signal_left_for_the_exponential() -> None:
    # y is at its asymptote: nothing to amplify, a finite error that covers. 5 sigma as above.
    rng = np.random.default_rng(8)
    y = 2.5 + 0.01 * rng.standard_normal((3, 2000))
    value, error = extrapolate_to_zero_noise(
        FACTORS, y, np.full(y.shape, 0.01), method="exponential", asymptote=2.5
    )
    pull = (value - 2.5) / error
    assert np.isfinite(error).all()
    assert (error < 1.0).all()
    assert np.mean(pull**2) < 1.3


def test_errors_of_the_noise_factors() -> None:
    # y falls with slope -2 along a noise that is itself measured: 5 sigma as above.
    rng = np.random.default_rng(9)
    truth = np.array([[0.1], [0.3], [0.6]])
    x_error = np.full((3, 20_000), 0.01)
    x = truth + x_error * rng.standard_normal(x_error.shape)
    y = 3.0 - 2.0 * truth + 0.01 * rng.standard_normal(x_error.shape)
    value, error = extrapolate_to_zero_noise(x, y, np.full(y.shape, 0.01), noise_stderr=x_error)
    pull = (value - 3.0) / error
    # errors of the abscissa flatten a fitted line: a bias of a tenth of the error here
    assert abs(pull.mean()) < 0.25
    assert abs(pull.var() - 1.0) < 0.1
    _, blind = extrapolate_to_zero_noise(x, y, np.full(y.shape, 0.01))
    assert np.median(error / blind) == pytest.approx(math.sqrt(5.0), rel=0.05)


def test_columns_are_independent_and_keep_their_shape() -> None:
    rng = np.random.default_rng(10)
    y, sigma = rng.random((3, 2, 4)), 0.1 + rng.random((3, 2, 4))
    for method in CURVES:
        value, error = extrapolate_to_zero_noise(FACTORS, y, sigma, method=method)
        assert value.shape == error.shape == (2, 4)
        alone, alone_error = extrapolate_to_zero_noise(
            FACTORS, y[:, 1, 2], sigma[:, 1, 2], method=method
        )
        assert value[1, 2] == pytest.approx(float(alone), rel=1e-9)
        assert error[1, 2] == pytest.approx(float(alone_error), rel=1e-9)


def test_a_value_known_exactly_stays_exact() -> None:
    value, error = extrapolate_to_zero_noise(FACTORS, np.zeros((3, 1)), np.zeros((3, 1)))
    assert (value, error) == (0.0, 0.0)


def test_chi_squared_is_that_of_least_squares() -> None:
    """With the rate known beforehand as one point more."""
    x, y = np.array([0.1, 0.35, 0.6, 0.8]), np.array([2.0, 1.5, 1.3, 0.9])
    sigma = np.array([0.02, 0.03, 0.02, 0.05])
    known = (0.85, 0.3)

    def curve(at: np.ndarray) -> np.ndarray:
        return (at[0] * np.exp(-at[1] * x) - y) / sigma

    def with_known(at: np.ndarray) -> np.ndarray:
        return np.append(curve(at), (at[1] - known[0]) / known[1])

    line = np.polyfit(x, y, 1, w=1.0 / sigma)
    cases = (
        (with_known, {"method": "exponential", "rate": known}),
        (curve, {"method": "exponential"}),
        (lambda at: (np.polyval(at, x) - y) / sigma, {"method": "linear"}),
    )
    for residuals, options in cases:
        start = line if options["method"] == "linear" else [2.0, 0.9]
        fitted = least_squares(residuals, start, xtol=1e-14, ftol=1e-14, gtol=1e-14)
        found = fit_noise(x, y[:, np.newaxis], sigma[:, np.newaxis], **options)
        assert found.chi_squared[0] == pytest.approx(2.0 * fitted.cost, rel=1e-6)
        assert found.chi_squared[0] > 4.0


@pytest.mark.parametrize(
    ("arguments", "changes", "message"),
    [
        (([1], [[1.0]], [[0.1]]), {}, "`values` must have at least 2 noise factors"),
        (([1, 2, 3], [1.0, 2.0], [0.1, 0.1]), {}, r"`noise_factors` must have the shape \(2,\)"),
        (([1, 1], [1.0, 2.0], [0.1, 0.1]), {}, "`noise_factors` must differ from each other"),
        (([1, 1 + 1e-12], [1.0, 2.0], [0.1, 0.1]), {}, "by more than a millionth, got ones 1e-12"),
        (([1, 2], [1.0, 2.0], [0.1, -0.1]), {}, "`stderr` must not be negative, got -0.1"),
        (([1, 2], [1.0, np.inf], [0.1, 0.1]), {}, "`values` must be finite, got inf"),
        (
            ([1, 2], [[1.0], [2.0]], [[0.1], [0.1]]),
            {"asymptote": [0.0, 1.0]},
            r"`asymptote` must have the shape \(1,\), got \(2,\)",
        ),
        (
            ([1, 2], [1.0, 2.0], [0.1, 0.1]),
            {"method": "quadratic"},
            "`noise_factors` must be at least 3 for 'quadratic', got 2",
        ),
        (
            ([1, 2], [1.0, 2.0], [0.1, 0.1]),
            {"method": "cubic"},
            "`method` must be one of 'linear', 'quadratic', 'exponential', 'richardson'",
        ),
    ],
)
def test_bad_input(arguments: tuple[object, ...], changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extrapolate_to_zero_noise(*arguments, **changes)


def test_bad_type() -> None:
    with pytest.raises(TypeError, match="`values` must be an array of real numbers"):
        extrapolate_to_zero_noise([1, 2], ["a", "b"], [0.1, 0.1])
    with pytest.raises(TypeError, match="`values` must be an array of real numbers"):
        extrapolate_to_zero_noise([1, 2], [[1.0], [1.0, 2.0]], [0.1, 0.1])


@pytest.mark.parametrize(
    ("signal", "least", "most"), [(0.0, 0.6, 0.8), (10.0, 1.5, 2.1), (100.0, 0.94, 1.1)]
)
def test_the_exponential_error_is_as_honest_as_it_says(
    signal: float, least: float, most: float
) -> None:
    """The pulls of the docstring: none, a few and many errors of signal."""
    x = np.array([1.0, 3.0, 5.0])
    noise = np.random.default_rng(41).standard_normal((3, 4000))
    y = signal * np.exp(-x)[:, np.newaxis] + noise
    value, error = extrapolate_to_zero_noise(x, y, np.ones_like(y), method="exponential")
    # One sigma of a root mean square of 4000 pulls: 0.011, three times that with their tails.
    assert least < np.sqrt(np.mean(((value - signal) / error) ** 2)) < most
