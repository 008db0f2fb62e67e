"""The stretches on which integrators run."""

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.drives.pieces import integration_pieces, solve_in_pieces


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


def test_solution_runs_through_every_piece():
    # y' = f y: the logarithm is the area.
    drive = rz.GaussianDrive(300.0, 3.0, 0.002, 10.0)
    edges, solutions = solve_in_pieces(
        drive, lambda t, y: drive.value(t) * y, np.ones(1), rate=1.0, rtol=1e-11, atol=0.0
    )
    assert edges == (0.0, *drive.landmarks, 10.0)
    for start, stop, solution in zip(edges[:-1], edges[1:], solutions, strict=True):
        times = np.linspace(start, stop, 7)
        np.testing.assert_allclose(np.log(solution(times)[0]), drive.area(0.0, times), atol=1e-8)


def test_what_cannot_be_followed():
    drive = rz.RectangularDrive(1.0, 1.0)
    options = {"rate": 1.0, "rtol": 1e-9, "atol": 1e-9}
    with pytest.raises(FloatingPointError, match="overflow"):
        solve_in_pieces(drive, lambda t, y: y**2 * 1e200, np.array([1e150]), **options)
    with pytest.raises(ValueError, match=r"got one that cannot be followed beyond t = 0\.5"):
        # y = (1/2 - t)^-1 has no end.
        solve_in_pieces(drive, lambda t, y: y**2, np.array([2.0]), **options)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_pulse_that_is_not_finite(value):
    class PoleDrive(rz.Drive):
        duration = 1.0

        def _value(self, t):
            return np.where(t < 1.0, 1.0, value)

    with pytest.raises(ValueError, match="`drive` must be finite in its window, got another value"):
        integration_pieces(PoleDrive())
