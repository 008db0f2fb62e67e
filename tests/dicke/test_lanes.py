"""Batteries in lanes: the numbers of the single solver, whatever stands in the other lanes."""

from __future__ import annotations

import itertools

import numpy as np
import oracles
import pytest

import rzqiskit as rz
from rzqiskit.dicke import lanes, solver
from rzqiskit.dicke.frame import DONE, TOO_MANY_LEVELS, TOO_MANY_STEPS
from rzqiskit.dicke.pulses import encode_drive

TIMES = np.linspace(0.0, 1.0, 33)
ALL = 0b11111
QUANTITIES = ("stored_energy", "average_power", "instantaneous_power", "energy_fluctuation")


def drives(rng, kind):
    duration = 10 ** rng.uniform(-1.5, 0.3)
    amplitude = rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 1.9)
    center, width = duration * rng.uniform(0.2, 0.8), duration * rng.uniform(0.05, 0.5)
    return (
        rz.SineSquaredDrive(amplitude, duration),
        rz.GaussianDrive(amplitude, center, width, duration),
        rz.SechDrive(amplitude, center, width, duration),
        rz.ExponentialDrive(amplitude, duration * rng.uniform(0.1, 2.0), duration),
        rz.RectangularDrive(amplitude, duration),
        rz.HarmonicDrive(amplitude, rng.uniform(0.0, 10.0) / duration, duration, rng.uniform(0, 6)),
    )[kind]


class Batch:
    """Random batteries under one formula; `solve` runs them in lanes, `alone` one by one."""

    def __init__(self, kind, size, seed):
        rng = np.random.default_rng([seed, kind])
        encoded = [encode_drive(drives(rng, kind)) for _ in range(size)]
        self.kind = encoded[0].kind
        self.parameters = np.array([e.parameters for e in encoded])
        self.durations = np.array([e.edges[-1] for e in encoded])
        self.num = rng.choice([1, 2, 3, 7, 10, 24, 50, 100, 1000, 10**6], size)
        self.delta = rng.choice([0.0, 0.3, 1.0, 2.0], size, p=[0.1, 0.2, 0.5, 0.2])
        strength = rng.choice([0.0, -3.0, 1.0, 2.0, 30.0], size, p=[0.1, 0.2, 0.3, 0.3, 0.1])
        self.g = 2.0 * strength / self.num
        self.tolerance, self.limits, self.wanted = 1e-10, (5000, 1_000_000), ALL

    def outputs(self, times):
        size = self.num.size
        return (
            np.full((size, 5, times.size), np.nan), np.zeros((size, 5, 2)),
            np.zeros((size, len(solver.REPORT_FIELDS))), np.full(size, 99),
        )  # fmt: skip

    def solve(self, order=None, chunks=(), times=TIMES, relative=True):
        """Return the results in the order of the batteries, solved in `order` and in chunks."""
        size = self.num.size
        order = np.arange(size) if order is None else order
        results = self.outputs(times)
        edges = [0, *chunks, size]
        for first, last in itertools.pairwise(edges):
            lanes.solve_lanes(
                first, last, self.num[order], self.delta[order], self.g[order], self.kind,
                self.parameters[order], self.durations[order], np.empty((0, 1)), times, relative,
                self.tolerance, *self.limits, self.wanted, *results,
            )  # fmt: skip
        back = np.argsort(order)
        return tuple(values[back] for values in results)

    def alone(self, times=TIMES, relative=True):
        results = self.outputs(times)
        solver.solve_batch(
            0, self.num.size, self.num, self.delta, self.g, self.kind, self.parameters,
            self.durations, np.zeros(2), np.empty((0, 1)), times, relative, self.tolerance,
            *self.limits, ALL, None, np.zeros(self.num.size, np.int64), None, None,
            *results,
        )  # fmt: skip
        return results


def assert_close(batch, lane, alone, solved, bound):
    for j in range(4):
        scale = np.abs(alone[0][solved, j]).max(axis=1)
        if j == 2:  # P_I to tolerance * N Delta^2
            scale = np.maximum(scale, (batch.num * batch.delta**2)[solved])
        error = np.abs(lane[0][solved, j] - alone[0][solved, j]).max(axis=1)
        assert np.all(error <= bound * scale + 1e-300), QUANTITIES[j]
        maximum = np.abs(lane[1][solved, j, 0] - alone[1][solved, j, 0])
        assert np.all(maximum <= bound * scale + 1e-300), QUANTITIES[j]


@pytest.mark.parametrize("kind", range(6))
def test_lanes_equal_the_single_solver(kind):
    batch = Batch(kind, 45, seed=1)
    lane, alone = batch.solve(), batch.alone()
    solved = lane[3] == DONE
    assert set(lane[3][~solved]) <= {lanes.HAND_OVER}
    assert solved.sum() > 35
    assert not np.isnan(lane[0][solved, :4]).any()
    assert_close(batch, lane, alone, solved, 2 * batch.tolerance)
    # Rounding decides close calls differently, and a step whose inside nobody looks at may be
    # longer: steps need not agree one for one.
    ratio = lane[2][solved, 1] / alone[2][solved, 1]
    assert np.all((ratio > 0.5) & (ratio < 1.1))
    assert np.median(ratio) == 1.0
    assert lane[2][solved, 4].max() < 1e-9


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize(("times", "wanted"), [(TIMES, ALL), (np.ones(1), ALL), (np.ones(1), 1)])
def test_neither_neighbours_nor_order_nor_chunks_change_a_bit(kind, times, wanted):
    # Without samples a lane has dense output only where it, or a neighbour, may have a maximum.
    batch = Batch(kind, 50, seed=2)
    batch.wanted = wanted
    reference = batch.solve(times=times)
    order = np.random.default_rng(3).permutation(batch.num.size)
    others = (
        batch.solve(order, times=times), batch.solve(chunks=(1, 2, 23), times=times),
        batch.solve(order, (9, 40), times=times),
    )  # fmt: skip
    for other in others:
        for values, expected in zip(other, reference, strict=True):
            assert np.array_equal(values, expected, equal_nan=True)


def test_common_times_that_end_within_and_after_the_pulse():
    batch = Batch(0, 30, seed=4)
    times = np.linspace(0.0, 0.5, 21)
    lane, alone = batch.solve(times=times, relative=False), batch.alone(times, relative=False)
    solved = lane[3] == DONE
    assert_close(batch, lane, alone, solved, 2 * batch.tolerance)
    after = times[None, :] > batch.durations[:, None]
    assert after.any()
    assert not after.all()
    assert np.all(lane[0][:, 2][after & solved[:, None]] == 0.0)


def test_maxima_stand_where_they_are_said_to():
    # Against the lab frame, where the maximum is said to be and shortly before and after.
    for amplitude in (10.0, 25.0, 60.0):
        period = 0.1 * np.pi
        grid = rz.BatteryGrid(
            rz.SineSquaredDrive(amplitude, period), num_qubits=[4, 9], interaction=[0.0, 2.0]
        )
        data = rz.evolve_exact(grid, quantities=QUANTITIES)
        for index in range(grid.size):
            battery, where = grid.battery(index), np.unravel_index(index, grid.shape)
            for name in QUANTITIES:
                time = float(data[f"time_of_maximum_{name}"].values[where])
                value = float(data[f"maximum_{name}"].values[where])
                near = np.clip(time + np.array([-1e-3, 0.0, 1e-3]) * period, 1e-6, period)
                coarse = np.linspace(0.0, period, 200)
                fine = oracles.lab_frame(battery, np.unique([*coarse, *near]))[name]
                assert fine.max() == pytest.approx(value, rel=1e-9), name
                at = oracles.lab_frame(battery, np.array([time]))[name]
                assert at[0] == pytest.approx(value, rel=1e-9), name


def test_one_failing_battery_is_reported_alone():
    batch = Batch(0, 20, seed=5)
    batch.num[:], batch.delta[:], batch.g[:] = 100, 1.0, 4.0 / 100
    batch.parameters[:, :2] = 20.0, 0.3
    batch.durations[:] = 0.3
    reference = batch.solve()
    assert np.all(reference[3] == DONE)
    batch.g[7] = 60.0 / 100
    batch.limits = (60, 1_000_000)
    failed = batch.solve()
    assert failed[3].tolist() == [TOO_MANY_LEVELS if i == 7 else DONE for i in range(20)]
    batch.g[7], batch.limits = 4.0 / 100, (5000, 40)
    batch.parameters[4, 0] = 600.0
    batch.parameters[np.arange(20) != 4, 0] = 0.01
    tired = batch.solve()
    assert tired[3].tolist() == [TOO_MANY_STEPS if i == 4 else DONE for i in range(20)]
    assert tired[2][4, 1] + tired[2][4, 2] == 40


def test_batteries_of_many_levels_are_handed_over_and_solved():
    grid = rz.BatteryGrid(
        rz.SineSquaredDrive(20.0, 0.3), num_qubits=[10, 100, 3000], interaction=[2.0, 30.0],
    )  # fmt: skip
    data = rz.evolve_exact(grid, quantities=QUANTITIES)
    assert data.attrs["num_levels"] > lanes.MAX_LANE_LEVELS
    for index in range(grid.size):
        battery, where = grid.battery(index), np.unravel_index(index, grid.shape)
        single = rz.evolve_exact(battery, [0.3], quantities=QUANTITIES)
        for name in QUANTITIES:
            for summary in (f"maximum_{name}", f"final_{name}"):
                assert data[summary].values[where] == pytest.approx(
                    single[summary].item(), rel=1e-8, abs=1e-9
                ), summary


@pytest.mark.parametrize("num_threads", [1, 3])
def test_threads_do_not_change_a_bit(num_threads):
    grid = rz.BatteryGrid(
        rz.SineSquaredDrive(20.0, 0.3), num_qubits=[5, 12], interaction=1.5,
        drive_amplitude=np.linspace(1.0, 60.0, 250),
    )  # fmt: skip
    data = rz.evolve_exact(grid, quantities=QUANTITIES, num_threads=num_threads)
    reference = rz.evolve_exact(grid, quantities=QUANTITIES, num_threads=2)
    for name in data.data_vars:
        assert np.array_equal(data[name], reference[name]), name
