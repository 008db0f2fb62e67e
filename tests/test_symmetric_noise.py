"""Symmetric density matrices against full ones of 2^N x 2^N, errors placed one by one."""

import functools
import itertools

import numpy as np
import pytest
from scipy.linalg import expm

from rzqiskit.circuits.schedule import ChargingSchedule, Layer
from rzqiskit.symmetric_noise import (
    blurred_populations,
    compositions,
    noisy_populations,
    symmetric_power,
)

PAULI = {
    "i": np.eye(2, dtype=complex),
    "x": np.array([[0, 1], [1, 0]], dtype=complex),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1.0 + 0j, -1.0]),
}
RATES = {(1, 0, 0): 0.05, (0, 1, 1): 0.2, (2, 0, 1): 0.11, (0, 0, 1): 0.3, (1, 1, 0): 0.07}
LAYERS = (
    Layer("x", 0.9), Layer("z", 0.4), Layer("zz", 0.7), Layer("x", -1.3), Layer("zz", 0.3),
    Layer("x", 0.6),
)  # fmt: skip


def schedule(num_qubits, layers=LAYERS):
    return ChargingSchedule(num_qubits, 0.1, 2, 2, "z", layers)


def kron(factors):
    return functools.reduce(np.kron, factors)


def placed(num_qubits, name):
    """Sum of a Pauli over the cells, halved: the collective spin."""
    total = 0
    for cell in range(num_qubits):
        total = total + kron([PAULI[name if q == cell else "i"] for q in range(num_qubits)])
    return 0.5 * total


def full_populations(num_qubits, layers, rates, drift):
    """The same by full matrices: every placement of every error is a Kraus operator of its own."""
    jx, jz = placed(num_qubits, "x"), -placed(num_qubits, "z")
    generators = {"x": jx, "z": jz, "zz": jz @ jz}
    share = 1.0 / max(sum(layer.axis == "zz" for layer in layers), 1)
    identity = np.eye(2**num_qubits)
    lindblad = np.zeros((4**num_qubits, 4**num_qubits), dtype=complex)
    for (x, y, z), rate in rates.items():
        word = "x" * x + "y" * y + "z" * z + "i" * (num_qubits - x - y - z)
        strings = set(itertools.permutations(word))
        for string in strings:
            error = kron([PAULI[letter] for letter in string])
            jump = np.kron(error, error.conj()) - np.kron(identity, identity)
            lindblad += share * rate / len(strings) * jump
    channel = expm(lindblad)

    def pull(rho):
        tensor = rho.reshape([2] * (2 * num_qubits))
        for cell in range(num_qubits):
            moved = np.moveaxis(tensor, (cell, num_qubits + cell), (0, 1)).copy()
            trace = moved[0, 0] + moved[1, 1]
            moved[0, 0] += 0.5 * share * drift * trace
            moved[1, 1] -= 0.5 * share * drift * trace
            tensor = np.moveaxis(moved, (0, 1), (cell, num_qubits + cell))
        return tensor.reshape(rho.shape)

    rho = np.zeros((2**num_qubits, 2**num_qubits), dtype=complex)
    rho[0, 0] = 1.0
    for layer in layers:
        step = expm(-1j * layer.angle * generators[layer.axis])
        rho = step @ rho @ step.conj().T
        if layer.axis == "zz":
            rho = pull((channel @ rho.reshape(-1)).reshape(rho.shape))
    if all(layer.axis != "zz" for layer in layers):
        rho = pull((channel @ rho.reshape(-1)).reshape(rho.shape))
    weights = np.bitwise_count(np.arange(2**num_qubits))
    return np.bincount(weights, weights=np.diag(rho).real, minlength=num_qubits + 1)


@pytest.mark.parametrize("num_qubits", [3, 4])
@pytest.mark.parametrize("layers", [LAYERS, LAYERS[:1]])
def test_against_full_matrices(num_qubits, layers):
    found = noisy_populations([schedule(num_qubits, layers)] * 2, RATES, drift=0.03)
    expected = full_populations(num_qubits, layers, RATES, 0.03)
    np.testing.assert_allclose(found, [expected, expected], atol=1e-12)


def test_twenty_cells_stay_a_distribution():
    (found,) = noisy_populations([schedule(20)], {(1, 0, 0): 0.5, (3, 2, 4): 0.5}, drift=0.01)
    assert found.sum() == pytest.approx(1.0, abs=1e-10)
    assert found.min() > -1e-12


def test_symmetric_power_is_the_power_on_symmetric_elements():
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(4, 4))
    values = rng.normal(size=len(compositions(3)))
    place = {tuple(row): index for index, row in enumerate(compositions(3).tolist())}

    def kinds(digits):
        return place[tuple(digits.count(kind) for kind in range(4))]

    strings = list(itertools.product(range(4), repeat=3))
    whole = np.array([values[kinds(digits)] for digits in strings])
    expected = kron([matrix] * 3) @ whole
    found = symmetric_power(matrix, 3) @ values
    np.testing.assert_allclose(
        [found[kinds(digits)] for digits in strings], expected, rtol=1e-12, atol=1e-12
    )


def test_errors_at_the_end_are_flips():
    """Without a later pulse X errors are all that populations see; Y and Z count by half."""
    layers = LAYERS[:1]
    flips = {(1, 0, 0): 0.2, (3, 0, 0): 0.4}
    ideal = noisy_populations([schedule(6, layers)], {})
    np.testing.assert_allclose(
        blurred_populations(ideal, flips),
        noisy_populations([schedule(6, layers)], flips),
        atol=1e-12,
    )
    half = blurred_populations(ideal, {(0, 0, 1): 0.2})
    np.testing.assert_allclose(half, blurred_populations(ideal, {(1, 0, 0): 0.1}), atol=1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match=r"one number of cells of at most 20, got \[21\]"):
        noisy_populations([schedule(21)], {})
    with pytest.raises(ValueError, match=r"got \[2, 3\]"):
        noisy_populations([schedule(2), schedule(3)], {})
    with pytest.raises(ValueError, match=r"`matrix` must have the shape \(4, 4\), got \(3, 3\)"):
        symmetric_power(np.eye(3), 2)
    with pytest.raises(ValueError, match="`matrix` must be finite, got nan"):
        symmetric_power(np.full((4, 4), np.nan), 2)
    with pytest.raises(TypeError, match="`matrix` must be an array of numbers, got dtype <U1"):
        symmetric_power("x", 2)
