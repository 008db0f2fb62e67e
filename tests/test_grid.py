"""Grids of batteries against nested loops over plain batteries."""

import dataclasses
import itertools
import json
from dataclasses import dataclass

import numpy as np
import pytest

from rzqiskit import (
    BatteryGrid,
    Drive,
    GaussianDrive,
    RosenZenerBattery,
    SampledDrive,
    SineSquaredDrive,
)

DRIVE = SineSquaredDrive(amplitude=20.0, period=0.3)


def test_product_runs_through_all_combinations_last_dim_fastest():
    widths, countings = [2, 5], ["unordered", "ordered"]
    periods, interactions = [0.1, 0.2, 0.4], [-1.0, 3.0]
    grid = BatteryGrid(
        DRIVE,
        drive_period=periods,
        num_qubits=widths,
        pair_counting=countings,
        level_splitting=0.5,
        interaction=interactions,
    )
    # `num_qubits` first, the others as given.
    assert grid.dims == ("num_qubits", "drive_period", "pair_counting", "interaction")
    assert grid.shape == (2, 3, 2, 2)
    assert grid.size == 24
    combinations = itertools.product(widths, periods, countings, interactions)
    for index, (num_qubits, period, counting, interaction) in enumerate(combinations):
        expected = RosenZenerBattery(
            num_qubits=num_qubits,
            drive=SineSquaredDrive(amplitude=20.0, period=period),
            level_splitting=0.5,
            interaction=interaction,
            pair_counting=counting,
        )
        assert grid.battery(index) == expected
        g = grid.jz_squared_coefficient()[index]
        assert g == pytest.approx(expected.jz_squared_coefficient, rel=1e-15)
        for name, value in (
            ("num_qubits", num_qubits),
            ("drive_period", period),
            ("drive_amplitude", 20.0),
            ("level_splitting", 0.5),
            ("interaction", interaction),
            ("pair_counting", counting),
        ):
            assert grid.parameter(name)[index] == value
    for name in grid.dims:
        assert grid.coords[name][0] == (name,)
        assert grid.coords[name][1].shape == (grid.shape[grid.dims.index(name)],)
    assert set(grid.coords) == set(grid.dims)  # level_splitting is one number: no dim


def test_paired_runs_point_by_point():
    grid = BatteryGrid(
        DRIVE,
        num_qubits=[3, 4, 5],
        paired=True,
        interaction=[1.0, 2.0, 3.0],
        drive_amplitude=[10.0, 20.0, 30.0],
        pair_counting="unordered",
    )
    assert (grid.dims, grid.shape, grid.size) == (("point",), (3,), 3)
    for index in range(3):
        assert grid.battery(index) == RosenZenerBattery(
            num_qubits=3 + index,
            drive=SineSquaredDrive(amplitude=10.0 * (1 + index), period=0.3),
            interaction=1.0 + index,
            pair_counting="unordered",
        )
    assert {dims for dims, _ in grid.coords.values()} == {("point",)}
    assert set(grid.coords) == {"num_qubits", "interaction", "drive_amplitude"}
    assert grid.parameter("pair_counting").tolist() == ["unordered"] * 3


@pytest.mark.parametrize("paired", [False, True])
def test_one_battery(paired):
    grid = BatteryGrid(DRIVE, num_qubits=7, paired=paired, interaction=2)
    assert (grid.dims, grid.shape, grid.size) == ((), (), 1)
    assert grid.coords == {}
    assert grid.battery(0) == RosenZenerBattery(num_qubits=7, drive=DRIVE, interaction=2.0)
    assert grid.jz_squared_coefficient().tolist() == [4 / 7]
    assert grid.drive is DRIVE


def test_defaults_are_those_of_a_battery():
    plain = RosenZenerBattery(num_qubits=3, drive=DRIVE)
    grid = BatteryGrid(DRIVE, num_qubits=[3])
    assert grid.battery(0) == plain
    assert grid.parameter("interaction").tolist() == [plain.interaction]
    assert grid.parameter("level_splitting").tolist() == [plain.level_splitting]
    assert grid.parameter("pair_counting").tolist() == [plain.pair_counting]


def test_drives_are_numbered_by_what_differs():
    grid = BatteryGrid(
        DRIVE, num_qubits=[2, 3], drive_amplitude=[5.0, 1.0], drive_period=[0.1, 0.2, 0.3]
    )
    numbers = grid.drive_numbers()
    drives = [grid.battery(index).drive for index in range(grid.size)]
    for i, j in itertools.combinations(range(grid.size), 2):
        assert (numbers[i] == numbers[j]) == (drives[i] == drives[j])
    assert BatteryGrid(DRIVE, num_qubits=[2, 3]).drive_numbers().tolist() == [0, 0]


def test_arrays_of_the_caller_are_copied_and_integers_become_floats():
    interactions = np.array([1.0, 2.0])
    grid = BatteryGrid(DRIVE, num_qubits=np.int32(4), interaction=interactions)
    interactions[0] = 99.0
    assert grid.parameter("interaction").tolist() == [1.0, 2.0]
    whole = BatteryGrid(DRIVE, num_qubits=4, interaction=range(3), level_splitting=np.float32(2))
    assert whole.parameter("interaction").dtype == np.float64
    assert type(whole.battery(0).interaction) is float


def test_duration_name():
    assert BatteryGrid(DRIVE, num_qubits=2).duration_name == "drive_period"
    bell = GaussianDrive(1.0, 0.5, 0.1, 1.0)
    assert BatteryGrid(bell, num_qubits=2).duration_name == "drive_duration"


@pytest.mark.parametrize(
    ("drive", "paired", "parameters"),
    [
        (DRIVE, False, {"num_qubits": [2, 3], "drive_period": [0.1, 0.2, 0.4]}),
        (DRIVE, True, {"num_qubits": 4, "pair_counting": ["ordered", "unordered"],
                       "level_splitting": [1, 2]}),
        (SampledDrive([0.0, 0.1, 1.0], [1.0, 2.0, 0.5]), False, {"num_qubits": 3}),
        (GaussianDrive(1.0, 0.5, 0.1, 1.0), False, {"num_qubits": 2, "drive_width": [0.1, 1 / 3]}),
    ],
)  # fmt: skip
def test_grids_through_json_and_back(drive, paired, parameters):
    grid = BatteryGrid(drive, paired=paired, **parameters)
    text = json.dumps(grid.to_dict())
    again = BatteryGrid.from_dict(json.loads(text))
    assert json.dumps(again.to_dict()) == text
    assert (again.dims, again.shape) == (grid.dims, grid.shape)
    for index in range(grid.size):
        assert again.battery(index) == grid.battery(index)
    for name, (dims, values) in grid.coords.items():
        assert again.coords[name][0] == dims
        assert again.coords[name][1].dtype == values.dtype


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"type": "Grid"}, ValueError, r"^`type` must be 'BatteryGrid', got 'Grid'\.$"),
        ({"version": 2}, ValueError, r"^`version` must be 1, got 2\.$"),
        ({"shape": [2]}, ValueError, r"^`BatteryGrid` must have the fields \['drive', 'paired', "),
        ({"paired": None}, TypeError, r"^`paired` must be True or False, got None\.$"),
        ({"parameters": [4]}, TypeError, r"^`parameters` must be a dict, got list\.$"),
        ({"parameters": {"interaction": 1.0}}, ValueError, r"name `num_qubits`, got \['inter"),
        ({"parameters": {"num_qubits": 4, "cells": 1}}, TypeError, r"^`cells` must be one of"),
        ({"drive": 20.0}, TypeError, r"^`payload` must be a dict, got float\.$"),
    ],
)
def test_bad_descriptions(change, error, message):
    payload = BatteryGrid(DRIVE, num_qubits=4).to_dict() | change
    with pytest.raises(error, match=message):
        BatteryGrid.from_dict(payload)


def test_a_description_is_a_dict():
    with pytest.raises(TypeError, match=r"^`payload` must be a dict, got str\.$"):
        BatteryGrid.from_dict("{}")


def test_to_dict_is_json():
    grid = BatteryGrid(
        DRIVE, num_qubits=[2, 3], paired=True, interaction=[0.5, 1.0], pair_counting="unordered"
    )
    assert json.loads(json.dumps(grid.to_dict())) == {
        "type": "BatteryGrid",
        "version": 1,
        "drive": DRIVE.to_dict(),
        "paired": True,
        "parameters": {
            "num_qubits": [2, 3],
            "interaction": [0.5, 1.0],
            "pair_counting": "unordered",
        },
    }


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"num_qubits": 0}, ValueError, r"^`num_qubits` must be a positive integer, got 0\.$"),
        ({"num_qubits": [3, -1]}, ValueError, r"^`num_qubits` must be a positive integer, got -1"),
        ({"num_qubits": [4, 2**53 + 1]}, ValueError, r"at most 9007199254740992, got 9.*3\.$"),
        ({"num_qubits": [10**20]}, ValueError, r"^`num_qubits` must be at most .*, got 10{20}\.$"),
        ({"num_qubits": [2**63, 4]}, ValueError, r"must be at most .*, got 92\d{17}\.$"),
        ({"num_qubits": [-1, 2**63]}, ValueError, r"must be a positive integer, got -1\.$"),
        (
            {"num_qubits": np.array([2**63], dtype=np.uint64)},
            ValueError,
            r"^`num_qubits` must be at most 9007199254740992, got 9223372036854775808\.$",
        ),
        ({"num_qubits": [True, 10**20]}, TypeError, r"^`num_qubits` must be an integer, got True"),
        ({"num_qubits": ["4", 10**20]}, TypeError, r"^`num_qubits` must be made of integers"),
        ({"interaction": [[1], [2, 3]]}, ValueError, r"^`interaction` must be .*different lengths"),
        ({"num_qubits": 2.0}, TypeError, r"^`num_qubits` must be made of integers, got float64\.$"),
        ({"num_qubits": True}, TypeError, r"^`num_qubits` must be made of integers, got bool\.$"),
        ({"num_qubits": []}, ValueError, r"^`num_qubits` must be .* not empty, got shape \(0,\)"),
        ({"num_qubits": [[2]]}, ValueError, r"^`num_qubits` must be .* empty, got shape \(1, 1\)"),
        ({"interaction": "2"}, TypeError, r"^`interaction` must be made of real numbers, got <U1"),
        ({"interaction": [True]}, TypeError, r"^`interaction` must be made of real numbers"),
        ({"interaction": [1j]}, TypeError, r"^`interaction` must be made of real numbers"),
        ({"interaction": [1.0, np.nan]}, ValueError, r"^`interaction` must be finite, got nan\.$"),
        ({"level_splitting": -2}, ValueError, r"^`level_splitting` must not be negative, got -2"),
        ({"level_splitting": np.inf}, ValueError, r"^`level_splitting` must be finite, got inf\.$"),
        ({"pair_counting": ["ordered", "once"]}, ValueError, r"^`pair_counting` must be one of"),
        (
            {"pair_counting": [["ordered"]]},
            ValueError,
            r"^`pair_counting` must be a name .*\(1, 1\)",
        ),
        ({"drive_amplitude": "20"}, TypeError, r"^`drive_amplitude` must be made of real numbers"),
        ({"drive_amplitude": [np.inf]}, ValueError, r"^`drive_amplitude` must be finite, got inf"),
        ({"drive_period": [0.1, -0.1]}, ValueError, r"^`period` must be positive, got -0\.1\.$"),
        ({"drive_period": [0.0, 0.1]}, ValueError, r"^`period` must be positive, got 0\.0\.$"),
        ({"drive_width": 0.1}, TypeError, r"^`drive_width` must be one of drive_amplitude, drive_"),
        ({"amplitude": [1.0, 2.0]}, TypeError, r"^`amplitude` must be one of drive_amplitude"),
        ({"drive_num_qubits": 3}, TypeError, r"^`drive_num_qubits` must be one of"),
        ({"drive_interaction": 3}, TypeError, r"^`drive_interaction` must be one of"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        BatteryGrid(DRIVE, **{"num_qubits": 4} | parameters)


def test_drive_has_to_be_a_drive():
    with pytest.raises(TypeError, match=r"^`drive` must be a Drive, got float\.$"):
        BatteryGrid(1.0, num_qubits=2)


def test_paired_arrays_have_one_length():
    with pytest.raises(
        ValueError, match=r"^`parameters` must have one length when paired, got \{'num"
    ):
        BatteryGrid(DRIVE, num_qubits=[2, 3], interaction=[1.0, 2.0, 3.0], paired=True)


def test_unknown_parameter_asked_for():
    grid = BatteryGrid(DRIVE, num_qubits=2, drive_period=[0.1, 0.2])
    # Not the period of the template, which no battery of the grid has.
    for name in ("drive_duration", "drive_width", "interactions"):
        with pytest.raises(ValueError, match=rf"^`name` must be one of .*, got '{name}'\.$"):
            grid.parameter(name)


@dataclass(frozen=True)
class RampDrive(Drive):
    """A user's own pulse."""

    slope: float
    duration: float

    def _value(self, t):
        return self.slope * t


def test_drive_of_ones_own_is_swept_by_its_fields():
    grid = BatteryGrid(RampDrive(1.0, 2.0), num_qubits=2, drive_slope=[1.0, 3.0])
    assert [grid.battery(i).drive.slope for i in range(2)] == [1.0, 3.0]
    assert grid.dims == ("drive_slope",)


def test_samples_stay_those_of_the_drive():
    drive = SampledDrive([0.0, 1.0], [1.0, 2.0])
    grid = BatteryGrid(drive, num_qubits=[2, 3])
    assert all(grid.battery(i).drive == drive for i in range(2))
    assert dataclasses.fields(drive)[0].name == "times"
    with pytest.raises(ValueError, match="`times` must be one-dimensional"):
        BatteryGrid(drive, num_qubits=2, drive_times=[0.0, 2.0])
