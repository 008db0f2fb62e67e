import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

import rzqiskit as rz
from rzqiskit.analytic import evolve_analytic, leading, paper
from rzqiskit.schema import METRICS

T = 0.1 * np.pi


def battery_of(amplitude, num_qubits=10, *, interaction=2.0, period=T, **options):
    drive = rz.SineSquaredDrive(amplitude, period)
    return rz.RosenZenerBattery(
        num_qubits=num_qubits, drive=drive, interaction=interaction, **options
    )


def printed_b(v0, period, delta, lam, n):
    """Return B_2, B_3, B_8, B_11, B_12 exactly as (B2) prints them, in 60 digits."""
    with mpmath.workdps(60):
        v0, period, delta, lam = (mpmath.mpf(x) for x in (v0, period, delta, lam))
        pi, product = mpmath.pi, v0 * period
        j0a, j1a = (mpmath.besselj(n, -product / (4 * pi)) for n in (0, 1))
        j0b, j1b = (mpmath.besselj(n, -product / (2 * pi)) for n in (0, 1))
        first = j0a / v0 + 8 * pi * period * j1a / (16 * pi**2 - product**2)
        second = j0b / v0 + 4 * pi * period * j1b / (4 * pi**2 - product**2)
        third = j0b / v0 - 4 * pi * period * j1b / (product**2 - 4 * pi**2)
        values = [
            4 * delta * first * mpmath.sin(product / 4) ** 2,
            -2 * delta * first * mpmath.sin(product / 2),
            lam / n * second * (1 - mpmath.cos(product)),
            lam / n * (period - third * mpmath.sin(product)),
            lam / n * (period + third * mpmath.sin(product)),
        ]
        return [float(value) for value in values]


@pytest.mark.parametrize(
    "v0_T",
    [
        *(sign * x * np.pi for sign in (1, -1) for x in (0.4, 1.0, 2.0, 3.3, 4.0, 6.0, 9.7)),
        *(np.pi * (x + d) for x in (2.0, 4.0) for d in (1e-3, -1e-6, 1e-9, -1e-12)),
        1e-3, 1e-9, 1e-14, -1e-12,
    ],
)  # fmt: skip
def test_b_n_agree_with_the_printed_form_in_high_precision(v0_T):
    # Floating-point 2 pi is not 2 pi: in 60 digits the printed form is finite and right beside it.
    v0 = v0_T / T
    found = paper.integrated_coefficients(battery_of(v0, 7, interaction=3.0))
    expected = printed_b(v0, T, 1.0, 3.0, 7)
    np.testing.assert_allclose(found[[1, 2, 7, 10, 11]], expected, rtol=1e-12, atol=1e-15)
    assert found[8] == found[7]
    assert not found[[0, 3, 4, 5, 6, 9]].any()


def test_printed_b_n_typed_in_naively_are_not_numbers_on_the_papers_own_curves():
    def third_bracket(v0):
        return 4 * np.pi * T / (4 * np.pi**2 - (v0 * T) ** 2) * (1 - np.cos(v0 * T))

    with np.errstate(divide="ignore", invalid="ignore"):
        assert np.isnan(third_bracket(np.float64(2 * np.pi / T)))
    assert np.isfinite(paper.integrated_coefficients(battery_of(20.0))).all()
    assert np.isfinite(paper.integrated_coefficients(battery_of(40.0))).all()


def test_limit_at_no_drive():
    found = paper.integrated_coefficients(battery_of(0.0, 5, interaction=3.0, level_splitting=1.5))
    expected = [0.0, -1.5 * T, 0.0, 0.0, 2 * 3.0 * T / 5]
    np.testing.assert_allclose(found[[1, 2, 7, 10, 11]], expected, atol=1e-15)


@pytest.mark.parametrize("v0_T", [0.5, 2.0, 3.0, 7.0, 12.0])
def test_b_n_are_integrals_of_a_n_with_two_bessel_orders(v0_T):
    battery = battery_of(v0_T / T, 6, interaction=1.7, level_splitting=1.2)
    drive = battery.drive

    def integral(function):
        return quad(function, 0.0, T, epsabs=1e-14, epsrel=1e-13)[0]

    def two_orders(multiple):
        # exp(i m phi) about mid-pulse, phi = phi(T)/2 + (v0/2) s + z sin(2 pi s/T), with
        # exp(i z sin x) -> J0(z) + 2 i J1(z) sin(x).
        z = multiple * drive.amplitude * T / (4 * np.pi)
        j0, j1 = (float(mpmath.besselj(n, z)) for n in (0, 1))

        def even(t):
            s = t - T / 2
            slow = multiple * drive.amplitude * s / 2
            return np.cos(slow) * j0 - 2 * j1 * np.sin(slow) * np.sin(2 * np.pi * s / T)

        middle = multiple * drive.amplitude * T / 4
        return np.exp(1j * middle) * integral(even)

    b = paper.integrated_coefficients(battery)
    once, twice = two_orders(1), two_orders(2)
    assert b[1] == pytest.approx(1.2 * once.imag, abs=1e-12)
    assert b[2] == pytest.approx(-1.2 * once.real, abs=1e-12)  # the opposite sign of A_3
    assert b[7] == pytest.approx(1.7 / 6 * twice.imag, abs=1e-12)
    assert b[10] == pytest.approx(1.7 / 6 * (T - twice.real), abs=1e-12)
    assert b[11] == pytest.approx(1.7 / 6 * (T + twice.real), abs=1e-12)
    # Truncated as they are, they still approach the true integrals of A_n for a weak pulse.
    if v0_T <= 2.0:
        for number in (2, 8, 11, 12):
            true = integral(lambda t, n=number: paper.gauge_coefficients(battery, [t])[n - 1, 0])
            assert b[number - 1] == pytest.approx(true, abs=0.02 * T)


def test_gauge_angle_solves_its_equation():
    battery = battery_of(23.0)
    times = np.linspace(0.0, 1.5 * T, 31)
    mu = paper.gauge_angle(battery, times)
    expected = [np.pi - quad(battery.drive.value, 0.0, t, points=[min(t, T)])[0] for t in times]
    np.testing.assert_allclose(mu, expected, atol=1e-12)
    assert mu[-1] == mu[20]


def rotation_images(mu, nu, matrices):
    """Return U2 U1 Jz U1^dagger U2^dagger as coefficients of Jx, Jy, Jz, and the matrices."""
    from scipy.linalg import expm

    jx, jy, jz = matrices
    u = expm(1j * nu * jy) @ expm(1j * mu * jx)
    return u @ jz @ u.conj().T


@pytest.mark.parametrize("nu", [np.pi, 0.7, -2.1])
def test_a_n_and_c_n_are_the_transformed_hamiltonian(nu, spins):
    jx, jy, jz = spins(4)
    battery = battery_of(17.0, 4, interaction=1.3, level_splitting=0.8)
    times = np.linspace(0.0, T, 7)
    mu = paper.gauge_angle(battery, times)
    a = paper.gauge_coefficients(battery, times, nu=nu)
    c = paper.squared_energy_coefficients(battery, times, nu=nu)
    products = [
        jx @ jy, jy @ jx, jx @ jz, jz @ jx, jy @ jz, jz @ jy, jx @ jx, jy @ jy, jz @ jz,
    ]  # fmt: skip
    g = 2 * 1.3 / 4
    for i in range(len(times)):
        image = rotation_images(mu[i], nu, (jx, jy, jz))
        np.testing.assert_allclose(
            sum(x * y for x, y in zip(c[:, i], products, strict=True)), image @ image, atol=1e-12
        )
        # A_1: f and mu' cancel; A_2, A_3 then are Delta times the image of Jz.
        total = sum(x * y for x, y in zip(a[:, i], [jx, jy, jz, *products], strict=True))
        np.testing.assert_allclose(total, 0.8 * image + g * image @ image, atol=1e-11)


def test_sign_of_the_frame_term_of_eq_12():
    # -i U1 d/dt U1^dagger with U1 = exp(i mu Jx), in the smallest representation (N = 1).
    t = sp.symbols("t", real=True)
    mu = sp.Function("mu", real=True)(t)
    jx = sp.Matrix([[0, 1], [1, 0]]) / 2
    half = mu / 2
    u1 = sp.Matrix(
        [[sp.cos(half), sp.I * sp.sin(half)], [sp.I * sp.sin(half), sp.cos(half)]]
    )  # exp(i mu Jx)
    assert sp.simplify(u1.subs(mu, 0) - sp.eye(2)) == sp.zeros(2)
    assert sp.simplify(sp.diff(u1, t) - sp.I * sp.diff(mu, t) * jx * u1) == sp.zeros(2)
    frame_term = sp.simplify(-sp.I * u1 * sp.diff(u1.H, t))
    # Eq. 12 has + mu' Jx in its place.
    assert sp.simplify(frame_term + sp.diff(mu, t) * jx) == sp.zeros(2)


def test_state_of_eq_16_turns_the_wrong_way(spins):
    from scipy.linalg import expm

    jx, jy, _ = spins(3)
    v0 = np.pi / T
    battery = battery_of(v0, 3, interaction=0.0, level_splitting=0.0)
    mu = paper.gauge_angle(battery, [T])[0]
    ground = np.eye(4)[0]
    printed = expm(-1j * mu * jx) @ expm(-1j * np.pi * jy) @ ground
    exact = expm(-1j * (v0 * T / 2) * jx) @ ground
    assert abs(np.vdot(printed, exact)) ** 2 < 1e-25
    np.testing.assert_allclose(np.abs(printed) ** 2, np.abs(exact) ** 2, atol=1e-12)


def test_energy_does_not_start_at_zero_and_the_correction_makes_it_worse(dense):
    battery = battery_of(10.0)
    times = np.linspace(0.0, T, 101)
    energy = paper.stored_energy(battery, times)
    exact = dense(battery, times)["stored_energy"]
    assert energy[0] == pytest.approx(0.112, abs=5e-4)
    assert np.abs(energy - exact).max() == pytest.approx(0.172, abs=5e-4)
    alone = leading.stored_energy(battery, times)
    assert np.abs(alone - exact).max() == pytest.approx(0.046, abs=5e-4)


@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_no_sign_of_b_2_and_b_3_saves_eq_17(signs, dense):
    battery = battery_of(10.0)
    times = np.linspace(0.0, T, 101)
    mu, b = paper.gauge_angle(battery, times), paper.integrated_coefficients(battery)
    b2, b3 = signs[0] * b[1], signs[1] * b[2]
    norm = np.hypot(b2, b3)
    factor = 100 / 4 * (b[7] + b[8]) * (np.cos(norm) - 1) / norm**2
    energy = 5 * (1 + np.cos(mu)) + factor * (b2 * np.cos(mu) + b3 * np.sin(mu))
    if signs == (1, 1):
        np.testing.assert_allclose(energy, paper.stored_energy(battery, times), atol=1e-12)
    assert np.abs(energy - dense(battery, times)["stored_energy"]).max() > 0.11


def test_interaction_of_a_single_cell_changes_eq_17():
    # Jz^2 = 1/4 at N = 1: a constant, which can change nothing.
    free, bound = battery_of(10.0, 1, interaction=0.0), battery_of(10.0, 1, interaction=2.0)
    gap = paper.stored_energy(free, [0.0, T]) - paper.stored_energy(bound, [0.0, T])
    assert np.abs(gap).max() > 0.01


@pytest.mark.parametrize("v0_T", [2.0, 4.0, 6.0])
def test_correction_vanishes_on_three_of_the_four_curves_of_fig_2(v0_T):
    # B_8 + B_9 carries sin(v0 T/2): Eq. 17 is Eq. 22 there.
    battery = battery_of(v0_T * np.pi / T)
    times = np.linspace(0.0, T, 11)
    np.testing.assert_allclose(
        paper.stored_energy(battery, times), leading.stored_energy(battery, times), atol=1e-13
    )


def test_powers_belong_to_the_energy():
    battery = battery_of(13.0, level_splitting=1.4)
    times, h = np.linspace(0.02, T - 0.02, 33), 1e-6
    energy = paper.stored_energy(battery, times)
    np.testing.assert_allclose(paper.average_power(battery, times), energy / times)
    slope = paper.stored_energy(battery, times + h) - paper.stored_energy(battery, times - h)
    np.testing.assert_allclose(
        paper.instantaneous_power(battery, times), slope / (2 * h), rtol=1e-7, atol=1e-6
    )


def test_fluctuation_follows_eq_20():
    battery = battery_of(10.0)
    times = np.linspace(0.0, T, 21)
    energy = paper.stored_energy(battery, times)
    np.testing.assert_allclose(
        paper.energy_fluctuation(battery, times) ** 2, 10 / 4 - (energy - 5) ** 2 / 10, atol=1e-12
    )
    overfull = battery_of(10.0, interaction=-2.0)
    assert paper.stored_energy(overfull, [0.0])[0] < 0.0
    assert paper.energy_fluctuation(overfull, [0.0])[0] == 0.0


def test_entropy_follows_eq_21_and_is_binary_at_one_cell():
    battery = battery_of(10.0)
    times = np.linspace(0.0, T, 21)
    mu = paper.gauge_angle(battery, times)
    b = paper.integrated_coefficients(battery)
    inside = np.sqrt(9 * np.exp(np.pi / 2)) * (
        1 - b[7] * b[8] * (b[1] * np.cos(mu) - b[2] * np.sin(mu))
    )
    np.testing.assert_allclose(
        paper.diagonal_entropy(battery, times), np.abs(np.sin(mu)) * np.log2(inside), atol=1e-12
    )
    single = battery_of(10.0, 1)
    p = (1 + np.cos(mu[1:])) / 2
    np.testing.assert_allclose(
        paper.diagonal_entropy(single, times[1:]),
        -p * np.log2(p) - (1 - p) * np.log2(1 - p),
        atol=1e-10,
    )


@pytest.mark.parametrize("method", ["leading", "paper"])
@pytest.mark.parametrize("scale", [0.31, 7.0])
def test_unit_scaling(method, scale):
    # Every energy times s, every time over s: numbers must not change beyond their unit.
    times = np.linspace(0.0, T, 9)
    base = evolve_analytic(battery_of(13.0, 6, level_splitting=1.7), times, method=method)
    scaled = evolve_analytic(
        battery_of(
            13.0 * scale, 6, level_splitting=1.7 * scale,
            interaction=2.0 * scale, period=T / scale,
        ),
        times / scale, method=method,
    )  # fmt: skip
    powers = {"energy": 1, "power": 2, "time": -1, "bit": 0, "1": 0}
    for name in base.data_vars:
        factor = scale ** powers[base[name].attrs["units"]]
        tolerance = 1e-6 if name.startswith("time_of") else 1e-9
        np.testing.assert_allclose(
            scaled[name], base[name] * factor, rtol=tolerance, atol=1e-9 * factor
        )


def test_pairs_counted_once_halve_the_interaction():
    times = np.linspace(0.0, T, 9)
    once = evolve_analytic(
        battery_of(13.0, interaction=4.0, pair_counting="unordered"), times, method="paper"
    )
    twice = evolve_analytic(battery_of(13.0, interaction=2.0), times, method="paper")
    assert once.drop_attrs().equals(twice.drop_attrs())


@pytest.mark.parametrize("method", ["leading", "paper"])
@pytest.mark.parametrize("num_qubits", [1, 30])
@pytest.mark.parametrize("amplitude", [0.0, 20.0, 40.0, -13.0])
@pytest.mark.parametrize("interaction", [0.0, -30.0])
@pytest.mark.parametrize("delta", [0.0, 1.0])
def test_nothing_is_nan(method, num_qubits, amplitude, interaction, delta):
    battery = battery_of(amplitude, num_qubits, interaction=interaction, level_splitting=delta)
    data = evolve_analytic(battery, [0.0, 0.1, T, 1.0], method=method)
    for name in data.data_vars:
        assert np.isfinite(data[name]).all(), name


def test_maximum_power_skips_the_divergence_at_the_start():
    battery = battery_of(10.0)
    data = evolve_analytic(battery, np.linspace(0.0, T, 11), method="paper")
    assert data.time_of_maximum_average_power > 0.5 * T
    fine = np.linspace(0.3 * T, T, 200_001)
    best = paper.average_power(battery, fine).max()
    assert float(data.maximum_average_power) == pytest.approx(best, rel=1e-9)


def test_other_drives_are_refused():
    battery = rz.RosenZenerBattery(num_qubits=3, drive=rz.RectangularDrive(1.0, 1.0))
    with pytest.raises(ValueError, match="`drive` must be a SineSquaredDrive in the paper's"):
        evolve_analytic(battery, [0.0, 1.0], method="paper")


def test_metrics_are_all_there():
    data = evolve_analytic(battery_of(10.0), [0.0, T], method="paper")
    assert "population" not in data
    assert all(name in data for name in METRICS)
