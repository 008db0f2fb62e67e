"""Every shape from the options, and what is wrong with the others."""

from __future__ import annotations

import numpy as np
import pytest

from rzqiskit import drives
from rzqiskit.cli.drive_options import DriveShape, drive_builder, read_samples

PERIOD = 0.1 * np.pi


@pytest.mark.parametrize(
    ("shape", "options", "drive"),
    [
        ("sine-squared", {}, drives.SineSquaredDrive(5.0, PERIOD)),
        ("sine-squared", {"drive_period": "2"}, drives.SineSquaredDrive(5.0, 2.0)),
        (
            "gaussian",
            {"drive_width": "0.1", "drive_duration": "3"},
            drives.GaussianDrive(5.0, 1.5, 0.1, 3.0),
        ),
        (
            "sech",
            {"drive_width": "0.1", "drive_center": "1", "drive_duration": "3"},
            drives.SechDrive(5.0, 1.0, 0.1, 3.0),
        ),
        (
            "exponential",
            {"drive_time_constant": "0.2", "drive_duration": "1"},
            drives.ExponentialDrive(5.0, 0.2, 1.0),
        ),
        ("rectangular", {"drive_duration": "0.2pi"}, drives.RectangularDrive(5.0, 0.2 * np.pi)),
        (
            "harmonic",
            {"drive_angular_frequency": "2", "drive_phase": "pi", "drive_duration": "1"},
            drives.HarmonicDrive(5.0, 2.0, 1.0, np.pi),
        ),
    ],
)
def test_shapes(shape, options, drive) -> None:
    assert drive_builder(DriveShape(shape), options)(5.0) == drive


def test_a_sampled_pulse_is_read_and_scaled(tmp_path) -> None:
    path = tmp_path / "pulse.csv"
    path.write_text("time, value\n# a triangle\n0, 0\n0.5,1.0  # top\n\n2.0 0\n")
    drive = drive_builder(DriveShape.SAMPLED, {"drive_samples": path})(3.0)
    assert drive == drives.SampledDrive([0.0, 0.5, 2.0], [0.0, 3.0, 0.0])


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ("gaussian", {}, "`drive_width` must be given with the drive 'gaussian'"),
        (
            "rectangular",
            {"drive_period": "1"},
            "`drive_period` must not be given with the drive 'rectangular'",
        ),
        ("sech", {"drive_width": "wide"}, "`drive_width` must be a number"),
        ("sampled", {}, "`drive_samples` must be given with the drive 'sampled'"),
    ],
)
def test_bad_options(shape, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        drive_builder(DriveShape(shape), options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0\n1 x\n", "two finite numbers a line, got '1 x' in line 2"),
        ("0 0\n1 nan\n", "got '1 nan' in line 2"),
        ("0 0 0\n", "got '0 0 0' in line 1"),
        ("# nothing\n", "must hold samples, got none"),
        ("time value\ntime value\n", "in line 2"),
    ],
)
def test_bad_files(tmp_path, text, message) -> None:
    path = tmp_path / "pulse.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_samples(path)


def test_files_that_are_not_there_or_no_text(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"readable file, got .*none\.txt: No such file"):
        read_samples(tmp_path / "none.txt")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a text file"):
        read_samples(tmp_path / "bytes")
