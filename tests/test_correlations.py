"""Correlations against the full 2^N space: QuTiP operators, brute-force minimisation, traces."""

import itertools

import mpmath
import numpy as np
import pytest
import qutip
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, minimize

from rzqiskit import RosenZenerBattery, SineSquaredDrive, evolve_exact
from rzqiskit.correlations import (
    FROM_MOMENTS,
    cell_entropy,
    incoherent_ergotropy,
    quantum_fisher_information,
    spin_squeezing,
)

AXES = "xyz"


def collective_operators(num_qubits):
    """Return Jx, Jy, Jz on the 2^N space, the excited level of a cell first (QuTiP's order)."""
    single = [qutip.jmat(0.5, axis) for axis in AXES]
    identity = qutip.qeye(2)
    return [
        sum(
            qutip.tensor([spin if j == i else identity for j in range(num_qubits)])
            for i in range(num_qubits)
        )
        for spin in single
    ]


def dicke_states(num_qubits):
    """Return the symmetric states with k = 0..N excited cells, by summing over bit strings."""
    excited, ground = qutip.basis(2, 0), qutip.basis(2, 1)
    states = []
    for k in range(num_qubits + 1):
        chosen = itertools.combinations(range(num_qubits), k)
        states.append(
            sum(
                qutip.tensor([excited if i in cells else ground for i in range(num_qubits)])
                for cells in chosen
            ).unit()
        )
    return states


def random_symmetric_state(num_qubits, seed):
    rng = np.random.default_rng(seed)
    amplitudes = rng.normal(size=num_qubits + 1) + 1j * rng.normal(size=num_qubits + 1)
    pairs = zip(amplitudes, dicke_states(num_qubits), strict=True)
    return sum(complex(a) * state for a, state in pairs).unit()


def moments(state, operators):
    mean = np.array([qutip.expect(j, state) for j in operators])
    covariance = np.array(
        [[qutip.expect((a * b + b * a) / 2, state) for b in operators] for a in operators]
    )
    return mean, covariance - np.outer(mean, mean)


def variance(state, operator):
    return qutip.expect(operator * operator, state) - qutip.expect(operator, state) ** 2


def along(operators, direction):
    return sum(float(n) * j for n, j in zip(direction, operators, strict=True))


def polar(angles):
    theta, phi = angles
    return np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])


CASES = [(n, seed) for n in (1, 2, 3, 4, 6) for seed in (1, 2)]


@pytest.fixture(params=CASES, ids=[f"{n}-{seed}" for n, seed in CASES])
def case(request):
    num_qubits, seed = request.param
    operators = collective_operators(num_qubits)
    state = random_symmetric_state(num_qubits, seed)
    return num_qubits, state, operators, *moments(state, operators)


def test_squeezing_by_brute_force(case):
    num_qubits, state, operators, mean, covariance = case
    axis = mean / np.linalg.norm(mean)
    # Every direction across the mean spin, in a basis that the code does not use.
    _, _, rows = np.linalg.svd(axis[None, :])
    first, second = rows[1], rows[2]

    def across(angle):
        direction = np.cos(angle) * first + np.sin(angle) * second
        return variance(state, along(operators, direction))

    grid = np.linspace(0.0, np.pi, 25)
    start = grid[np.argmin([across(angle) for angle in grid])]
    smallest = minimize(lambda a: across(a[0]), [start], options={"gtol": 1e-10}).fun
    expected = num_qubits * smallest / (mean @ mean)
    assert spin_squeezing(mean, covariance, num_qubits) == pytest.approx(expected, abs=1e-8)


def test_fisher_information_by_brute_force(case):
    num_qubits, state, operators, _, covariance = case
    rng = np.random.default_rng(3)
    best = 0.0
    for _ in range(4):
        found = minimize(
            lambda angles: -variance(state, along(operators, polar(angles))),
            rng.uniform(0.0, np.pi, 2),
            options={"gtol": 1e-9},
        )
        best = max(best, -found.fun)
    information = quantum_fisher_information(covariance)
    assert information == pytest.approx(4.0 * best, rel=1e-7)
    if num_qubits == 1:
        assert information == pytest.approx(1.0, abs=1e-12)  # a pure spin 1/2


def test_fisher_information_is_the_curvature_of_the_fidelity(case):
    _, state, operators, _, covariance = case
    values, vectors = np.linalg.eigh(covariance)
    step = 1e-3
    rotation = (-1j * step * along(operators, vectors[:, -1])).expm()
    fidelity = abs(state.overlap(rotation * state)) ** 2
    assert values[-1] > 0.0
    # 1 - F = F_Q d^2 / 4 - ..., the next order being d^2 smaller.
    expected = 4.0 * (1.0 - fidelity) / step**2
    assert quantum_fisher_information(covariance) == pytest.approx(expected, rel=1e-4)


def test_cell_entropy_by_partial_trace(case):
    num_qubits, state, _, mean, covariance = case
    for cell in range(num_qubits):
        expected = qutip.entropy_vn(state.ptrace(cell), 2)
        assert cell_entropy(mean, num_qubits) == pytest.approx(expected, abs=1e-9)
        assert cell_entropy(mean, num_qubits, covariance) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("num_qubits", [10**3, 10**6, 10**9, 10**12])
def test_cell_entropy_of_many_hardly_entangled_cells(num_qubits):
    # A spin along x after exp(-i mu Jz^2/2): <Jx> = N/2 cos(mu/2)^(N-1), Kitagawa and Ueda,
    # Phys. Rev. A 47, 5138 (1993). The rest of J^2 is variance.
    with mpmath.workdps(50):
        half = mpmath.mpf(num_qubits) / 2
        length = half * mpmath.cos(mpmath.mpf(1) / num_qubits) ** (num_qubits - 1)
        variance = half * (half + 1) - length**2
        small = (half - length) / num_qubits
        expected = -(small * mpmath.log(small, 2) + (1 - small) * mpmath.log(1 - small, 2))
        mean, covariance = [float(length), 0.0, 0.0], np.diag([0.0, 0.0, float(variance)])
        expected = float(expected)
    assert 0.0 < expected < 0.02
    assert cell_entropy(mean, num_qubits, covariance) == pytest.approx(expected, rel=1e-12)


def test_cell_entropy_of_a_billion_charged_cells():
    # The interaction is N-independent per cell: each cell's deficit falls as 1/N, up to 1/N^2.
    drive = SineSquaredDrive(amplitude=20.0, period=0.1 * np.pi)
    times = np.linspace(0.05, 0.3, 6)
    deficits = []
    for num_qubits in (10**7, 10**9):
        battery = RosenZenerBattery(num_qubits=num_qubits, drive=drive, interaction=2.0)
        data = evolve_exact(battery, times, tolerance=1e-12, quantities=["cell_entropy"])
        found = [
            brentq(lambda d, s=s: -(d * np.log(d) + (1 - d) * np.log1p(-d)) / np.log(2) - s,
                   1e-25, 0.4, xtol=1e-30, rtol=1e-14)
            for s in data.cell_entropy.values
        ]  # fmt: skip
        deficits.append(num_qubits * np.array(found))
    assert deficits[1] == pytest.approx(deficits[0], rel=1e-6)
    assert deficits[0].max() > 0.01


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_incoherent_ergotropy_over_every_permutation(size):
    rng = np.random.default_rng(4)
    for _ in range(3):
        populations = rng.dirichlet(np.ones(size))
        energy = 1.7 * np.arange(size)
        lowest = min(energy @ np.array(p) for p in itertools.permutations(populations))
        expected = energy @ populations - lowest
        assert incoherent_ergotropy(populations, 1.7) == pytest.approx(expected, abs=1e-14)


COVARIANCE = np.diag([1.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (spin_squeezing, ([0, 0, -2.0], COVARIANCE, 0), ValueError, "`num_qubits` must be a pos"),
        (spin_squeezing, ([0, 0, -2.0], COVARIANCE, 4.0), TypeError, "`num_qubits` must be an int"),
        (spin_squeezing, ([0, 0, np.nan], COVARIANCE, 4), ValueError, "`mean` must be finite, got"),
        (spin_squeezing, ([0, 0], COVARIANCE, 4), ValueError, r"`mean` must have the shape \(..."),
        (spin_squeezing, (2.0, COVARIANCE, 4), ValueError, r"`mean` must .* 3\), got \(\)\.$"),
        (spin_squeezing, ("zzz", COVARIANCE, 4), TypeError, "`mean` must be an array of real"),
        (spin_squeezing, ([0, 0, -2], np.eye(2), 4), ValueError, r"`covariance` .* got \(2, 2\)"),
        (
            spin_squeezing,
            (np.ones((2, 3)), np.ones((5, 3, 3)), 4),
            ValueError,
            r"`covariance` must have the shape \(2, 3, 3\) as `mean` has \(2, 3\), got \(5, 3, 3\)",
        ),
        (quantum_fisher_information, (np.eye(2),), ValueError, r"`covariance` must have the shape"),
        (quantum_fisher_information, ([[1, 2], [3]],), TypeError, "`covariance` must be an array"),
        (quantum_fisher_information, (np.full((3, 3), np.inf),), ValueError, "must be finite, got"),
        (quantum_fisher_information, (np.triu(np.ones((3, 3))),), ValueError, "be symmetric, got"),
        (cell_entropy, ([0, 0, 1], -4), ValueError, "`num_qubits` must be a positive .*, got -4"),
        (cell_entropy, ([0, 0, 1], 0), ValueError, "`num_qubits` must be a pos.*, got 0"),
        (cell_entropy, ([0, np.inf, 1], 4), ValueError, "`mean` must be finite, got inf"),
        (cell_entropy, ([0, 0, 1], 4, np.eye(2)), ValueError, "`covariance` must have the shape"),
        (incoherent_ergotropy, ([0.5, 0.5], -1), ValueError, "`level_splitting` must not be neg"),
        (incoherent_ergotropy, ([-1, 2], 1), ValueError, "`populations` must not be neg.*, got -1"),
        (incoherent_ergotropy, ([0.5, np.nan], 1), ValueError, "`populations` must be finite"),
        (incoherent_ergotropy, ([], 1), ValueError, r"`populations` must have N \+ 1 .* \(0,\)\.$"),
        (incoherent_ergotropy, (5, 1), ValueError, r"`populations` must have N \+ 1 .* \(\)\.$"),
        (incoherent_ergotropy, (["a", "b"], 1), TypeError, "`populations` must be an array"),
    ],
)  # fmt: skip
def test_bad_input(function, arguments, error, message):
    with pytest.raises(error, match=message):
        function(*arguments)


def test_arrays_of_states():
    cases = [random_symmetric_state(3, seed) for seed in range(6)]
    operators = collective_operators(3)
    mean, covariance = (
        np.reshape(np.array(parts), (2, 3, *np.shape(parts)[1:]))
        for parts in zip(*(moments(state, operators) for state in cases), strict=True)
    )
    squeezing, entropy = spin_squeezing(mean, covariance, 3), cell_entropy(mean, 3)
    information = quantum_fisher_information(covariance)
    assert squeezing.shape == entropy.shape == information.shape == (2, 3)
    for index in np.ndindex(2, 3):
        assert squeezing[index] == spin_squeezing(mean[index], covariance[index], 3)
        assert entropy[index] == cell_entropy(mean[index], 3)
        assert information[index] == quantum_fisher_information(covariance[index])


def test_known_states():
    """One-axis twisting, GHZ and coherent states, by their textbook values."""
    num_qubits = 6
    operators, levels = collective_operators(num_qubits), dicke_states(num_qubits)
    coherent = moments(levels[0], operators)
    assert spin_squeezing(*coherent, num_qubits) == pytest.approx(1.0, abs=1e-12)
    assert cell_entropy(coherent[0], num_qubits) == pytest.approx(0.0, abs=1e-12)
    assert quantum_fisher_information(coherent[1]) == pytest.approx(num_qubits)
    ghz = moments((levels[0] + levels[-1]).unit(), operators)
    assert quantum_fisher_information(ghz[1]) == pytest.approx(num_qubits**2)
    assert cell_entropy(np.zeros(3), num_qubits) == 1.0
    assert spin_squeezing(np.zeros(3), ghz[1], num_qubits) == np.inf
    # Kitagawa and Ueda, Phys. Rev. A 47, 5138 (1993), Eqs. 22-24: exp(-i mu Jz^2 / 2) on +x.
    twist = 0.3
    start = qutip.tensor([(qutip.basis(2, 0) + qutip.basis(2, 1)).unit()] * num_qubits)
    state = (-0.5j * twist * operators[2] ** 2).expm() * start
    a = 1.0 - np.cos(twist) ** (num_qubits - 2)
    b = 4.0 * np.sin(twist / 2) * np.cos(twist / 2) ** (num_qubits - 2)
    smallest = num_qubits / 4 * (1 + (num_qubits - 1) / 4 * (a - np.hypot(a, b)))
    length = num_qubits / 2 * np.cos(twist / 2) ** (num_qubits - 1)
    expected = num_qubits * smallest / length**2
    assert expected < 0.6
    found = spin_squeezing(*moments(state, operators), num_qubits)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("num_qubits", [1, 3, 5])
def test_correlations_of_a_charged_battery(num_qubits):
    """The whole road against the full space, past the end of the pulse too."""
    drive = SineSquaredDrive(amplitude=15.0, period=0.4)
    battery = RosenZenerBattery(
        num_qubits=num_qubits, drive=drive, level_splitting=1.3, interaction=2.5
    )
    times = np.array([0.1, 0.25, 0.4, 0.9])
    names = (*FROM_MOMENTS, "incoherent_ergotropy")
    exact = evolve_exact(battery, times, tolerance=1e-12, quantities=names)

    operators = collective_operators(num_qubits)
    jx, _, jz = (j.full() for j in operators)
    levels = dicke_states(num_qubits)
    static = 1.3 * jz, 2.0 * 2.5 / num_qubits * jz @ jz

    def slope(time, state):
        # Theta(t) switches the interaction off with the pulse.
        if time > drive.period:
            return -1j * (static[0] @ state)
        pulse = 15.0 * np.sin(np.pi * time / drive.period) ** 2
        return -1j * ((static[0] + static[1] + pulse * jx) @ state)

    state, now = levels[0].full().ravel().astype(complex), 0.0
    dims = levels[0].dims
    for index, time in enumerate(times):
        solution = solve_ivp(slope, (now, time), state, method="DOP853", rtol=1e-12, atol=1e-13)
        state, now = solution.y[:, -1], time
        ket = qutip.Qobj(state, dims=dims)
        mean, covariance = moments(ket, operators)
        at = exact.isel(time=index)
        np.testing.assert_allclose(at.collective_spin, mean, atol=1e-9)
        populations = np.array([abs(level.overlap(ket)) ** 2 for level in levels])
        energy = 1.3 * populations @ np.arange(num_qubits + 1)
        assert at.ergotropy == pytest.approx(energy, abs=1e-9)
        lowest = 1.3 * np.sort(populations)[::-1] @ np.arange(num_qubits + 1)
        assert at.incoherent_ergotropy == pytest.approx(energy - lowest, abs=1e-9)
        reduced = ket.ptrace(0)
        assert at.cell_entropy == pytest.approx(qutip.entropy_vn(reduced, 2), abs=1e-8)
        assert at.quantum_fisher_information == pytest.approx(
            4.0 * np.linalg.eigvalsh(covariance)[-1], abs=1e-8
        )
        axis = mean / np.linalg.norm(mean)
        across = np.eye(3) - np.outer(axis, axis)
        smallest = np.linalg.eigvalsh(across @ covariance @ across + 1e3 * np.outer(axis, axis))[0]
        expected = num_qubits * smallest / (mean @ mean)
        assert at.spin_squeezing == pytest.approx(expected, abs=1e-8)


def test_squeezing_at_the_papers_parameters():
    drive = SineSquaredDrive(amplitude=10.0, period=0.1 * np.pi)
    battery = RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
    times = np.linspace(0.0, drive.period, 201)
    exact = evolve_exact(battery, times, quantities=("spin_squeezing",))
    assert exact.spin_squeezing.min().item() == pytest.approx(0.585, abs=5e-4)
