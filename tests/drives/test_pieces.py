"""The stretches on which integrators run."""

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.drives.pieces import integration_pieces


@pytest.mark.parametrize(
    "drive",
    [
        rz.SineSquaredDrive(20.0, 0.3),
        rz.GaussianDrive(5.0, 3.0, 0.01, 10.0),
        rz.SechDrive(5.0, 0.02, 0.01, 10.0),
        rz.SampledDrive([0.0, 1.0, 1.5], [0.0, 300.0, -1.0]),
        rz.HarmonicDrive(15.0, 1e4, 0.3, 0.4),
    ],
)
def test_pieces_cover_the_window_and_turn_slowly(drive):
    pieces = integration_pieces(drive, rate=7.0)
    assert pieces[0].start == 0.0
    assert pieces[-1].stop == drive.duration
    assert [p.stop for p in pieces[:-1]] == [p.start for p in pieces[1:]]
    assert tuple(p.stop for p in pieces[:-1]) == drive.landmarks
    for start, stop, step in pieces:
        strongest = np.abs(drive.value(np.linspace(start, stop, 2001))).max()
        assert 0.0 < step <= drive.duration / 16
        # In rad, with a twentieth for a maximum between the samples.
        assert 0.5 * step * (strongest + 7.0) < 1.05
