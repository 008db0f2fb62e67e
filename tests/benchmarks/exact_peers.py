"""The same trajectory by other packages, each as its own documentation advises for speed.

A peer is a function (battery, times, tolerance) -> run, where `run()` returns
E, P, P_I, Sigma as an array (4, num_times). Building operators is left out of the timing, compiling
as well; what is timed is a call with everything in place, the expectation values included.
"""

from __future__ import annotations

import itertools

import numpy as np


def spin_matrices(num_qubits):
    """Return Jx, Jy, Jz as dense arrays, level k = 0..N upwards."""
    k = np.arange(num_qubits + 1)
    raise_ = np.diag(np.sqrt((k[:-1] + 1.0) * (num_qubits - k[:-1])), -1)
    return (raise_ + raise_.T) / 2, (raise_ - raise_.T) / 2j, np.diag(k - num_qubits / 2)


def static_part(battery):
    jz = np.arange(battery.num_qubits + 1) - battery.num_qubits / 2
    diagonal = battery.level_splitting * jz + battery.jz_squared_coefficient * jz**2
    return diagonal - 0.5 * (diagonal.max() + diagonal.min())


def metrics(battery, times, mean_z, mean_z2, mean_y):
    delta = battery.level_splitting
    energy = delta * (mean_z + battery.num_qubits / 2)
    power = delta * battery.drive.value(times) * mean_y
    average = np.where(times > 0.0, energy / np.where(times > 0.0, times, 1.0), 0.0)
    sigma = delta * np.sqrt(np.maximum(mean_z2 - mean_z**2, 0.0))
    return np.array([energy, average, power, sigma])


def rzqiskit_exact(battery, times, tolerance):
    import rzqiskit as rz

    names = ("stored_energy", "average_power", "instantaneous_power", "energy_fluctuation")

    def run():
        data = rz.evolve_exact(battery, times, tolerance=tolerance, quantities=names)
        return np.array([data[name].values for name in names])

    return run


def _qutip(method):
    def build(battery, times, tolerance):
        import qutip

        jx, jy, jz = (qutip.Qobj(op).to("CSR") for op in spin_matrices(battery.num_qubits))
        static = qutip.Qobj(np.diag(static_part(battery)).astype(complex)).to("CSR")
        drive = battery.drive
        v0, rate = drive.amplitude, np.pi / drive.period
        from math import sin

        hamiltonian = qutip.QobjEvo([static, [jx, lambda t: v0 * sin(rate * t) ** 2]])
        start = qutip.basis(battery.num_qubits + 1, 0)
        observables = [jz, jz * jz, jy]
        options = {
            "method": method, "atol": 0.1 * tolerance, "rtol": tolerance, "nsteps": 10**6,
            "store_states": False, "progress_bar": "",
        }  # fmt: skip

        def run():
            result = qutip.sesolve(hamiltonian, start, times, e_ops=observables, options=options)
            z, z2, y = (np.real(values) for values in result.expect)
            return metrics(battery, times, z, z2, y)

        return run

    return build


def _dynamiqs(method_name):
    def build(battery, times, tolerance):
        import dynamiqs as dq
        import jax
        import jax.numpy as jnp

        dq.set_precision("double")
        jx, jy, jz = (
            dq.asqarray(op.astype(complex), layout=dq.dia)
            for op in spin_matrices(battery.num_qubits)
        )
        static = dq.asqarray(np.diag(static_part(battery)).astype(complex), layout=dq.dia)
        v0, rate = battery.drive.amplitude, np.pi / battery.drive.period
        hamiltonian = static + dq.modulated(lambda t: v0 * jnp.sin(rate * t) ** 2, jx)
        start = dq.basis(battery.num_qubits + 1, 0)
        method = getattr(dq.method, method_name)(
            rtol=tolerance, atol=0.1 * tolerance, max_steps=10**6
        )

        @jax.jit
        def solve():
            return dq.sesolve(
                hamiltonian, start, times, exp_ops=[jz, jz @ jz, jy], method=method,
                save_states=False, progress_meter=False,
            ).expects  # fmt: skip

        solve()

        def run():
            z, z2, y = np.real(np.asarray(solve()))
            return metrics(battery, times, z, z2, y)

        return run

    return build


def quspin(battery, times, tolerance):
    from quspin.operators import hamiltonian
    from scipy.sparse import csr_matrix, diags

    jx, jy, _ = spin_matrices(battery.num_qubits)
    z = np.arange(battery.num_qubits + 1) - battery.num_qubits / 2
    v0, rate = battery.drive.amplitude, np.pi / battery.drive.period
    from math import sin

    generator = hamiltonian(
        [diags(static_part(battery), format="csr")],
        [[csr_matrix(jx), lambda t: v0 * sin(rate * t) ** 2, ()]],
        dtype=np.complex128, check_herm=False, check_pcon=False, check_symm=False,
    )  # fmt: skip
    jy = csr_matrix(jy)
    start = np.eye(1, battery.num_qubits + 1)[0].astype(complex)

    def run():
        psi = generator.evolve(
            start, 0.0, times, solver_name="dop853", rtol=tolerance, atol=0.1 * tolerance,
            nsteps=10**7,
        )  # fmt: skip
        p = np.abs(psi) ** 2
        y = np.real(np.sum(psi.conj() * (jy @ psi), axis=0))
        return metrics(battery, times, z @ p, z**2 @ p, y)

    return run


def scipy_dop853(battery, times, tolerance):
    from math import sin

    from scipy.integrate import solve_ivp

    num = battery.num_qubits
    k = np.arange(num + 1)
    z = k - num / 2
    hop = 0.5 * np.sqrt((k[:-1] + 1.0) * (num - k[:-1]))
    diagonal = -1j * static_part(battery)
    v0, rate = battery.drive.amplitude, np.pi / battery.drive.period

    def slope(t, psi):
        out = diagonal * psi
        step = (-1j * v0 * sin(rate * t) ** 2) * hop
        out[1:] += step * psi[:-1]
        out[:-1] += step * psi[1:]
        return out

    start = np.eye(1, num + 1)[0].astype(complex)

    def run():
        psi = solve_ivp(
            slope, (0.0, times[-1]), start, method="DOP853", t_eval=times, rtol=tolerance,
            atol=0.1 * tolerance,
        ).y  # fmt: skip
        p = np.abs(psi) ** 2
        y = (2.0 * hop[:, None] * psi[1:].conj() * psi[:-1]).imag.sum(axis=0)
        return metrics(battery, times, z @ p, z**2 @ p, y)

    return run


def reference(battery, times):
    """Return the metrics by SciPy at 1e-13, started anew at every time: no dense output enters."""
    from scipy.integrate import solve_ivp

    num = battery.num_qubits
    z = np.arange(num + 1) - num / 2
    hop = 0.5 * np.sqrt(np.arange(1.0, num + 1) * np.arange(num, 0, -1))
    diagonal = static_part(battery)

    def slope(t, psi):
        out = diagonal * psi
        f = float(battery.drive.value(t))
        out[1:] += f * hop * psi[:-1]
        out[:-1] += f * hop * psi[1:]
        return -1j * out

    psi = np.eye(1, num + 1)[0].astype(complex)
    states = [psi]
    for start, stop in itertools.pairwise(times):
        solution = solve_ivp(slope, (start, stop), psi, method="DOP853", rtol=3e-14, atol=1e-16)
        psi = solution.y[:, -1]
        states.append(psi)
    psi = np.array(states).T
    psi /= np.linalg.norm(psi, axis=0)
    p = np.abs(psi) ** 2
    y = (2.0 * hop[:, None] * psi[1:].conj() * psi[:-1]).imag.sum(axis=0)
    mean = z @ p
    values = metrics(battery, times, mean, mean**2, y)
    # <Jz^2> - <Jz>^2 cancels for many cells, the spread about the mean does not
    spread = np.sqrt((p * (z[:, None] - mean) ** 2).sum(axis=0))
    values[3] = battery.level_splitting * spread
    return values


PEERS = {
    "QuTiP sesolve adams": _qutip("adams"),
    "QuTiP sesolve dop853": _qutip("dop853"),
    "QuTiP sesolve vern9": _qutip("vern9"),
    "dynamiqs Dopri8": _dynamiqs("Dopri8"),
    "dynamiqs Tsit5": _dynamiqs("Tsit5"),
    "QuSpin dop853": quspin,
    "SciPy DOP853": scipy_dop853,
}
