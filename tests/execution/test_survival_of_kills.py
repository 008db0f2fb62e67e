"""Kill -9 before and after every write of submitting and collecting."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("kill_at_every_write.py")


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    pytest.importorskip("fcntl")  # needs fork and signals
    done = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), str(tmp_path_factory.mktemp("kills"))],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_run_that_nobody_killed(trials):
    expected = trials["expected"]
    assert expected["complete"] == [1, 1, 1]
    assert expected["jobs"] == 2  # 8 circuits, at most 4 a job
    assert expected["same_again"]
    # Three bases at two noise factors, and two calibration circuits.
    assert [sum(number for _, number in seen) for seen in expected["raw"]] == [64] * 8
    assert list(expected["energy"]) == ["raw", "readout", "zero_noise", "guided"]
    assert len({tuple(energy) for energy in expected["energy"].values()}) == 4


@pytest.mark.parametrize(
    ("act", "num_writes"),
    [
        # circuits, run, folder; then for each job intent, the service's job, job id
        ("submit", 3 + 3 * 2),
        # for each job the service's answer and its state, the counts
        ("collect", 3 * 2),
    ],
)
def test_every_write_was_hit_from_both_sides(trials, act, num_writes):
    killed = [(trial["event"], trial["after"]) for trial in trials[act] if trial["killed"]]
    assert killed == [
        (event, after) for after in (False, True) for event in range(1, num_writes + 1)
    ]
    survivors = [trial for trial in trials[act] if not trial["killed"]]
    assert [trial["error"] for trial in survivors] == [None, None]


@pytest.mark.parametrize("act", ["submit", "collect"])
def test_a_killed_run_collects_as_if_nothing_had_happened(trials, act):
    expected = trials["expected"]
    for trial in trials[act]:
        where = f"event {trial['event']}, after: {trial['after']}"
        result = trial["result"]
        assert isinstance(result, dict), f"{where}: {result}"
        # Every job has shots of its own: a lost, repeated or doubled one would show.
        assert result["raw"] == expected["raw"], where
        assert result["counts"] == expected["counts"], where
        assert result["energy"] == expected["energy"], where
        assert result["jobs"] == expected["jobs"], where  # none was sent twice
        assert result["complete"][1:] == [1, 1], where
        assert result["same_again"], where


def test_what_was_never_sent_is_not_sent_unasked(trials):
    """Killed between two jobs: the first collection leaves the second where it is."""
    first = [trial["result"]["complete"][0] for trial in trials["submit"]]
    assert 0 in first
    assert 1 in first
