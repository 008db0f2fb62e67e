"""The co-moving frame and its moments against dense matrices in the lab."""

from __future__ import annotations

import numpy as np
import pytest
import qutip
from scipy.spatial.transform import Rotation

from rzqiskit.dicke import frame, observables, solver
from rzqiskit.dicke.levels import LEVEL_0, in_eights, moment_weights, state_rows
from rzqiskit.dicke.pulses import encode_drive
from rzqiskit.drives import HarmonicDrive, SineSquaredDrive


def run(num_qubits, delta, g, drive, tolerance=1e-12):
    y, clock, count = frame.initial_state(num_qubits, g)
    return frame.integrate_frame(
        num_qubits, delta, g, *encode_drive(drive), drive.duration, tolerance, 1.0, 10_000,
        10**6, y, clock, count,
    ), clock, count  # fmt: skip


@pytest.mark.parametrize("num_qubits", [1, 2, 5, 12])
def test_moments_of_a_random_state_in_a_random_frame(num_qubits):
    rng = np.random.default_rng(num_qubits)
    levels = num_qubits + 1
    amplitudes = rng.normal(size=levels) + 1j * rng.normal(size=levels)
    rows = Rotation.random(random_state=num_qubits).as_matrix()  # rows x, y, z of the lab
    triad = np.concatenate([rows[2], rows[1], rows[0]])
    kept = in_eights(levels)
    y = np.zeros((state_rows(kept) + 1, 8))
    y.flat[:9] = triad
    y.flat[LEVEL_0 : LEVEL_0 + levels] = amplitudes.real
    y.flat[LEVEL_0 + kept : LEVEL_0 + kept + levels] = amplitudes.imag
    out = np.empty(observables.NUM_MOMENTS)
    observables.spin_moments(y, kept, num_qubits, moment_weights(kept, num_qubits), out)

    # QuTiP counts m downwards; the frame's level k is m + N/2
    spin = [op.full()[::-1, ::-1] for op in qutip.jmat(num_qubits / 2)]
    state = amplitudes / np.linalg.norm(amplitudes)
    lab = [sum(rows[a, i] * spin[i] for i in range(3)) for a in range(3)]
    mean = [np.vdot(state, op @ state).real for op in lab]
    covariance = [
        [
            np.vdot(state, (lab[a] @ lab[b] + lab[b] @ lab[a]) @ state).real / 2 - mean[a] * mean[b]
            for b in range(3)
        ]
        for a in range(3)
    ]
    assert out[:3] == pytest.approx([mean[0], mean[1], mean[2] + num_qubits / 2], abs=1e-12)
    assert out[3:6] == pytest.approx(np.diag(covariance), abs=1e-11)
    assert out[6:9] == pytest.approx(
        [covariance[0][1], covariance[0][2], covariance[1][2]], abs=1e-11
    )
    assert out[9] == pytest.approx(abs(state[0]) ** 2, abs=1e-14)
    # J^2 is a number in the symmetric space
    total = np.sum(out[3:6]) + mean[0] ** 2 + mean[1] ** 2 + mean[2] ** 2
    assert total == pytest.approx(num_qubits / 2 * (num_qubits / 2 + 1), rel=1e-13)


@pytest.mark.parametrize("num_qubits", [10, 300, 10**6])
def test_norm_triad_and_total_spin_are_conserved(num_qubits):
    drive = SineSquaredDrive(40.0, 0.3)
    (status, starts, _, _, y), clock, count = run(num_qubits, 1.0, 4.0 / num_qubits, drive)
    assert status == frame.DONE
    assert starts[-1] == drive.duration
    assert abs(clock[frame.DRIFT]) < 1e-11
    triad = y.flat[:9].reshape(3, 3)
    assert np.abs(triad @ triad.T - np.eye(3)).max() < 1e-10
    levels = int(count[frame.LEVELS])
    moments = np.empty(observables.NUM_MOMENTS)
    observables.spin_moments(y, levels, num_qubits, moment_weights(levels, num_qubits), moments)
    mean = np.array([moments[0], moments[1], moments[2] - num_qubits / 2])
    total = moments[3:6].sum() + mean @ mean
    assert total == pytest.approx(num_qubits / 2 * (num_qubits / 2 + 1), rel=1e-10)


def test_the_store_can_be_taken_in_chunks():
    # 400 periods of the drive fill more than one store of dense output
    drive = HarmonicDrive(30.0, 250.0, 10.0)
    num, g = 40, 0.1
    y, clock, count = frame.initial_state(num, g)
    encoded = encode_drive(drive)
    chunks, status = 0, frame.MORE
    while status == frame.MORE:
        status, _, _, _, y = frame.integrate_frame(
            num, 1.0, g, *encoded, drive.duration, 1e-13, 1.0, 10_000, 10**6, y, clock, count
        )
        chunks += 1
    assert status == frame.DONE
    assert chunks > 1
    times = np.linspace(0.0, drive.duration, 501)
    metrics, maxima = np.zeros((5, 501)), np.zeros((5, 2))
    report = np.zeros(len(solver.REPORT_FIELDS))
    solver.solve_battery(
        num, 1.0, g, *encoded, times, drive.duration, 1e-10, 10_000, 10**6, 0b11111,
        None, 0, None, None, metrics, np.zeros((10, 0)), maxima, report, np.zeros((0, 0)),
        np.zeros(0, dtype=np.int64),
    )  # fmt: skip
    from scipy.integrate import solve_ivp

    k = np.arange(num + 1)
    hop = 0.5 * np.sqrt((k[:-1] + 1.0) * (num - k[:-1]))
    diagonal = k + g * (k - num / 2) ** 2

    def slope(t, psi):
        out = diagonal * psi
        f = 30.0 * np.cos(250.0 * t)
        out[1:] += f * hop * psi[:-1]
        out[:-1] += f * hop * psi[1:]
        return -1j * out

    reference = solve_ivp(
        slope, (0.0, 10.0), np.eye(1, num + 1)[0].astype(complex), method="DOP853",
        t_eval=times[::50], rtol=1e-11, atol=1e-12,
    )  # fmt: skip
    energy = (np.abs(reference.y.T) ** 2) @ k
    assert np.abs(metrics[0, ::50] - energy).max() < 1e-8 * num


def test_levels_grow_only_as_far_as_the_state_does():
    drive = SineSquaredDrive(20.0, 0.3)
    _, _, weak = run(10**6, 1.0, 0.2 / 10**6, drive)
    _, _, strong = run(10**6, 1.0, 4.0 / 10**6, drive)
    _, _, none = run(10**6, 1.0, 0.0, drive)
    assert none[frame.LEVELS] == 1
    assert weak[frame.LEVELS] < strong[frame.LEVELS] < 80
