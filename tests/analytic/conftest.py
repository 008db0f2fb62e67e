"""An exact reference that shares no code with the package: dense matrices and scipy's expm."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import expm


def spin_matrices(num_qubits):
    """Return Jx, Jy, Jz on the levels k = 0..N, ascending."""
    spin = num_qubits / 2
    m = np.arange(num_qubits + 1) - spin
    raising = np.diag(np.sqrt(spin * (spin + 1) - m[:-1] * m[1:]), -1)
    return (raising + raising.T) / 2, (raising - raising.T) / 2j, np.diag(m)


def dense_states(
    num_qubits, pulse: Callable[[float], float], times, *, delta, g, duration, kinks=(), steps=4000
):
    """Return the states at `times`, shape (num_times, N + 1).

    H = delta Jz + f Jx + g Jz^2, commutator-free Magnus steps of fourth order (two Gauss points);
    no step crosses a kink of the pulse.
    """
    jx, _, jz = spin_matrices(num_qubits)
    static = delta * jz + g * jz @ jz
    state = np.zeros(num_qubits + 1, complex)
    state[0] = 1.0
    states, now = [], 0.0
    gauss = np.sqrt(3) / 6
    stops = np.minimum(times, duration)
    for time in np.union1d(stops, [kink for kink in kinks if kink < stops.max()]):
        span = time - now
        if span > 0.0:
            num = max(1, int(np.ceil(steps * span / duration)))
            h = span / num
            for step in range(num):
                early = pulse(now + (step + 0.5 - gauss) * h)
                late = pulse(now + (step + 0.5 + gauss) * h)
                near, far = 0.25 + gauss, 0.25 - gauss
                first = -1j * h * (0.5 * static + (near * early + far * late) * jx)
                second = -1j * h * (0.5 * static + (far * early + near * late) * jx)
                state = expm(second) @ (expm(first) @ state)
            now = time
        states.append((time, state))
    known = dict(states)
    return np.array([known[time] for time in stops])


@pytest.fixture(scope="session")
def spins():
    return spin_matrices


@pytest.fixture(scope="session")
def dense():
    """Return a function battery, times -> dict of the five metrics and the populations."""
    cache = {}

    def solve(battery, times, *, steps=800):
        key = (repr(battery), np.asarray(times).tobytes(), steps)
        if key not in cache:
            cache[key] = _solve(battery, np.asarray(times, float), steps)
        return cache[key]

    return solve


def _solve(battery, times, steps):
    n, delta = battery.num_qubits, battery.level_splitting
    pairs = 2.0 if battery.pair_counting == "ordered" else 1.0
    drive = battery.drive
    states = dense_states(
        n,
        lambda t: float(drive.value(t)),
        times,
        delta=delta,
        g=pairs * battery.interaction / n,
        duration=drive.duration,
        kinks=drive.breakpoints,
        steps=steps,
    )
    p = np.abs(states) ** 2
    k = np.arange(n + 1)
    energy = delta * p @ k
    _, jy, _ = spin_matrices(n)
    current = np.einsum("ti,ij,tj->t", states.conj(), jy, states).real
    safe = np.where(p > 0, p, 1.0)
    return {
        "population": p,
        "stored_energy": energy,
        "average_power": np.divide(energy, times, out=np.zeros_like(energy), where=times > 0),
        "instantaneous_power": delta * drive.value(times) * current,
        "energy_fluctuation": delta * np.sqrt(np.maximum(p @ k**2 - (p @ k) ** 2, 0.0)),
        "diagonal_entropy": -np.sum(p * np.log2(safe), axis=1),
    }
