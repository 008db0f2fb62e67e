"""Sweeps in TOML: every kind of value, and errors with their lines."""

from __future__ import annotations

import numpy as np
import pytest

from rzqiskit.drives import GaussianDrive, SampledDrive, SineSquaredDrive
from rzqiskit.sweeps import SweepSpecification, load_specification
from rzqiskit.sweeps.toml_lines import key_lines
from rzqiskit.sweeps.toml_specification import parse_specification

BASE = """\
[drive]
shape = "SineSquaredDrive"
amplitude = 20
period = "0.1pi"

[battery]
num_qubits = 10
"""


def test_a_file_is_the_same_as_the_call(tmp_path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(
        """\
        solver = "circuit"
        quantities = ["final_stored_energy"]

        [drive]
        shape = "SineSquaredDrive"
        amplitude = { linspace = [10, 60, 6] }
        period = ["0.1pi", "pi/5"]  # two of them

        [battery]
        num_qubits = [2, 4]
        interaction = { range = [-1, 2, 1] }
        pair_counting = ["ordered", "unordered"]

        [settings]
        shots = { logspace = [100, 10_000, 3] }
        """
    )
    expected = SweepSpecification.build(
        {
            "drive": SineSquaredDrive(10.0, 0.1 * np.pi),
            "drive_amplitude": np.linspace(10.0, 60.0, 6),
            "drive_period": [0.1 * np.pi, np.pi / 5],
            "num_qubits": [2, 4],
            "interaction": [-1.0, 0.0, 1.0],
            "pair_counting": ["ordered", "unordered"],
            "shots": [100, 1000, 10_000],
        },
        solver="circuit",
        quantities=["final_stored_energy"],
    )
    assert load_specification(path).differences(expected) == []
    assert load_specification(path).dims == expected.dims


def test_whole_numbers_are_rounded_once() -> None:
    text = BASE.replace("num_qubits = 10", "num_qubits = { logspace = [1, 100, 21] }")
    values = parse_specification(text).axes["num_qubits"]
    assert values.dtype == np.int64
    assert values.tolist() == sorted(set(np.rint(np.geomspace(1, 100, 21)).astype(int).tolist()))


def test_other_drives() -> None:
    gaussian = """
    [drive]
    shape = "GaussianDrive"
    amplitude = [1, 2]
    center = 0.5
    width = 0.1
    duration = 1.0
    [battery]
    num_qubits = 2
    """
    specification = parse_specification(gaussian)
    assert specification.drive == GaussianDrive(1.0, 0.5, 0.1, 1.0)
    assert specification.dims == ("drive_amplitude",)
    sampled = """
    [drive]
    shape = "SampledDrive"
    times = [0, 1, 2]
    values = [0, 5, 0]
    [battery]
    num_qubits = [2, 3]
    """
    specification = parse_specification(sampled)
    assert specification.drive == SampledDrive([0, 1, 2], [0, 5, 0])
    assert specification.dims == ("num_qubits",)


def test_paired() -> None:
    text = "paired = true\n" + BASE.replace("= 10", "= [2, 4]").replace("= 20", "= [1, 2]")
    assert parse_specification(text).dims == ("point",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[battery]", "[battery", r"`specification` must be TOML, got .*line 6"),
        ("num_qubits = 10", "num_cubits = 10", r"`num_cubits` must be a parameter .*\(line 7 of"),
        ("num_qubits = 10", "num_qubits = 1.5", r"`num_qubits` must be made of integers.*\(line 7"),
        ("num_qubits = 10", "num_qubits = []", r"must not be an empty list \(line 7"),
        ("num_qubits = 10", "num_qubits = true", r"must be a number or a text, got True \(line 7"),
        ("num_qubits = 10", "interaction = 1", r"`num_qubits` must be given \(line 6"),
        (
            "amplitude = 20",
            "amplitude = { linspace = [1, 2] }",
            r"three numbers in its linspace.*3",
        ),
        ("amplitude = 20", "amplitude = { steps = [1, 2, 3] }", r"must be one of linspace.*line 3"),
        ("amplitude = 20", "amplitude = { logspace = [0, 2, 3] }", r"positive ends.*\(line 3"),
        ("amplitude = 20", "amplitude = { range = [2, 1, 1] }", r"range that is not empty.*line 3"),
        ("amplitude = 20", "amplitude = { linspace = [1, 2, 0] }", r"positive number of.*line 3"),
        ("amplitude = 20", "amplitude = nan", r"`amplitude` must be finite, got nan \(line 3"),
        (
            'period = "0.1pi"',
            'period = "pi/0"',
            r"must not be divided by zero, got 'pi/0' \(line 4",
        ),
        ("amplitude = 20", "amplitude = { linspace = [1, inf, 3] }", r"three numbers in.*line 3"),
        ("amplitude = 20", "amplitude = { range = [nan, 1, 1] }", r"three numbers in.*line 3"),
        ("num_qubits = 10", "num_qubits = { linspace = [nan, 1, 3] }", r"three numbers.*line 7"),
        ("num_qubits = 10", "num_qubits = { linspace = [1, 1e19, 3] }", r"of 64 bits.*line 7"),
        ("[battery]", "[settings]\ntolerance = 0\n[battery]", r"`tolerance` must lie.*\(line 7"),
        ('period = "0.1pi"', 'period = "long"', r"`period` must be a real number.*\(line 4"),
        ('period = "0.1pi"', "width = 3", r"`SineSquaredDrive` must have the fields.*\(line 1"),
        ("SineSquaredDrive", "SquareDrive", r"`shape` must be one of .*'SquareDrive' \(line 2"),
        ("[drive]", 'solver = "best"\n[drive]', r"`solver` must be one of.*\(line 1 of"),
        ("[drive]", "colour = 1\n[drive]", r"`colour` must be one of.*\(line 1 of"),
        ("[drive]", 'quantities = ["E"]\n[drive]', r"`quantities` must be one of.*\(line 1 of"),
        ("[drive]", "quantities = 3\n[drive]", r"must be a non-empty collection, got 3 \(line 1"),
        ("[drive]", "paired = 1\n[drive]", r"`paired` must be true or false, got 1 \(line 1"),
        ("[battery]", "[settings]\nshots = 3\n[battery]", r"`shots` must be a parameter.*\(line 7"),
    ],
)
def test_errors_name_the_line(old, new, message) -> None:
    with pytest.raises(ValueError, match=message):
        parse_specification(BASE.replace(old, new))


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(ValueError, match="`specification` must be a readable file"):
        load_specification(tmp_path / "none.toml")


def test_lines_survive_brackets_quotes_and_comments() -> None:
    text = '''
a = """
b = 1
[c]
"""
d = [  # [
  "x = [",
]
"e f" = 1 # [g]
[ h . i ]
j.k = { l = [1], m = 2 }
'''
    assert key_lines(text) == {"a": 2, "d": 6, "e f": 9, "h.i": 10, "h.i.j.k": 11}
