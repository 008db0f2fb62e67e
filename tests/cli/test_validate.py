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
        (["nonsense"], "`claim` must be"),
        (["pair-sum", "--errata", "x.md"], "`errata` must be written from all claims"),
        (["--errata", "no/such/folder/x.md"], "`errata` must be a file in an existing folder"),
    ],
)
def test_wrong_options(arguments, message) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
