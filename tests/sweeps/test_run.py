"""Sweeps in this process: numbers against single solutions, failures, settings."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rzqiskit.analytic import evolve_analytic
from rzqiskit.charging import run_charging
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.exact import evolve_exact
from rzqiskit.model import RosenZenerBattery
from rzqiskit.sweeps import SweepPointError, SweepSpecification, sweep
from rzqiskit.sweeps.specification import SUMMARIES

PERIOD = 0.1 * np.pi


def single(drive: SineSquaredDrive, **parameters) -> RosenZenerBattery:
    return RosenZenerBattery(drive=drive, **parameters)


def test_every_point_is_the_single_solution(grid, small_chunks) -> None:
    data = sweep(grid)
    assert dict(data.sizes) == {"num_qubits": 2, "interaction": 3, "drive_amplitude": 4}
    assert set(data.data_vars) == {*SUMMARIES, "failure"}
    for num_qubits in (2, 5):
        for amplitude in (10.0, 60.0):
            battery = single(
                SineSquaredDrive(amplitude, PERIOD), num_qubits=num_qubits, interaction=2.0
            )
            expected = evolve_exact(battery, np.linspace(0.0, PERIOD, 5))
            found = data.sel(num_qubits=num_qubits, drive_amplitude=amplitude, interaction=2.0)
            for name in SUMMARIES:
                # A time of a flat maximum is as uncertain as the root of the tolerance.
                accuracy = 1e-3 if name.startswith("time") else 1e-7
                assert found[name].item() == pytest.approx(
                    expected[name].item(), rel=accuracy, abs=1e-9
                ), name
    assert (data.failure == "").all()


def test_chunks_and_threads_do_not_change_a_bit(grid, monkeypatch) -> None:
    whole = sweep(grid, num_threads=1)
    for most, threads in ((1, 1), (5, 2)):
        monkeypatch.setattr("rzqiskit.sweeps.chunks.MOST_POINTS", most)
        xr.testing.assert_identical(sweep(grid, num_threads=threads), whole)


def test_analytic_points(grid) -> None:
    data = sweep(
        grid | {"method": ["leading", "paper"]}, solver="analytic",
        quantities=["maximum_stored_energy", "final_diagonal_entropy"],
    )  # fmt: skip
    assert data.maximum_stored_energy.dims[-1] == "method"
    battery = single(SineSquaredDrive(10.0, PERIOD), num_qubits=5, interaction=2.0)
    expected = evolve_analytic(battery, np.linspace(0.0, PERIOD, 101), method="paper")
    found = data.sel(num_qubits=5, drive_amplitude=10.0, interaction=2.0)
    found = found.sel({"method": "paper"})  # `method` is also an argument of `sel`
    for name in ("maximum_stored_energy", "final_diagonal_entropy"):
        assert found[name].item() == expected[name].item()


def test_circuits_draw_their_own_shots_at_every_point() -> None:
    grid = {
        "drive": SineSquaredDrive(20.0, PERIOD), "num_qubits": 3, "interaction": 2.0,
        "num_steps": [2, 4], "seed": [1, 2], "shots": 200, "num_times": 12,
    }  # fmt: skip
    data = sweep(grid, solver="circuit")
    xr.testing.assert_identical(sweep(grid, solver="circuit"), data)
    assert len(np.unique(data.final_diagonal_entropy.values)) == 4
    battery = single(grid["drive"], num_qubits=3, interaction=2.0)
    expected = run_charging(
        battery, np.linspace(0.0, PERIOD, 12), shots=200, num_steps=4, order=2, seed=2
    )
    found = data.sel(num_steps=4, seed=2)
    assert found.maximum_stored_energy == expected.maximum_stored_energy
    assert found.maximum_stored_energy_stderr == expected.maximum_stored_energy_stderr


def test_bad_points_become_nan_with_their_reason_and_the_rest_goes_on() -> None:
    grid = {
        "drive": SineSquaredDrive(20.0, PERIOD), "num_qubits": [3, 0, 4],
        "interaction": [1.0, np.nan], "drive_period": [PERIOD, -1.0],
    }  # fmt: skip
    data = sweep(grid, quantities=["final_stored_energy"])
    good = data.isel(num_qubits=[0, 2], interaction=0, drive_period=0)
    sound = grid | {"num_qubits": [3, 4], "interaction": 1.0, "drive_period": PERIOD}
    expected = sweep(sound, quantities=["final_stored_energy"])
    assert np.array_equal(good.final_stored_energy, expected.final_stored_energy)
    assert int(np.isnan(data.final_stored_energy).sum()) == 10
    assert int((data.failure != "").sum()) == 10
    reasons = data.failure.values
    assert reasons[1, 0, 0] == "`num_qubits` must be a positive integer, got 0."
    assert reasons[0, 1, 0] == "`interaction` must be finite, got nan."
    assert reasons[0, 0, 1] == "`period` must be positive, got -1.0."


def test_no_convergence_is_a_reason_too(grid, monkeypatch) -> None:
    import rzqiskit.batches

    true_solve = rzqiskit.batches.solve_grid

    def stop_early(grid, times, **options):
        # 40 steps are enough for weak pulses only.
        return true_solve(grid, times, **(options | {"limits": (5000, 40)}))

    def evolve_early(battery, times, **options):
        return evolve_exact(battery, times, **options, max_steps=40)

    complete = sweep(grid, quantities=["final_stored_energy"])
    monkeypatch.setattr("rzqiskit.batches.solve_grid", stop_early)
    monkeypatch.setattr("rzqiskit.exact.evolve_exact", evolve_early)
    data = sweep(grid, quantities=["final_stored_energy"])
    failed = data.failure.values != ""
    assert 0 < failed.sum() < failed.size
    assert data.failure.values[failed][0].startswith("`max_steps` = 40 steps did not reach")
    assert np.array_equal(np.isnan(data.final_stored_energy), failed)
    kept = data.final_stored_energy.values[~failed]
    assert np.array_equal(kept, complete.final_stored_energy.values[~failed])


def test_errors_inside_a_solver_are_named(grid, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("rzqiskit.analytic.evolve_analytic", broken)
    data = sweep(grid, solver="analytic")
    assert (data.failure == "ZeroDivisionError: division by zero").all()


def test_strict_raises_with_the_point(grid) -> None:
    with pytest.raises(
        SweepPointError, match=r"the point .*'num_qubits': 0.* failed: `num_q"
    ) as info:
        sweep(grid | {"num_qubits": [2, 0]}, strict=True)
    assert info.value.point["num_qubits"] == 0


def test_a_sweep_of_one_point() -> None:
    data = sweep({"drive": SineSquaredDrive(20.0, PERIOD), "num_qubits": 2})
    assert data.maximum_stored_energy.dims == ()


def test_bad_input(grid) -> None:
    with pytest.raises(ValueError, match="`num_threads` must be a positive integer, got 0"):
        sweep(grid, num_threads=0)


def test_the_specification_is_recorded(grid) -> None:
    import json

    data = sweep(grid)
    specification = SweepSpecification.from_dict(json.loads(data.attrs["specification"]))
    assert specification.identity() == data.attrs["specification_sha256"]
    assert data.maximum_stored_energy.attrs["symbol"] == r"E_\max"


@pytest.mark.parametrize(
    ("name", "other"),
    [("quantities", ["final_stored_energy"]), ("solver", "circuit"), ("paired", True)],
)
def test_a_specification_says_everything(grid, name, other) -> None:
    specification = SweepSpecification.build(grid, quantities=["maximum_stored_energy"])
    with pytest.raises(ValueError, match=f"`{name}` must be left out with a SweepSpecification"):
        sweep(specification, **{name: other})


def test_circuits_of_a_specification_are_chunked_for_one_thread(grid, monkeypatch) -> None:
    """Threads share the chunks of the exact solver alone."""
    seen = []

    def chunk_shape(shape, point_seconds, num_workers):
        seen.append((point_seconds, num_workers))
        return shape

    monkeypatch.setattr("rzqiskit.sweeps.run.choose_chunk_shape", chunk_shape)
    monkeypatch.setattr("rzqiskit.sweeps.run.measure_point_seconds", lambda _: 0.5)
    few = {"drive": grid["drive"], "num_qubits": 2, "shots": 10, "num_times": 3, "num_steps": 1}
    sweep(SweepSpecification.build(few, solver="circuit"), num_threads=4)
    sweep(few, solver="circuit", num_threads=4)
    assert seen == [(0.5, 1), (0.5, 1)]
