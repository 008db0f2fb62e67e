"""Run folders of format 1, as the first version wrote them: kept in data/, read as ever."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from rzqiskit.execution.run_folder import RunFolder
from rzqiskit.submission import (
    charging_status,
    collect_all_mitigations,
    collect_charging,
    describe_jobs,
)

STORED = Path(__file__).with_name("data") / "format_1_run"
# What the first version made of it.
COUNTS = [[48, 14, 2, 0], [0, 2, 12, 50]]
COUNTS_Y = [[2, 8, 24, 30], [3, 22, 31, 8]]
MITIGATED_ENERGY = [0.17241379, 2.89655172]


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(STORED, tmp_path / "run"))


def check(folder):
    data = collect_charging(folder)
    assert data.attrs["complete"] == 1
    np.testing.assert_array_equal(data.counts, COUNTS)
    np.testing.assert_array_equal(data.counts_y, COUNTS_Y)
    assert "noise_factor" not in data.coords
    mitigated = collect_charging(folder, mitigation="readout")
    np.testing.assert_allclose(mitigated.stored_energy, MITIGATED_ENERGY, atol=1e-8)


def test_a_collected_folder_is_read(folder):
    assert RunFolder(folder).record["format"] == 1
    check(folder)
    assert describe_jobs(folder) == ["2 Z, 1 Y", "1 Y, 2 calibration"]


def test_a_pending_folder_is_collected(folder):
    for place in (folder / "batches").glob("*.counts.json"):
        place.unlink()
    assert [status.state for status in charging_status(folder)] == ["done", "done"]
    check(folder)


def test_what_it_has_no_circuits_for_is_refused(folder):
    with pytest.raises(ValueError, match="for a run without folded circuits: submit with noise"):
        collect_charging(folder, mitigation="zero_noise")
    assert list(collect_all_mitigations(folder).children) == ["raw", "readout"]
    mthree = collect_charging(folder, mitigation="readout", readout_method="mthree")
    np.testing.assert_allclose(mthree.stored_energy, MITIGATED_ENERGY, atol=0.1)
