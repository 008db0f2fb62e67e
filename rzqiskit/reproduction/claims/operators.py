"""Small dense matrices of the collective spin: independent of the solvers, for checks of equations.

Basis: Dicke levels k = 0..N, m = k - N/2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rzqiskit.model import RosenZenerBattery

__all__ = ["ComplexMatrix", "exponential", "final_state", "quadratic_basis", "spin_matrices"]

ComplexMatrix = npt.NDArray[np.complex128]


def spin_matrices(num_qubits: int) -> tuple[ComplexMatrix, ComplexMatrix, ComplexMatrix]:
    """Return Jx, Jy, Jz, each of shape (N + 1, N + 1).

    Args:
        num_qubits: N.

    Examples:
        >>> x, y, z = spin_matrices(3)
        >>> bool(np.allclose(x @ y - y @ x, 1j * z))
        True
    """
    k = np.arange(num_qubits)
    raising = np.diag(np.sqrt((num_qubits - k) * (k + 1.0)), -1).astype(np.complex128)
    lowering = raising.conj().T
    z = np.diag(np.arange(num_qubits + 1) - 0.5 * num_qubits).astype(np.complex128)
    return 0.5 * (raising + lowering), -0.5j * (raising - lowering), z


def quadratic_basis(num_qubits: int) -> list[ComplexMatrix]:
    """Return Jx, Jy, Jz, JxJy, JyJx, JxJz, JzJx, JyJz, JzJy, Jx^2, Jy^2, Jz^2: A_n's operators.

    Args:
        num_qubits: N.

    Examples:
        >>> len(quadratic_basis(2))
        12
    """
    x, y, z = spin_matrices(num_qubits)
    products = [x @ y, y @ x, x @ z, z @ x, y @ z, z @ y, x @ x, y @ y, z @ z]
    return [x, y, z, *products]


def exponential(generator: ComplexMatrix) -> ComplexMatrix:
    """Return exp(i G) of a Hermitian matrix G.

    Args:
        generator: G, shape (n, n).

    Examples:
        >>> x, _, _ = spin_matrices(1)
        >>> bool(np.allclose(exponential(2.0 * np.pi * x), -np.eye(2)))
        True
    """
    values, vectors = np.linalg.eigh(generator)
    return (vectors * np.exp(1j * values)) @ vectors.conj().T


def final_state(battery: RosenZenerBattery) -> ComplexMatrix:
    """Return the state at the end of the pulse from the Schroedinger equation in the lab frame.

    Args:
        battery: a few cells.

    Returns:
        Amplitudes on the Dicke levels, shape (N + 1,).

    Examples:
        >>> from rzqiskit.reproduction.instances import paper_battery
        >>> state = final_state(paper_battery(num_qubits=2))
        >>> bool(abs(np.linalg.norm(state) - 1.0) < 1e-8)
        True
    """
    from scipy.integrate import solve_ivp

    x, _, z = spin_matrices(battery.num_qubits)
    constant = battery.level_splitting * z + battery.jz_squared_coefficient * z @ z
    drive = battery.drive
    start = np.zeros(battery.num_qubits + 1, dtype=np.complex128)
    start[0] = 1.0
    solution = solve_ivp(
        lambda t, psi: -1j * (constant @ psi + float(drive.value(t)) * (x @ psi)),
        (0.0, drive.duration), start, method="DOP853", rtol=1e-10, atol=1e-12,
    )  # fmt: skip
    final: ComplexMatrix = solution.y[:, -1]
    return final
