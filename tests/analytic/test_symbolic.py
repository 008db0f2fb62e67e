"""The printed coefficients and the second-order closed forms, checked by computer algebra."""

import numpy as np
import pytest
import sympy as sp

import rzqiskit as rz
from rzqiskit.analytic import paper, second_order
from rzqiskit.analytic.frame_integrals import FrameIntegrals

jx, jy, jz = sp.symbols("J_x J_y J_z", commutative=False)
mu, nu, mu_rate, nu_rate, force, delta, lam = sp.symbols(
    "mu nu mudot nudot f Delta lambda", real=True
)
n = sp.symbols("N", positive=True)


def turned_about_y(a, b, c):
    """Return U2 (a Jx + b Jy + c Jz) U2^dagger, U2 = exp(i nu Jy)."""
    return (
        a * sp.cos(nu) - c * sp.sin(nu),
        b,
        a * sp.sin(nu) + c * sp.cos(nu),
    )


def turned_about_x(a, b, c):
    """Return U1 (a Jx + b Jy + c Jz) U1^dagger, U1 = exp(i mu Jx)."""
    return a, b * sp.cos(mu) + c * sp.sin(mu), c * sp.cos(mu) - b * sp.sin(mu)


@pytest.mark.parametrize("turned", [turned_about_x, turned_about_y])
def test_the_turns_solve_their_equation(turned):
    # d/dangle X = i [J, X] with the commutators of angular momentum, and X = J at angle zero.
    angle, axis = (mu, 0) if turned is turned_about_x else (nu, 1)
    for component in range(3):
        start = [sp.Integer(i == component) for i in range(3)]
        image = turned(*start)
        assert [part.subs(angle, 0) for part in image] == start
        # i [J_axis, J_b] = i (i eps) J_c = -eps_{axis b c} J_c
        commutator = [
            sum(-sp.LeviCivita(axis, b, c) * image[b] for b in range(3)) for c in range(3)
        ]
        for left, right in zip((sp.diff(part, angle) for part in image), commutator, strict=True):
            assert sp.simplify(left - right) == 0


def coefficient(expression, operator):
    return sp.expand(expression).coeff(operator)


PRODUCTS = [jx * jy, jy * jx, jx * jz, jz * jx, jy * jz, jz * jy, jx**2, jy**2, jz**2]


def test_printed_c_n_and_a_n():
    image = turned_about_y(*turned_about_x(0, 0, 1))
    square = sp.expand((image[0] * jx + image[1] * jy + image[2] * jz) ** 2)
    c = [coefficient(square, product) for product in PRODUCTS]
    s, k = sp.sin, sp.cos
    printed = [
        -s(mu) * k(mu) * s(nu), -s(mu) * k(mu) * s(nu),
        -s(nu) * k(nu) * k(mu) ** 2, -s(nu) * k(nu) * k(mu) ** 2,
        s(mu) * k(mu) * k(nu), s(mu) * k(mu) * k(nu),
        k(mu) ** 2 * s(nu) ** 2, s(mu) ** 2, k(mu) ** 2 * k(nu) ** 2,
    ]  # fmt: skip
    for found, expected in zip(c, printed, strict=True):
        assert sp.simplify(found - expected) == 0
    # The part of H' along Jx as printed in Eq. 12, f + mu'; then the second frame term, + nu' Jy.
    drive = turned_about_y(force + mu_rate, 0, 0)
    linear = [sp.expand(drive[i] + delta * image[i]) for i in range(3)]
    linear[1] += nu_rate
    printed_linear = [
        force * k(nu) + mu_rate * k(nu) - delta * k(mu) * s(nu),
        nu_rate + delta * s(mu),
        -force * s(nu) - mu_rate * s(nu) + delta * k(mu) * k(nu),
    ]
    assert sp.simplify(linear[0] - printed_linear[0]) == 0
    assert sp.simplify(linear[1] - printed_linear[1]) == 0
    # A_3 as printed has the turn of Jx under exp(i nu Jy) with the sign of exp(-i nu Jy):
    # at the paper's nu = pi and mu' = -f it makes no difference.
    gap = sp.simplify(linear[2] - printed_linear[2])
    assert sp.simplify(gap - 2 * (force + mu_rate) * s(nu)) == 0
    # The code is the printed form.
    values = {mu: 0.7, nu: 0.4}
    battery = rz.RosenZenerBattery(num_qubits=3, drive=rz.SineSquaredDrive(20.0, 0.3))
    time = [0.123]
    values[mu] = float(paper.gauge_angle(battery, time)[0])
    code = paper.squared_energy_coefficients(battery, time, nu=0.4)[:, 0]
    np.testing.assert_allclose(code, [float(e.subs(values)) for e in printed], atol=1e-14)


def test_printed_b_2_and_b_8_are_integrals_of_a_2_and_a_8():
    # Jacobi-Anger to Bessel order 1, the two Bessel functions kept as symbols.
    u, p, j0, j1 = sp.symbols("u p J0 J1", positive=True)  # u = t/T, p = v0 T

    def sine_of_area(multiple):
        slow = multiple * p * u / 2
        return sp.sin(slow) * j0 - 2 * j1 * sp.cos(slow) * sp.sin(2 * sp.pi * u)

    # T = 1; A_2 = Delta sin(mu) = Delta sin(phi); A_8 = (lambda/N) sin(2 phi) at nu = pi.
    b2 = sp.integrate(delta * sine_of_area(1), (u, 0, 1), conds="none")
    b8 = sp.integrate(lam / n * sine_of_area(2), (u, 0, 1), conds="none")
    # J1 is odd: J1(-x) = -J1(x).
    printed_b2 = 4 * delta * (j0 / p - 8 * sp.pi * j1 / (16 * sp.pi**2 - p**2)) * sp.sin(p / 4) ** 2
    printed_b8 = lam / n * (j0 / p - 4 * sp.pi * j1 / (4 * sp.pi**2 - p**2)) * (1 - sp.cos(p))
    rng = np.random.default_rng(5)
    for value in rng.uniform(0.3, 11.0, 6):
        point = {p: sp.Float(value, 40), j0: sp.Rational(3, 7), j1: sp.Rational(-2, 5)}
        for found, printed in ((b2, printed_b2), (b8, printed_b8)):
            gap = (found - printed).subs(point).subs({delta: 1, lam: 1, n: 3})
            assert abs(sp.N(gap, 30)) < 1e-25


def test_energy_formula_is_the_mean_of_the_amplitudes():
    # <X> = c <k> + s <Jy> over the five levels, in exact arithmetic for several N.
    for num_qubits in (1, 2, 3, 4, 6, 11):
        g = 0.3
        battery = rz.RosenZenerBattery(
            num_qubits=num_qubits,
            drive=rz.RectangularDrive(1.0, 1.0),
            interaction=0.5 * g * num_qubits,
        )
        rng = np.random.default_rng(num_qubits)
        at = FrameIntegrals(*rng.normal(size=(7, 1)))
        first, second = second_order.frame_amplitudes(battery, at)
        k = np.arange(5)
        lift = np.sqrt((k[:-1] + 1.0) * np.maximum(num_qubits - k[:-1], 0))
        # In the basis (-i)^k |k> Jy is real: <k + 1|Jy|k> = sqrt((k + 1)(N - k))/2.
        current = second[1, 0] * lift[0] + np.sum(first[1:, 0] * first[:-1, 0] * lift)
        excitations = np.sum(k * first[:, 0] ** 2)
        mean = np.cos(at.phi) * excitations + np.sin(at.phi) * current
        energy = second_order.stored_energy(battery, at) - num_qubits * np.sin(at.phi / 2) ** 2
        np.testing.assert_allclose(energy, mean, atol=1e-12)
