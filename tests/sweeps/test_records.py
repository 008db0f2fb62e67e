"""Counts of different seeds add; unlike sweeps refuse."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rzqiskit.charging import run_charging
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.exact import evolve_exact
from rzqiskit.model import RosenZenerBattery
from rzqiskit.sweeps import SpecificationError, add_seeds, join_seeds, sweep

PERIOD = 0.1 * np.pi
GRID = {
    "drive": SineSquaredDrive(20.0, PERIOD), "num_qubits": [2, 4], "interaction": 2.0,
    "seed": [1, 2, 3], "shots": 500, "num_times": 13,
}  # fmt: skip
QUANTITIES = ["final_stored_energy", "final_stored_energy_stderr", "counts", "counts_y"]


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    return sweep(GRID, solver="circuit", quantities=QUANTITIES)


def test_records_are_those_of_single_runs(data, tmp_path) -> None:
    assert data.counts.dims == ("num_qubits", "seed", "time", "excitations")
    assert data.counts.shape == (2, 3, 13, 5)
    battery = RosenZenerBattery(num_qubits=2, drive=GRID["drive"], interaction=2.0)
    single = run_charging(battery, np.linspace(0.0, PERIOD, 13), shots=500, seed=2)
    found = data.sel(num_qubits=2, seed=2)
    assert np.array_equal(found.counts.values[:, :3], single.counts.values)
    assert np.array_equal(found.counts_y.values[:, :3], single.counts_y.values)
    assert not found.counts.values[:, 3:].any()
    stored = sweep(GRID, solver="circuit", quantities=QUANTITIES, store=tmp_path / "s")
    assert np.array_equal(stored.counts.values, data.counts.values)
    assert stored.counts.dtype == np.int64


def test_added_seeds_are_one_run_with_more_shots(data) -> None:
    added = add_seeds(data)
    assert added.counts.dims == ("num_qubits", "time", "excitations")
    assert (added.counts.sum("excitations") == 1500).all()
    # The mean of the energies at equal shots, and the error of three times as many.
    assert added.final_stored_energy.values == pytest.approx(
        data.final_stored_energy.mean("seed").values
    )
    ratio = added.final_stored_energy_stderr / data.final_stored_energy_stderr.mean("seed")
    assert ratio.values == pytest.approx(np.full(2, 1.0 / np.sqrt(3.0)), rel=0.15)
    for num_qubits in (2, 4):
        battery = RosenZenerBattery(num_qubits=num_qubits, drive=GRID["drive"], interaction=2.0)
        exact = evolve_exact(battery, [PERIOD]).final_stored_energy.item()
        point = added.sel(num_qubits=num_qubits)
        # 5 sigma, two numbers: false alarms 1e-6.
        assert abs(point.final_stored_energy - exact) < 5 * point.final_stored_energy_stderr


def test_seeds_of_two_machines_join(data) -> None:
    parts = [
        sweep(GRID | {"seed": seeds}, solver="circuit", quantities=QUANTITIES)
        for seeds in ([1], [2, 3])
    ]
    joined = join_seeds(*parts)
    assert joined.attrs["specification_sha256"] == data.attrs["specification_sha256"]
    assert np.array_equal(joined.transpose(*data.counts.dims).counts, data.counts)
    xr.testing.assert_identical(add_seeds(joined), add_seeds(data))


def test_unlike_records_refuse(data) -> None:
    other = sweep(GRID | {"seed": [9], "shots": 400}, solver="circuit", quantities=QUANTITIES)
    with pytest.raises(SpecificationError, match="of the same thing: shots: 500 here, 400 there"):
        join_seeds(data, other)
    with pytest.raises(SpecificationError, match="must not share a seed"):
        join_seeds(data, data)
    with pytest.raises(ValueError, match="`sweeps` must hold at least one"):
        join_seeds()
    with pytest.raises(ValueError, match=r"`data` must have the records .* not without counts_y"):
        add_seeds(data.drop_vars("counts_y"))
    alone = sweep(GRID | {"seed": 1}, solver="circuit", quantities=QUANTITIES)
    with pytest.raises(ValueError, match="`data` must have the dim `seed`"):
        add_seeds(alone)


def test_a_part_of_a_sweep_adds_as_what_it_is(data) -> None:
    """Its place in the whole sweep says nothing: the parameters of each point are its own."""
    few = {"seed": [1, 2], "shots": 50, "num_times": 3}
    grid = GRID | few | {"level_splitting": [1.0, 2.0, 3.0], "pair_counting": ["ordered"]}
    whole = sweep(grid, solver="circuit", quantities=QUANTITIES)
    added = add_seeds(whole)
    for place in ({"level_splitting": [1, 2]}, {"level_splitting": slice(None, None, -1)},
                  {"num_qubits": 0, "pair_counting": 0}):  # fmt: skip
        part = add_seeds(whole.isel(place))
        for name in QUANTITIES:
            xr.testing.assert_equal(part[name], added[name].isel(place))
    with pytest.raises(ValueError, match="must have the coordinate `num_qubits` of its sweep, got"):
        add_seeds(data.isel(num_qubits=0, drop=True))
    with pytest.raises(ValueError, match="all 13 times and 5 weights of its sweep, got 12 and 5"):
        add_seeds(data.isel(time=slice(1, None)))
    with pytest.raises(ValueError, match="all 13 times and 5 weights of its sweep, got 13 and 4"):
        add_seeds(data.isel(excitations=slice(0, 4)))


def test_a_seed_counts_once() -> None:
    twice = sweep(GRID | {"seed": [1, 1]}, solver="circuit", quantities=QUANTITIES)
    with pytest.raises(SpecificationError, match="`data` must not hold a seed twice: its shots"):
        add_seeds(twice)
