"""The command ``validate`` in process: exit codes, table, JSON."""

from __future__ import annotations

import dataclasses
import json

import pytest
from typer.testing import CliRunner

from rzqiskit.cli.app import app
from rzqiskit.reproduction.claims import CLAIMS, validation


def run(*args: str):
    return CliRunner().invoke(app, ["validate", *args], prog_name="rzqiskit")


def test_unchanged_verdicts() -> None:
    result = run("pair-sum", "frame-term", "transformed-terms")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[-1] == "all 3 verdicts as recorded"
    [row] = [line for line in lines if line.startswith("frame-term")]
    assert row.split()[-1] == "fails"
    assert result.stderr == ""


def test_a_changed_verdict_is_told(monkeypatch) -> None:
    changed = [
        dataclasses.replace(claim, recorded="holds") if claim.name == "frame-term" else claim
        for claim in CLAIMS
    ]
    monkeypatch.setattr(validation, "CLAIMS", tuple(changed))
    result = run("pair-sum", "frame-term")
    assert result.exit_code == 1
    assert "was: holds" in result.stdout
    assert result.stdout.splitlines()[-1] == "1 of 2 verdicts changed"


def test_one_verdict_is_no_plural() -> None:
    assert run("frame-term").stdout.splitlines()[-1] == "the verdict as recorded"


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_the_table_fits(width, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("frame-term", "transformed-terms", "--details").stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert ("place" in lines[0]) == (width >= 100)  # else below the name
    assert any(line.startswith("Eq. 12") for line in lines) == (width < 100)
    assert "…" not in "".join(lines)


def test_json_and_details() -> None:
    result = run("frame-term", "--json")
    assert result.exit_code == 0
    [row] = json.loads(result.stdout)
    assert (row["name"], row["verdict"], row["unchanged"]) == ("frame-term", "fails", True)
    assert abs(row["numbers"]["ratio"] + 1.0) < 1e-6
    shown = run("frame-term", "--details").stdout
    assert "the other sign" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "got 'nonsense'; rzqiskit validate without a name computes and lists all"),
        (["frame-trem"], "got 'frame-trem'; did you mean frame-term? rzqiskit validate without"),
        (["Entropy"], "did you mean entropy-shape or entropy-grows or entropy-minima?"),
        (["pair-sum", "--errata", "x.md"], "`errata` must be written from all claims"),
        (["--errata", "no/such/folder/x.md"], "`errata` must be a file in an existing folder"),
        (["--errata", "."], "`errata` must be a file in an existing folder, got ."),
    ],
)
def test_wrong_options(arguments, message) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert len(result.stderr) < 300
    assert message in result.stderr
