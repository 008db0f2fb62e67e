"""Specifications: dims, points, identity, JSON, and what is refused."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.exact import evolve_exact
from rzqiskit.grid import BatteryGrid
from rzqiskit.model import RosenZenerBattery
from rzqiskit.sweeps import SweepSpecification, sweep
from rzqiskit.sweeps.solve import battery_of_point
from rzqiskit.sweeps.specification import SUMMARIES


def test_product_of_the_arrays(grid) -> None:
    specification = SweepSpecification.build(grid)
    assert specification.dims == ("num_qubits", "interaction", "drive_amplitude")
    assert specification.shape == (2, 3, 4)
    assert specification.quantities == SUMMARIES
    expected = itertools.product(grid["num_qubits"], grid["interaction"], grid["drive_amplitude"])
    for index, values in enumerate(expected):
        point = specification.point(index)
        assert tuple(point[name] for name in specification.dims) == values
        battery = battery_of_point(specification.drive, point)
        assert (battery.num_qubits, battery.interaction, battery.drive.amplitude) == values


def test_the_order_of_the_grid_is_that_of_battery_grid(grid) -> None:
    turned = {name: grid[name] for name in reversed(list(grid))}
    specification = SweepSpecification.build(turned)
    batteries = BatteryGrid(**turned)
    assert specification.dims == batteries.dims
    for index in range(specification.size):
        point = battery_of_point(specification.drive, specification.point(index))
        assert point == batteries.battery(index)


def test_a_battery_grid_is_taken_as_it_is(grid) -> None:
    direct = SweepSpecification.build(grid)
    assert SweepSpecification.build(BatteryGrid(**grid)).identity() == direct.identity()


def test_paired_points() -> None:
    drive = SineSquaredDrive(20.0, 0.3)
    specification = SweepSpecification.build(
        {"drive": drive, "num_qubits": [2, 4, 6], "interaction": [0.5, 1.5, 2.5]}, paired=True
    )
    assert (specification.dims, specification.shape) == (("point",), (3,))
    assert specification.point(1)["num_qubits"] == 4
    assert specification.point(1)["interaction"] == 1.5
    assert specification.coords["interaction"][0] == ("point",)


def test_blocks_are_cut_out_of_every_dim(grid) -> None:
    specification = SweepSpecification.build(grid)
    block = specification.block((slice(1, 2), slice(0, 2), slice(2, 4)))
    assert block.shape == (1, 2, 2)
    assert block.point(3)["drive_amplitude"] == 60.0
    assert block.point(3)["interaction"] == 1.0


def test_json_keeps_the_identity(grid) -> None:
    specification = SweepSpecification.build(grid, quantities=["final_stored_energy"])
    text = json.dumps(specification.to_dict())
    again = SweepSpecification.from_dict(json.loads(text))
    assert again.identity() == specification.identity()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"interaction": [0.0, 1.0, 3.0]}, "interaction: 3 values"),
        ({"level_splitting": 2.0}, "level_splitting: 1.0 here, 2.0 there"),
        ({"drive": SineSquaredDrive(20.0, 0.5)}, "drive.period"),
        ({"tolerance": 1e-8}, "tolerance: 1e-10 here, 1e-08 there"),
    ],
)
def test_differences_are_told(grid, change, words) -> None:
    first, second = SweepSpecification.build(grid), SweepSpecification.build(grid | change)
    assert first.identity() != second.identity()
    (difference,) = first.differences(second)
    assert words in difference


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"drive": None}, TypeError, "`drive` must be a Drive, got NoneType"),
        ({"colour": 1.0}, TypeError, "`colour` must be a parameter of this sweep"),
        ({"shots": 100}, TypeError, "`shots` must be a parameter of this sweep"),
        ({"drive_width": 1.0}, TypeError, "`drive_width` must be a parameter of this sweep"),
        ({"num_qubits": 2.5}, TypeError, "`num_qubits` must be made of integers"),
        ({"interaction": "x"}, TypeError, "`interaction` must be made of real numbers"),
        ({"interaction": True}, TypeError, "`interaction` must be made of real numbers"),
        ({"interaction": [[1.0]]}, ValueError, "`interaction` must be one value or a one-dim"),
        ({"interaction": []}, ValueError, r"got shape \(0,\)"),
        ({"tolerance": [1e-8, 1e-9]}, ValueError, "`tolerance` must be one value, got shape"),
    ],
)
def test_bad_grids(grid, change, error, message) -> None:
    with pytest.raises(error, match=message):
        SweepSpecification.build(grid | change)


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 1e-14, 0.02, 1.0, np.nan, np.inf])
def test_tolerances_are_those_of_the_exact_solver(grid, tolerance) -> None:
    battery = RosenZenerBattery(num_qubits=2, drive=grid["drive"])
    with pytest.raises(ValueError, match=r"`tolerance` must (lie between|be finite)") as told:
        evolve_exact(battery, [0.1], tolerance=tolerance)
    with pytest.raises(ValueError, match=re.escape(str(told.value))):
        SweepSpecification.build(grid | {"tolerance": tolerance})


@pytest.mark.parametrize("solver", ["analytic", "circuit"])
@pytest.mark.parametrize("num_times", [0, -1])
def test_there_are_times(grid, solver, num_times) -> None:
    with pytest.raises(
        ValueError, match=f"`num_times` must be a positive integer, got {num_times}"
    ):
        SweepSpecification.build(grid | {"num_times": num_times}, solver=solver)


def test_other_bad_input(grid) -> None:
    with pytest.raises(ValueError, match="`solver` must be one of 'exact', 'analytic', 'circuit'"):
        SweepSpecification.build(grid, solver="guess")
    with pytest.raises(ValueError, match="`quantities` must be one of"):
        SweepSpecification.build(grid, quantities=["energy"])
    with pytest.raises(TypeError, match="`quantities` must be a non-empty collection"):
        SweepSpecification.build(grid, quantities="final_stored_energy")
    with pytest.raises(TypeError, match="`quantities` must be a non-empty collection, got 3"):
        SweepSpecification.build(grid, quantities=3)
    with pytest.raises(TypeError, match="`grid` must be a mapping or a BatteryGrid, got int"):
        SweepSpecification.build(5)
    with pytest.raises(TypeError, match="`paired` must be True or False, got 'no'"):
        SweepSpecification.build(grid, paired="no")
    with pytest.raises(TypeError, match="`strict` must be True or False, got 1"):
        sweep(grid, strict=1)
    with pytest.raises(TypeError, match=r"`client` must be a dask\.distributed\.Client, got int"):
        sweep(grid, client=5)
    with pytest.raises(ValueError, match="`paired` arrays must have one length"):
        SweepSpecification.build(grid, paired=True)
    with pytest.raises(ValueError, match="`num_qubits` must be given"):
        SweepSpecification.build({"drive": grid["drive"]})
    with pytest.raises(ValueError, match="`version` must be 1, got 2"):
        SweepSpecification.from_dict(SweepSpecification.build(grid).to_dict() | {"version": 2})
    with pytest.raises(ValueError, match="`type` must be 'SweepSpecification'"):
        SweepSpecification.from_dict({})


@pytest.mark.parametrize("kind", [int, lambda seed: [1, seed], lambda seed: np.array([seed])])
@pytest.mark.parametrize("seed", [2**63, 2**64, 2**70])
def test_seeds_beyond_64_bits_wrap_to_no_others(grid, kind, seed) -> None:
    match = f"`seed` must be at most {2**63 - 1}, got {seed}"
    with pytest.raises(ValueError, match=match):
        SweepSpecification.build(grid | {"seed": kind(seed)}, solver="circuit")


@pytest.mark.parametrize(
    ("solver", "name", "values", "message"),
    [
        ("exact", "pair_counting", "both", "'ordered', 'unordered', got 'both'"),
        ("analytic", "method", ["leading", "guess"], "'leading', .*, got 'guess'"),
        ("circuit", "frame", "mean_field", "'mean-field', 'drive', 'lab', got 'mean_field'"),
        ("circuit", "spacing", ["time", "energy"], "'time', 'area', got 'energy'"),
        ("circuit", "slices", ["own"], "'each', 'shared', got 'own'"),
    ],
)
def test_texts_that_are_no_choice_are_refused(grid, solver, name, values, message) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be one of {message}"):
        SweepSpecification.build(grid | {name: values}, solver=solver)


def test_texts_are_an_axis_too(grid) -> None:
    specification = SweepSpecification.build(grid | {"pair_counting": ["ordered", "unordered"]})
    assert specification.shape == (2, 3, 4, 2)
    assert specification.point(1)["pair_counting"] == "unordered"
    assert np.asarray(specification.axes["pair_counting"]).dtype.kind == "U"
