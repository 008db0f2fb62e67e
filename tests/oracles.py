"""Solutions of the battery that share no code with the package: what the tests compare with."""

from __future__ import annotations

import itertools

import numpy as np
import qutip
from scipy.integrate import solve_ivp


def metrics_of(populations, spin_y, battery, times):
    """Return the five metrics as a dict, from lab populations (num_times, N + 1) and <Jy>."""
    k = np.arange(populations.shape[1])
    mean = populations @ k
    variance = ((k - mean[:, None]) ** 2 * populations).sum(axis=1)
    logs = np.log2(np.where(populations > 0.0, populations, 1.0))
    times = np.asarray(times)
    drive = np.array([float(battery.drive.value(t)) for t in times])
    energy = battery.level_splitting * mean
    return {
        "stored_energy": energy,
        "average_power": np.where(times > 0.0, energy / np.where(times > 0.0, times, 1.0), 0.0),
        "instantaneous_power": battery.level_splitting * drive * spin_y,
        "energy_fluctuation": battery.level_splitting * np.sqrt(variance),
        "diagonal_entropy": -(populations * logs).sum(axis=1),
        "population": populations,
    }


def lab_frame(battery, times, *, tolerance=1e-13):
    """Solve in the lab's Dicke basis with SciPy's DOP853, piece by piece of the drive."""
    num = battery.num_qubits
    k = np.arange(num + 1)
    hop = 0.5 * np.sqrt((k[:-1] + 1.0) * (num - k[:-1]))
    diagonal = battery.level_splitting * k + battery.jz_squared_coefficient * (k - num / 2) ** 2
    diagonal = diagonal - 0.5 * (diagonal.max() + diagonal.min())
    drive = battery.drive

    def slope(t, psi):
        f = float(drive.value(t))
        out = diagonal * psi
        out[1:] += f * hop * psi[:-1]
        out[:-1] += f * hop * psi[1:]
        return -1j * out

    times = np.asarray(times)
    psi = np.eye(1, num + 1)[0].astype(complex)
    states = np.empty((times.size, num + 1), complex)
    states[times <= 0.0] = psi
    edges = [0.0, *drive.breakpoints, drive.duration]
    for low, high in itertools.pairwise(edges):
        inside = (times > low) & (times <= high)
        solution = solve_ivp(
            slope, (low, high), psi, method="DOP853", rtol=tolerance, atol=0.1 * tolerance,
            t_eval=np.union1d(times[inside], [high]),
        )  # fmt: skip
        states[inside] = solution.y.T[: inside.sum()]
        psi = solution.y[:, -1]
    states[times > drive.duration] = psi  # up to phases, which no population sees
    populations = np.abs(states) ** 2
    coherence = (2.0 * hop * np.conj(states[:, 1:]) * states[:, :-1]).imag.sum(axis=1)
    return metrics_of(populations, coherence, battery, times)


def qutip_spin(battery, times):
    """Solve with QuTiP in the spin-N/2 space; returns the metrics and the states."""
    spin = battery.num_qubits / 2
    jx, jy, jz = qutip.jmat(spin)
    ground = qutip.basis(battery.num_qubits + 1, battery.num_qubits)
    static = battery.level_splitting * jz + battery.jz_squared_coefficient * jz * jz
    hamiltonian = qutip.QobjEvo([static, [jx, lambda t: float(battery.drive.value(t))]])
    # The window has sharp ends for some drives: the steps must not leap over the pulse.
    result = qutip.sesolve(
        hamiltonian, ground, times,
        options={"method": "dop853", "atol": 1e-14, "rtol": 1e-12, "nsteps": 10**6,
                 "max_step": battery.drive.duration / 50},
    )  # fmt: skip
    # QuTiP counts m downwards from +N/2
    populations = np.array([np.abs(s.full()[::-1, 0]) ** 2 for s in result.states])
    spin_y = np.array([qutip.expect(jy, s) for s in result.states])
    return metrics_of(populations, spin_y, battery, times), result.states


def full_space(battery, times):
    """Solve all 2^N amplitudes of separate qubits, from Pauli matrices; small N only."""
    num = battery.num_qubits
    sz, sx, sy = (
        np.diag([-1.0, 1.0]),
        np.array([[0.0, 1.0], [1.0, 0.0]]),
        np.array([[0, 1j], [-1j, 0]]),
    )

    def embed(single, site):
        factors = [single if i == site else np.eye(2) for i in range(num)]
        product = factors[0]
        for factor in factors[1:]:
            product = np.kron(product, factor)
        return product

    static = sum(0.5 * battery.level_splitting * embed(sz, i) for i in range(num))
    per_pair = battery.interaction / (2 * num)
    if battery.pair_counting == "ordered":
        per_pair *= 2
    pairs = itertools.combinations(range(num), 2)
    static = static + sum(
        (per_pair * embed(sz, i) @ embed(sz, j) for i, j in pairs), np.zeros((2**num, 2**num))
    )
    transverse = sum(0.5 * embed(sx, i) for i in range(num))
    spin_y = sum(0.5 * embed(sy, i) for i in range(num))
    start = np.zeros(2**num, complex)
    start[0] = 1.0
    solution = solve_ivp(
        lambda t, psi: -1j * (static @ psi + float(battery.drive.value(t)) * (transverse @ psi)),
        (0.0, times[-1]), start, method="DOP853", t_eval=times, rtol=1e-13, atol=1e-14,
        max_step=battery.drive.duration / 50,
    )  # fmt: skip
    weight = np.array([bin(b).count("1") for b in range(2**num)])
    probabilities = np.abs(solution.y.T) ** 2
    populations = np.stack(
        [probabilities[:, weight == k].sum(axis=1) for k in range(num + 1)], axis=1
    )
    mean_y = np.einsum("at,ab,bt->t", solution.y.conj(), spin_y, solution.y).real
    return metrics_of(populations, mean_y, battery, times)
