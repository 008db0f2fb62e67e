"""A small grid that every test may change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.sweeps import SweepSpecification

PERIOD = 0.1 * np.pi


@pytest.fixture
def grid() -> dict[str, Any]:
    return {
        "drive": SineSquaredDrive(20.0, PERIOD),
        "num_qubits": [2, 5],
        "interaction": [0.0, 1.0, 2.0],
        "drive_amplitude": [10.0, 20.0, 40.0, 60.0],
    }


def _one_millisecond(_: SweepSpecification, client: Any = None) -> float:
    return 1e-3


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of at most four points, however fast they are."""
    monkeypatch.setattr("rzqiskit.sweeps.chunks.MOST_POINTS", 4)
    monkeypatch.setattr("rzqiskit.sweeps.run.measure_point_seconds", _one_millisecond)
    monkeypatch.setattr("rzqiskit.sweeps.run.measure_on_cluster", _one_millisecond)
