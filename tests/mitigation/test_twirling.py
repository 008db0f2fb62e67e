"""When measurement twirling helps: readout that depends on the neighbour, enumerated exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rzqiskit.mitigation import ReadoutErrors, mitigate_metrics

N = 6
STRINGS = np.arange(2**N)
BITS = STRINGS[:, np.newaxis] >> np.arange(N) & 1


def confusion(cross: float) -> np.ndarray:
    """M[read, true]: flips 0.01 and 0.04, and `cross` more next to an excited cell of a pair."""
    flips = np.where(BITS == 0, 0.01, 0.04) + cross * BITS[:, np.arange(N) ^ 1]
    same = BITS[:, np.newaxis] == BITS[np.newaxis]
    return np.prod(np.where(same, 1.0 - flips, flips), axis=-1)


def twirled(matrix: np.ndarray) -> np.ndarray:
    """Every mask of X before the measurement, undone on the reading."""
    return np.mean([matrix[np.ix_(STRINGS ^ mask, STRINGS ^ mask)] for mask in STRINGS], axis=0)


def energy_error(matrix: np.ndarray, excited: float) -> tuple[float, float]:
    """Errors of E and Sigma after inversion by the calibration at all 0 and all 1."""
    truth = np.prod(np.where(BITS == 1, excited, 1.0 - excited), axis=1)
    readout = ReadoutErrors(matrix[:, 0] @ BITS, 1.0 - matrix[:, -1] @ BITS)
    read = np.bincount(BITS.sum(axis=1), weights=matrix @ truth)
    counts = np.rint(1e9 * read).astype(np.int64)[np.newaxis]
    found = mitigate_metrics(counts, readout, level_splitting=1.0, times=[1.0])
    sigma = math.sqrt(N * excited * (1.0 - excited))
    return (
        float(found["stored_energy"][0][0]) - N * excited,
        float(found["energy_fluctuation"][0][0]) - sigma,
    )


@pytest.mark.parametrize("excited", [0.1, 0.5, 0.9])
def test_independent_readout_needs_no_twirling(excited: float) -> None:
    for matrix in (confusion(0.0), twirled(confusion(0.0))):
        assert energy_error(matrix, excited) == pytest.approx((0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize(("excited", "plain"), [(0.1, 0.060), (0.5, 0.167), (0.9, 0.060)])
def test_neighbours_that_matter_are_averaged_by_twirling(excited: float, plain: float) -> None:
    """The table of docs/error_bars.md."""
    matrix = confusion(0.05)
    assert energy_error(matrix, excited)[0] == pytest.approx(plain, abs=1e-3)
    energy, sigma = energy_error(twirled(matrix), excited)
    assert energy == pytest.approx(0.0, abs=1e-6)
    assert abs(sigma) < 0.003
