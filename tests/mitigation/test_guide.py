from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest

from rzqiskit.estimation import estimate_total_spin_squared
from rzqiskit.mitigation import extrapolate_to_zero_noise, guide_noise, rescale_by_guide

N = 4
IDENTITY = np.eye(2)
SX = np.array([[0, 1], [1, 0]], dtype=complex)
SY = np.array([[0, -1j], [1j, 0]])
SZ = np.diag([1.0, -1.0]).astype(complex)


def collective(single: np.ndarray) -> np.ndarray:
    return (
        sum(reduce(np.kron, [single if j == i else IDENTITY for j in range(N)]) for i in range(N))
        / 2.0
    )


JX, JY, JZ = collective(SX), collective(SY), collective(SZ)
J_SQUARED = JX @ JX + JY @ JY + JZ @ JZ
IDEAL, MIXED = N / 2 * (N / 2 + 1), 3 * N / 4


def squeezed_state() -> np.ndarray:
    """A symmetric entangled state: coherent, twisted by exp(-i Jz^2 / 2), turned."""
    one = np.array([math.cos(0.6), math.sin(0.6)])
    state = np.exp(-0.5j * np.diag(JZ).real ** 2) * reduce(np.kron, [one] * N)
    values, vectors = np.linalg.eigh(JX)
    return vectors @ (np.exp(-0.7j * values) * (vectors.conj().T @ state))


def depolarised_locally(rho: np.ndarray, keep: float) -> np.ndarray:
    for qubit in range(N):
        mixed = sum(p @ rho @ p.conj().T for p in _paulis(qubit)) / 4.0
        rho = keep * rho + (1.0 - keep) * mixed
    return rho


def _paulis(qubit: int) -> list[np.ndarray]:
    return [
        reduce(np.kron, [s if j == qubit else IDENTITY for j in range(N)])
        for s in (IDENTITY, SX, SY, SZ)
    ]


STATE = squeezed_state()
RHO = np.outer(STATE, STATE.conj())


def mean(operator: np.ndarray, rho: np.ndarray) -> float:
    return float(np.trace(operator @ rho).real)


@pytest.mark.parametrize("noise", ["local", "global"])
def test_rescaling_undoes_depolarisation_exactly(noise: str) -> None:
    # Against density matrices: pairs lose twice what single qubits lose, a register all alike.
    keep = 0.8
    if noise == "local":
        rho, exponent = depolarised_locally(RHO, keep), 0.5
    else:
        rho, exponent = keep * RHO + (1.0 - keep) * np.eye(2**N) / 2**N, 1.0
    assert mean(J_SQUARED, RHO) == pytest.approx(IDEAL)
    noise_seen, _ = guide_noise(mean(J_SQUARED, rho), 0.0, ideal=IDEAL, mixed=MIXED)
    for operator in (JZ, JY):
        assert mean(operator, rho) != pytest.approx(mean(operator, RHO), rel=0.1)
        value, _ = rescale_by_guide(
            mean(operator, rho), 0.0, noise_seen, 0.0, asymptote=0.0, exponent=exponent
        )
        assert value == pytest.approx(mean(operator, RHO), rel=1e-12)


def test_guided_extrapolation_needs_no_noise_factors() -> None:
    # Noise of unknown strength, not proportional to any nominal factor: the guide finds it.
    keeps = np.array([0.93, 0.85, 0.6])
    rhos = [depolarised_locally(RHO, keep) for keep in keeps]
    guide = [mean(J_SQUARED, rho) for rho in rhos]
    x, x_error = guide_noise(guide, np.full(3, 1e-9), ideal=IDEAL, mixed=MIXED)
    np.testing.assert_allclose(x, -2.0 * np.log(keeps), rtol=1e-12)
    values = [mean(JZ, rho) for rho in rhos]
    value, _ = extrapolate_to_zero_noise(
        x, values, np.full(3, 1e-6), method="exponential", asymptote=0.0, noise_stderr=x_error
    )
    assert value == pytest.approx(mean(JZ, RHO), rel=1e-8)
    nominal, _ = extrapolate_to_zero_noise([1, 3, 5], values, np.full(3, 1e-6))
    assert abs(nominal - mean(JZ, RHO)) > 100 * abs(value - mean(JZ, RHO))


def test_coverage_from_simulated_counts() -> None:
    # Counts in X, Y, Z of the depolarised state -> guide -> <Jz>; 1000 pulls: mean within
    # 5 / sqrt(1000) = 0.16, variance within 5 sqrt(2 / 1000) = 0.22 (false alarm rate 6e-7 each).
    # Guide and <Jz> here come from separate records.
    rng = np.random.default_rng(21)
    rho = depolarised_locally(RHO, 0.85)
    weights = []
    for operator in (JX, JY, JZ):
        levels, vectors = np.linalg.eigh(operator)
        p = np.einsum("ji,jk,ki->i", vectors.conj(), rho, vectors).real.clip(0.0)
        weights.append(np.bincount(np.rint(levels + N / 2).astype(int), weights=p))
    x, y, z, other = (rng.multinomial(4000, w / w.sum(), size=1000) for w in (*weights, weights[2]))
    spin, spin_error = estimate_total_spin_squared(x, y, z)
    noise, noise_error = guide_noise(spin, spin_error, ideal=IDEAL, mixed=MIXED)
    k = np.arange(N + 1) - N / 2
    raw = other @ k / 4000
    raw_error = np.sqrt((other @ k**2 / 4000 - raw**2) / 4000)
    value, error = rescale_by_guide(raw, raw_error, noise, noise_error, asymptote=0.0, exponent=0.5)
    truth = mean(JZ, RHO)
    assert abs(np.mean((raw - truth) / raw_error)) > 5.0
    pull = (value - truth) / error
    assert abs(pull.mean()) < 0.16
    assert abs(pull.var() - 1.0) < 0.22


@pytest.mark.parametrize(
    ("values", "changes", "message"),
    [
        ([2.9], {}, "`values` must lie on the side of `ideal`, 6, from `mixed`, 3, got 2.9"),
        ([5.0], {"ideal": 3.0}, "`ideal` must differ from `mixed`, got 3 for both"),
        ([np.nan], {}, "`values` must be finite, got nan"),
        ([5.0, 5.0], {}, "`stderr` must have the shape of `values`"),
    ],
)
def test_bad_guide(values: list[float], changes: dict[str, float], message: str) -> None:
    arguments = {"ideal": 6.0, "mixed": 3.0, **changes}
    with pytest.raises(ValueError, match=message):
        guide_noise(values, [0.1], **arguments)


def test_bad_rescaling() -> None:
    with pytest.raises(ValueError, match=r"`exponent` must be positive, got 0\.0"):
        rescale_by_guide([1.0], [0.1], 0.1, 0.0, asymptote=0.0, exponent=0)
    with pytest.raises(ValueError, match="`noise_stderr` must not be negative"):
        rescale_by_guide([1.0], [0.1], 0.1, -0.1, asymptote=0.0, exponent=1)
    with pytest.raises(TypeError, match="`noise` must be an array of real numbers"):
        rescale_by_guide([1.0], [0.1], "a", 0.0, asymptote=0.0, exponent=1)
    with pytest.raises(ValueError, match="`asymptote` must be finite, got nan"):
        rescale_by_guide([1.0], [0.1], 0.1, 0.0, asymptote=np.nan, exponent=1)
    column = [[0.1], [0.2]]
    with pytest.raises(ValueError, match="`noise` must be a scalar or have the shape of `values`"):
        rescale_by_guide([1.0, 2.0], [0.1, 0.1], column, column, asymptote=0.0, exponent=1)
    with pytest.raises(ValueError, match=r"`asymptote` must be a scalar .* \(2,\), got \(2, 1\)"):
        rescale_by_guide([1.0, 2.0], [0.1, 0.1], 0.1, 0.0, asymptote=column, exponent=1)
