"""Drives in and out of JSON, as values in sets, and what they refuse."""

import dataclasses
import json
import math

import numpy as np
import pytest

from rzqiskit import (
    Drive,
    ExponentialDrive,
    GaussianDrive,
    HarmonicDrive,
    RectangularDrive,
    SampledDrive,
    SechDrive,
    SineSquaredDrive,
)


def test_json_round_trip(drive):
    text = json.dumps(drive.to_dict(), allow_nan=False)
    read = Drive.from_dict(json.loads(text))
    assert read == drive
    assert type(read) is type(drive)
    assert hash(read) == hash(drive)
    assert json.loads(text)["version"] == 1


def test_frozen_and_hashable(drive):
    assert {drive: "found"}[dataclasses.replace(drive)] == "found"
    name = dataclasses.fields(drive)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError, match=name):
        setattr(drive, name, 1.0)


def test_drives_that_differ_are_unequal(table):
    assert len(set(table.values())) == len(table)
    assert SineSquaredDrive(1.0, 2.0) != RectangularDrive(1.0, 2.0)


PAYLOAD = {"type": "RectangularDrive", "version": 1, "amplitude": 1.0, "duration": 2.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "Square"}, r"`type` must be one of .*GaussianDrive.*, got 'Square'\."),
        ({"type": ["RectangularDrive"]}, r"`type` must be one of .*, got \['RectangularDrive'\]"),
        ({"version": 2}, r"`version` must be 1, got 2\."),
        ({"version": None}, r"`version` must be 1, got None\."),
        ({"phase": 0.0}, r"must have the fields \['amplitude', 'duration'\], got .*'phase'"),
        ({"duration": -2.0}, r"`duration` must be positive, got -2\.0\."),
    ],
)
def test_from_dict_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        Drive.from_dict(PAYLOAD | change)


def test_from_dict_refuses_a_missing_field_and_other_objects():
    without = {key: value for key, value in PAYLOAD.items() if key != "duration"}
    with pytest.raises(ValueError, match=r"`RectangularDrive` must have the fields"):
        Drive.from_dict(without)
    with pytest.raises(ValueError, match=r"`type` must be one of .*, got None\."):
        Drive.from_dict({})
    with pytest.raises(TypeError, match=r"`payload` must be a dict, got str\."):
        Drive.from_dict("RectangularDrive")
    assert "phase" not in PAYLOAD  # from_dict took nothing out of its argument
    assert set(PAYLOAD) == {"type", "version", "amplitude", "duration"}


GOOD = {
    SineSquaredDrive: {"amplitude": 1.0, "period": 2.0},
    GaussianDrive: {"amplitude": 1.0, "center": 1.0, "width": 0.5, "duration": 2.0},
    SechDrive: {"amplitude": 1.0, "center": 1.0, "width": 0.5, "duration": 2.0},
    ExponentialDrive: {"amplitude": 1.0, "time_constant": 1.0, "duration": 2.0},
    RectangularDrive: {"amplitude": 1.0, "duration": 2.0},
    HarmonicDrive: {"amplitude": 1.0, "angular_frequency": 3.0, "duration": 2.0, "phase": 0.1},
}
FIELDS = [(cls, name) for cls, good in GOOD.items() for name in good]
POSITIVE = {"period", "width", "duration", "time_constant"}


@pytest.mark.parametrize(("cls", "name"), FIELDS)
def test_fields_are_checked(cls, name):
    for bad in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match=rf"`{name}` must be finite, got {bad!r}\."):
            cls(**GOOD[cls] | {name: bad})
    for bad in (True, np.True_, "1.0", None, 1j, [1.0]):
        with pytest.raises(TypeError, match=rf"`{name}` must be a real number, got"):
            cls(**GOOD[cls] | {name: bad})
    if name in POSITIVE:
        for bad in (0.0, -1.0):
            with pytest.raises(ValueError, match=rf"`{name}` must be positive, got {bad!r}\."):
                cls(**GOOD[cls] | {name: bad})
    elif name == "angular_frequency":
        with pytest.raises(ValueError, match=r"`angular_frequency` must not be negative, got -1"):
            cls(**GOOD[cls] | {name: -1.0})
    else:
        assert getattr(cls(**GOOD[cls] | {name: -1.0}), name) == -1.0


@pytest.mark.parametrize("cls", GOOD)
def test_numpy_numbers_and_integers_become_floats(cls):
    for convert in (np.float32, np.float64, np.int64, int):
        drive = cls(**{name: convert(2) for name in GOOD[cls]})
        assert {type(getattr(drive, name)) for name in GOOD[cls]} == {float}
        json.dumps(drive.to_dict())


@pytest.mark.parametrize(
    ("times", "values", "error", "message"),
    [
        ([0.0], [1.0], ValueError, r"`times` must hold at least two samples and start at 0"),
        ([0.5, 1.0], [1.0, 2.0], ValueError, r"start at 0, got \[0\.5, 1\.0\]"),
        ([0.0, 1.0, 1.0], [1, 2, 3], ValueError, r"`times` must be strictly increasing"),
        ([-1.0, 0.0], [1, 2], ValueError, r"`times` must not be below 0, got -1\."),
        ([0.0, 1.0], [1.0], ValueError, r"`values` must have the shape \(2,\), got \(1,\)\."),
        ([0.0, 1.0], [1.0, np.nan], ValueError, r"`values` must be finite, got nan\."),
        ([0.0, np.inf], [1.0, 2.0], ValueError, r"`times` must be finite, got inf\."),
        ([0.0, 1.0], ["1", "2"], TypeError, r"`values` must be an array of real numbers"),
        ([0.0, 1.0], [1.0, 2.0 + 1j], TypeError, r"`values` must be an array of real numbers"),
        (["0", "1"], [1.0, 2.0], TypeError, r"`times` must be an array of real numbers"),
    ],
)
def test_samples_are_checked(times, values, error, message):
    with pytest.raises(error, match=message):
        SampledDrive(times, values)


def test_sampled_drive_keeps_its_own_read_only_copy(table):
    times, values = np.array([0.0, 1.0]), np.array([2.0, 3.0])
    drive = SampledDrive(times, values)
    values[0] = 99.0
    assert drive.value(0.0) == 2.0
    with pytest.raises(ValueError, match="read-only"):
        drive.values[0] = 1.0
    assert drive != SampledDrive(times, [2.0, 4.0])
    assert drive != "something else"
    assert table["sampled"].breakpoints == (0.3, 0.35, 1.2)
