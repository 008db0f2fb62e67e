"""Where solvers stop: at breakpoints, and around peaks that are short against the window."""

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.drives import Drive


@pytest.mark.parametrize("shape", [rz.GaussianDrive, rz.SechDrive])
@pytest.mark.parametrize("center", [0.3, 5.0, 9.99, 12.0])
def test_a_narrow_peak_lies_between_landmarks(shape, center):
    drive = shape(2.0, center, 0.01, 10.0)
    marks = np.array(drive.landmarks)
    assert (np.diff(marks) > 0.0).all()
    assert ((marks > 0.0) & (marks < 10.0)).all()
    assert (center in marks) == (center < 10.0)
    # Outside the outermost ones nothing is left of the pulse, unless the window cuts it.
    whole = rz.SechDrive(2.0, 5.0, 0.01, 10.0).area(0.0, 10.0)
    if center > 0.4:
        assert drive.area(0.0, min([*marks, 10.0])) <= 1e-15 * whole
    if center < 9.5:
        assert drive.area(max(marks), 10.0) <= 1e-15 * whole


def test_wide_pulses_need_none():
    assert rz.GaussianDrive(2.0, 5.0, 1.0, 10.0).landmarks == ()
    assert rz.SechDrive(2.0, 5.0, 1.0, 10.0).landmarks == ()
    assert rz.SineSquaredDrive(2.0, 5.0).landmarks == ()


def test_breakpoints_are_landmarks():
    sampled = rz.SampledDrive([0.0, 0.2, 1.0], [0.0, 1.0, 0.0])
    assert sampled.landmarks == sampled.breakpoints == (0.2,)
    assert isinstance(sampled, Drive)
