"""Grids of batteries in one call: the same numbers as one by one, whatever the threads."""

from __future__ import annotations

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.drives import Drive
from rzqiskit.schema import METRICS, validate_dataset

T = 0.1 * np.pi


def assert_same_as_single(grid, data, index, time=None):
    battery = grid.battery(index)
    times = [battery.drive.duration] if time is None else time
    single = rz.evolve_exact(battery, times)
    where = np.unravel_index(index, grid.shape)
    for name in METRICS:
        for summary in (f"maximum_{name}", f"time_of_maximum_{name}", f"final_{name}"):
            assert data[summary].values[where] == single[summary].item(), summary
        if time is not None:
            assert np.array_equal(data[name].values[where], single[name].values)


def test_product_grid_equals_single_runs_bit_for_bit():
    grid = rz.BatteryGrid(
        rz.SineSquaredDrive(20.0, T), num_qubits=[1, 10, 300], interaction=[-2.0, 2.0],
        drive_amplitude=[10.0, 40.0], drive_period=[0.5 * T, T],
        pair_counting=["ordered", "unordered"],
    )  # fmt: skip
    data = validate_dataset(rz.evolve_exact(grid))
    assert data.maximum_stored_energy.dims == grid.dims
    for index in range(0, grid.size, 5):
        assert_same_as_single(grid, data, index)


def test_time_series_on_a_grid():
    times = np.linspace(0.0, T, 7)
    grid = rz.BatteryGrid(rz.SineSquaredDrive(20.0, T), num_qubits=10, interaction=[0.0, 1.0, 3.0])
    data = rz.evolve_exact(grid, times)
    assert data.stored_energy.dims == ("interaction", "time")
    for index in range(3):
        assert_same_as_single(grid, data, index, times)


def test_times_as_fractions_of_each_pulse():
    grid = rz.BatteryGrid(rz.SineSquaredDrive(20.0, T), num_qubits=6, drive_period=[0.2, 0.4])
    fractions = [0.0, 0.5, 1.0]
    data = validate_dataset(rz.evolve_exact(grid, fractions, time_unit="duration"))
    single = rz.evolve_exact(grid.battery(1), [0.0, 0.2, 0.4])
    assert np.array_equal(data.stored_energy.values[1], single.stored_energy.values)
    # The pulses differ, so the coordinate is no time, and says so; times of maxima are.
    assert data.time.values.tolist() == fractions
    assert data.time.attrs["units"] == data.stored_energy.time.attrs["units"] == "duration"
    assert data.time.attrs["long_name"] == "fraction of the pulse"
    assert data.time_of_maximum_stored_energy.attrs["units"] == "time"
    assert rz.evolve_exact(grid, fractions).time.attrs["units"] == "time"
    same = rz.evolve_exact(grid.battery(1), fractions, time_unit="duration")
    assert (same.time.values.tolist(), same.time.attrs["units"]) == ([0.0, 0.2, 0.4], "time")


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_threads_do_not_change_a_bit(num_threads):
    grid = rz.BatteryGrid(
        rz.GaussianDrive(20.0, 0.2, 0.1, 0.4), num_qubits=12, interaction=1.5,
        drive_amplitude=np.linspace(1.0, 60.0, 37), drive_width=[0.05, 0.2],
    )  # fmt: skip
    data = rz.evolve_exact(grid, num_threads=num_threads)
    reference = rz.evolve_exact(grid)
    for name in data.data_vars:
        assert np.array_equal(data[name], reference[name]), name


def test_sampled_drive_shares_its_samples():
    drive = rz.SampledDrive([0.0, 0.1, 0.3], [0.0, 30.0, 0.0])
    grid = rz.BatteryGrid(drive, num_qubits=[2, 20], interaction=[0.0, 2.0])
    data = rz.evolve_exact(grid)
    for index in range(4):
        assert_same_as_single(grid, data, index)


def test_a_drive_of_ones_own_with_swept_fields():
    import dataclasses

    @dataclasses.dataclass(frozen=True)
    class Triangle(Drive):
        amplitude: float
        duration: float

        @property
        def breakpoints(self):
            return (0.5 * self.duration,)

        def _value(self, t):
            return self.amplitude * (1.0 - np.abs(2.0 * t / self.duration - 1.0))

    grid = rz.BatteryGrid(
        Triangle(10.0, 0.3), num_qubits=[3, 8], drive_amplitude=[5.0, 25.0], interaction=1.0
    )
    data = rz.evolve_exact(grid)
    for index in range(4):
        assert_same_as_single(grid, data, index)


def test_paired_points():
    grid = rz.BatteryGrid(
        rz.SineSquaredDrive(20.0, T), num_qubits=[4, 9, 30], interaction=[0.0, 2.0, -1.0],
        drive_amplitude=[10.0, 20.0, 60.0], paired=True,
    )  # fmt: skip
    data = rz.evolve_exact(grid)
    assert data.maximum_stored_energy.dims == ("point",)
    assert data.num_qubits.values.tolist() == [4, 9, 30]
    for index in range(3):
        assert_same_as_single(grid, data, index)


def test_a_failing_battery_is_named():
    grid = rz.BatteryGrid(rz.SineSquaredDrive(20.0, T), num_qubits=[10, 100], interaction=30.0)
    with pytest.raises(rz.ConvergenceError, match="battery 1 of the grid") as caught:
        rz.evolve_exact(grid, max_levels=50)
    assert caught.value.index == 1


def test_grids_take_metrics_only():
    grid = rz.BatteryGrid(rz.SineSquaredDrive(20.0, T), num_qubits=[10])
    with pytest.raises(ValueError, match="`quantities` of a grid must be among"):
        rz.evolve_exact(grid, quantities=["population"])


def test_a_single_battery_needs_times():
    battery = rz.RosenZenerBattery(num_qubits=2, drive=rz.SineSquaredDrive(1.0, 1.0))
    with pytest.raises(TypeError, match="`times` must be an array of real numbers, got None"):
        rz.evolve_exact(battery)
