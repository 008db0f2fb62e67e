"""The application: version, help, and errors of one line with exit code 2."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from rzqiskit import __version__
from rzqiskit.cli.app import app
from rzqiskit.exact import ConvergenceError


def run(*args: str):
    return CliRunner().invoke(app, args, prog_name="rzqiskit")


def test_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"rzqiskit {__version__}\n")


def test_help_lists_the_commands() -> None:
    for args in ((), ("--help",)):
        result = run(*args)
        assert result.exit_code == 0
        assert "compare" in result.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["--frob"], "No such option: --frob"),
        (["compare", "--frob"], "No such option: --frob"),
        (["compare", "--num-qubits", "ten"], "--num-qubits"),
        (["compare", "--num-qubits"], "--num-qubits"),
        (["compare", "--drive", "blob"], "'blob' is not one of 'sine-squared'"),
    ],
)
def test_errors_of_the_parser_are_one_line(args, message) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("rzqiskit: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_a_defect_keeps_its_traceback(monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("index 3 is out of bounds")

    monkeypatch.setattr("rzqiskit.cli.compare.build_batteries", broken)
    result = run("compare")
    assert isinstance(result.exception, ValueError)
    assert result.exit_code == 1


def test_a_failed_computation_is_one_line(monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConvergenceError("more than 5000 levels\nare needed.")

    monkeypatch.setattr("rzqiskit.cli.compare.build_batteries", fail)
    result = run("compare")
    assert (result.exit_code, result.stderr) == (1, "rzqiskit: more than 5000 levels are needed.\n")


def test_ctrl_c_is_one_line(monkeypatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rzqiskit.cli.compare.build_batteries", interrupted)
    result = run("compare")
    assert (result.exit_code, result.stderr) == (130, "rzqiskit: interrupted.\n")


def test_help_and_errors_load_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from rzqiskit.cli.app import app\n"
        "try:\n    app(['compare', '--num-qubits', '0'])\n"
        "except SystemExit as error:\n    assert error.code == 2\n"
        "heavy = {'qiskit', 'qiskit_aer', 'matplotlib', 'numba', 'xarray', 'scipy', 'dask'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "[]\n", result.stderr


def test_an_output_on_a_full_disk_is_one_line() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no device that is always full")
    code = "from rzqiskit.cli import main; main()"
    with full.open("w") as output:
        result = subprocess.run(
            [sys.executable, "-c", code, "--version"], stdout=output, stderr=subprocess.PIPE
        )
    assert result.returncode == 1
    assert result.stderr == b"rzqiskit: output cannot be written: No space left on device.\n"


def test_other_errors_of_the_system_are_defects(monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("rzqiskit.cli.compare.build_batteries", broken)
    assert isinstance(run("compare").exception, FileNotFoundError)


@pytest.mark.parametrize("width", [40, 60, 71, 72, 80])
@pytest.mark.parametrize("command", ["compare", "plan", "submit", "collect"])
def test_help_names_every_option_in_full(command, width) -> None:
    names = [
        name
        for parameter in get_command(app).commands[command].params
        for name in parameter.opts
        if name.startswith("--")
    ]
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": str(width)})
    assert result.exit_code == 0
    assert len(names) > 4
    assert set(names) <= set(re.findall(r"--[a-z-]+", result.stdout))
