"""What a schedule does and what it should do, in dense matrices of QuTiP: no circuit is run."""

import itertools

import numpy as np
import qutip


def spin_matrices(num_qubits):
    """Return Jx, Jy, Jz with the ground state first, as QuTiP builds them."""
    return [np.asarray(qutip.jmat(num_qubits / 2, axis).full())[::-1, ::-1] for axis in "xyz"]


def apply_layers(schedule):
    """Return the Dicke state of a schedule by dense matrix exponentials."""
    jx, _, jz = spin_matrices(schedule.num_qubits)
    generators = {"x": jx, "z": jz, "zz": jz @ jz}
    spectra = {axis: np.linalg.eigh(matrix) for axis, matrix in generators.items()}
    state = np.eye(schedule.num_qubits + 1, dtype=complex)[0]
    for layer in schedule.layers:
        values, vectors = spectra[layer.axis]
        state = vectors @ (np.exp(-1j * layer.angle * values) * (vectors.conj().T @ state))
    return state


def solve(battery, time):
    """Return the Dicke state that QuTiP finds for H(t), ground state first.

    The pulse is integrated piece by piece between its breakpoints, where it may jump. After it only
    Delta Jz acts: the paper's Eq. 1 switches off drive and interaction together.
    """
    jx, _, jz = (qutip.Qobj(matrix) for matrix in spin_matrices(battery.num_qubits))
    static = battery.level_splitting * jz + battery.jz_squared_coefficient * jz * jz
    options = {"atol": 1e-13, "rtol": 1e-12, "method": "dop853", "nsteps": 100_000}
    state = qutip.basis(battery.num_qubits + 1, 0)
    end = min(time, battery.drive.duration)
    edges = [0.0, *(b for b in battery.drive.breakpoints if b < end), end]
    for left, right in itertools.pairwise(edges):
        # At its ends a piece has the value just inside it, not that of the next one.
        inside = 1e-12 * (right - left)

        def value(t, low=left + inside, high=right - inside):
            return float(battery.drive.value(min(max(t, low), high)))

        hamiltonian = [static, [jx, value]]
        state = qutip.sesolve(hamiltonian, state, [left, right], options=options).states[-1]
    phases = np.exp(-1j * battery.level_splitting * (time - end) * np.diag(jz.full()).real)
    return phases * np.asarray(state.full()).ravel()


def distance(left, right):
    """Return the distance of two states up to their phase."""
    overlap = np.vdot(left, right)
    return float(np.linalg.norm(left * overlap / abs(overlap) - right))
