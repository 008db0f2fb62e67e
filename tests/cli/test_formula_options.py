from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from rzqiskit.analytic import METHODS
from rzqiskit.circuits.product_formula import FRAMES, ORDERS, SLICES, SPACINGS
from rzqiskit.cli import formula_options
from rzqiskit.cli.app import app

OPTIONS = {
    "order": tuple(map(str, ORDERS)),
    "frame": FRAMES,
    "spacing": SPACINGS,
    "slices": SLICES,
    "method": METHODS,
}


def help_of(command: str) -> dict[str, str]:
    """Return the help text of each option, on one line."""
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    text = re.sub(r"[│╭╮╰╯─\s]+", " ", result.stdout)
    parts = re.split(r" --([a-z-]+) ", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_names_of_the_closed_forms_are_those_of_the_library() -> None:
    assert formula_options.METHODS == METHODS


@pytest.mark.parametrize(
    ("command", "name"),
    [("compare", name) for name in OPTIONS]
    + [("submit", name) for name in OPTIONS if name != "method"],
)
def test_help_lists_what_an_option_takes(command: str, name: str) -> None:
    listed = re.findall(r"[\w-]+", help_of(command)[name])
    assert set(OPTIONS[name]) <= set(listed)


@pytest.mark.parametrize("command", ["compare", "submit"])
@pytest.mark.parametrize("name", ["frame", "spacing", "slices", "order"])
def test_other_values_are_refused_with_the_list(command: str, name: str) -> None:
    wrong = "5" if name == "order" else "other"
    small = ["--num-qubits", "3", f"--{name}", wrong]
    if command == "submit":
        small += ["--backend", "local:FakeTorino", "--dry-run"]
    result = CliRunner().invoke(app, [command, *small])
    assert result.exit_code == 2
    assert f"`{name}` must be one of" in result.stderr
    for value in OPTIONS[name]:
        assert value in result.stderr


def test_submit_takes_every_formula() -> None:
    layers = {}
    for frame in FRAMES:
        result = CliRunner().invoke(
            app,
            ["submit", "--backend", "local:FakeTorino", "--dry-run", "--num-qubits", "3",
             "--num-times", "2", "--num-steps", "3", "--order", "4", "--frame", frame,
             "--slices", "shared"],
        )  # fmt: skip
        assert result.exit_code == 0, result.stderr
        layers[frame] = result.stdout
    # The commutator-free formula has fewer layers than Blanes and Moan's of the same order.
    assert layers["lab"] != layers["drive"]
