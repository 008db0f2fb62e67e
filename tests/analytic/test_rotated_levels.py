import numpy as np
import pytest
from scipy.linalg import expm

from rzqiskit.analytic.rotated_levels import rotated_levels


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.7, np.pi, -2.0, 5.5, 2 * np.pi])
def test_columns_against_the_matrix_exponential(num_qubits, angle, spins):
    jx, _, _ = spins(num_qubits)
    k = np.arange(num_qubits + 1)
    phase = (-1j) ** k
    exact = phase.conj()[:, None] * expm(-1j * angle * jx) * phase
    assert np.abs(exact.imag).max() < 1e-13
    found = rotated_levels(num_qubits, angle, k.astype(float))
    width = min(5, num_qubits + 1)
    np.testing.assert_allclose(found[:width], exact.real[:, :width].T, atol=1e-13)
    assert not found[width:].any()


@pytest.mark.parametrize("angle", [1e-3, 0.4, 1.9, np.pi - 1e-2])
def test_columns_stay_orthonormal_for_many_cells(angle):
    columns = rotated_levels(1000, angle, np.arange(1001.0))
    np.testing.assert_allclose(columns @ columns.T, np.eye(5), atol=1e-11)


def test_levels_outside_the_ladder_are_empty():
    found = rotated_levels(3, 0.7, np.array([-1.0, 0.0, 3.0, 4.0]))
    assert not found[:, [0, 3]].any()
    assert found[:, [1, 2]].all(axis=1)[:4].all()
