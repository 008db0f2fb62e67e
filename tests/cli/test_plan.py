"""The plan on the command line: the library's own numbers, as a table and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner

import rzqiskit as rz
from rzqiskit.cli.app import app
from rzqiskit.planning import plan
from rzqiskit.planning.choice import MAX_ZZ_LAYERS


def run(*arguments: str):
    return CliRunner().invoke(app, ["plan", *arguments])


def test_json_is_the_plan_of_the_library():
    result = run("--json", "--num-qubits", "6", "--target-error", "0.01", "--interaction", "1.5")
    assert result.exit_code == 0, result.output
    battery = rz.RosenZenerBattery(
        num_qubits=6, drive=rz.SineSquaredDrive(20.0, 0.1 * np.pi), interaction=1.5
    )
    expected = plan(battery, target_error=0.01)
    payload = json.loads(result.stdout)
    assert payload["num_steps"] == expected.num_steps
    assert payload["shots"] == expected.shots
    assert payload["total_error"] == pytest.approx(expected.total_error, rel=1e-12)
    assert payload["is_reachable"] is True


def test_table_names_every_source_of_error():
    result = run("--num-qubits", "5", "--metric", "diagonal_entropy")
    assert result.exit_code == 0, result.output
    for text in ("all-pairs layers", "product formula", "device", "shots", "total", "target"):
        assert text in result.stdout
    assert "(bit)" in result.stdout
    assert "within the target" in result.stdout


def test_a_device_takes_part_and_may_put_the_target_out_of_reach():
    result = run(
        "--num-qubits", "5", "--backend", "fake_torino", "--target-error", "1e-4", "--json"
    )
    assert result.exit_code == 1, result.output
    payload = json.loads(result.stdout)
    assert payload["device_error"] > 1e-3
    assert payload["num_two_qubit_gates"] is not None
    assert payload["is_reachable"] is False


def test_the_limit_of_the_search_is_called_one():
    options = ("--num-qubits", "4", "--target-error", "1e-3", "--interaction", "10")
    short = run(*options, "--max-zz-layers", "1")
    assert short.exit_code == 1, short.output
    said = " ".join(short.stdout.split())
    assert "out of reach: no circuit tried within 1 all-pairs layer has" in said
    assert "--max-zz-layers" in said
    assert "shots of each circuit are too few" not in said
    longer = run(*options)
    assert longer.exit_code == 0, longer.output
    assert "within the target" in longer.stdout


def test_shots_out_of_reach_are_no_plan():
    # One cell takes no pair layer, so the formula is exact; but nobody has 1e18 shots.
    result = run("--num-qubits", "1", "--target-error", "1e-9")
    assert result.exit_code == 1, result.output
    said = " ".join(result.stdout.split())
    assert "out of reach: 1000000000000 shots of each circuit are too few." in said


def test_the_help_tells_the_exit_code_and_the_librarys_limit():
    said = " ".join(run("--help").stdout.split())
    assert "1 when the target is out of reach" in said
    defaults = {option.name: option.default for option in get_command(app).commands["plan"].params}
    assert defaults["max_zz_layers"] == MAX_ZZ_LAYERS


def test_fractional_gates_are_the_devices():
    options = ("--num-qubits", "5", "--backend", "fake_boston", "--metric", "diagonal_entropy",
               "--interaction", "10", "--drive-amplitude", "40", "--json")  # fmt: skip
    plain, fractional = (json.loads(run(*options, *more).stdout)
                         for more in ((), ("--fractional-gates",)))  # fmt: skip
    assert plain["num_zz_layers"] == fractional["num_zz_layers"] > 0
    # RX is one pulse where a U of the other gates takes two.
    assert fractional["device_error"] < plain["device_error"]
    assert fractional["num_two_qubit_gates"] <= plain["num_two_qubit_gates"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--drive-amplitude", "10,20"], "`drive_amplitude` must be one number"),
        (["--target-error", "0"], "`target_error` must be positive"),
        (["--metric", "power"], "`metric` must be one of"),
        (["--backend", "fake_torno"], "fake_torino"),
        (["--fractional-gates"], "`fractional_gates` must not be given without --backend"),
        (["--shots", "0"], "`shots` must be a positive integer"),
        (["--shots", "1" + 30 * "0"], "`shots` must be at most 1e+12 in a plan"),
        (["--num-qubits", "5000"], "`num_qubits` must be at most 4096 to plan circuits, got 5000."),
        (["--max-zz-layers", "0"], "`max_zz_layers` must be a positive integer"),
    ],
)
def test_user_errors_are_one_line(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
