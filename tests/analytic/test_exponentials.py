import mpmath
import numpy as np
import pytest

from rzqiskit.analytic.exponentials import double_exponential, single_exponential


@pytest.mark.parametrize("nu", [0.0, 1e-9, 0.3, -2.0, 17.4])
def test_single_against_high_precision(nu):
    for tau in (0.0, 0.2, 1.0):
        expected = mpmath.quad(lambda s: mpmath.expjpi(2 * nu * s), [0, tau / 2, tau])
        assert single_exponential(nu, tau) == pytest.approx(complex(expected), abs=1e-14)


def exact_double(mu, nu, tau):
    with mpmath.workdps(60):
        x, y = 2j * mpmath.pi * mpmath.mpf(mu), 2j * mpmath.pi * mpmath.mpf(nu)
        t = mpmath.mpf(tau)

        def single(z):
            return t if z == 0 else (mpmath.exp(z * t) - 1) / z

        if nu == 0:
            if mu == 0:
                return complex(t**2 / 2)
            return complex((t * mpmath.exp(x * t) - single(x)) / x)
        return complex((single(x + y) - single(x)) / y)


@pytest.mark.parametrize("mu", [0.0, 1e-13, 1e-3, 0.1, 0.16, -0.3, 1.0, 7.7])
@pytest.mark.parametrize("nu", [0.0, -1e-13, 1e-8, 0.05, -0.1, 0.3, -1.0, -7.7, 12.2])
def test_double_against_closed_form_in_high_precision(mu, nu):
    for tau in (0.0, 0.03, 0.4, 1.0):
        found = complex(double_exponential(mu, nu, tau))
        assert found == pytest.approx(exact_double(mu, nu, tau), rel=2e-14, abs=1e-17)


def test_shapes_broadcast():
    table = double_exponential(np.zeros((3, 1, 1)), np.ones((1, 4, 1)), np.linspace(0, 1, 5))
    assert table.shape == (3, 4, 5)
