"""Dataclasses of options become flags of a command, and arrive as dataclasses."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from rzqiskit.cli.app import app
from rzqiskit.cli.option_groups import spread_options

WIDTH_HELP = "How wide."


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option(help=WIDTH_HELP)] = 3
    height: Annotated[int, typer.Option("--tall")] = 4


@dataclass(frozen=True)
class LargeSize(Size):
    width: Annotated[int, typer.Option(help=WIDTH_HELP)] = 300


@dataclass(frozen=True)
class Place:
    x: Annotated[str, typer.Option()]


def make_app(size_group: type) -> typer.Typer:
    made = typer.Typer()

    def show(
        context: typer.Context,
        *,
        name: Annotated[str, typer.Option()] = "a",
        size: size_group,  # type: ignore[valid-type]
        place: Place,
        flag: Annotated[bool, typer.Option("--flag")] = False,
    ) -> None:
        """Show it."""
        source = context.get_parameter_source("width")
        assert source is not None
        typer.echo(json.dumps([name, asdict(size), place.x, flag, source.name]))

    # The group is known here only, so the annotations are given as they are.
    show.__annotations__ |= {"size": size_group}
    made.command()(spread_options(show))
    return made


def call(size_group: type, *args: str):
    return CliRunner().invoke(make_app(size_group), args)


def test_values_arrive_in_their_groups() -> None:
    result = call(Size, "--x", "7", "--width", "5", "--flag")
    assert json.loads(result.stdout) == ["a", {"width": 5, "height": 4}, "7", True, "COMMANDLINE"]
    result = call(Size, "--x", "7", "--tall", "9", "--name", "b")
    assert json.loads(result.stdout) == ["b", {"width": 3, "height": 9}, "7", False, "DEFAULT"]


def test_a_subclass_has_defaults_of_its_own_in_the_same_place() -> None:
    assert json.loads(call(LargeSize, "--x", "7").stdout)[1] == {"width": 300, "height": 4}
    for group in (Size, LargeSize):
        names = [option.name for option in get_command(make_app(group)).params]
        assert names[:5] == ["name", "width", "height", "x", "flag"]
        assert get_command(make_app(group)).params[1].help == WIDTH_HELP


def test_a_field_without_a_default_is_required() -> None:
    result = call(Size)
    assert result.exit_code == 2
    assert "--x" in result.output


@pytest.mark.parametrize(
    ("command", "cells", "amplitude"),
    [("compare", 10, "10,20,40,60"), ("plan", 10, "20"), ("submit", 6, "20")],
)
def test_the_commands_share_the_flags_of_a_battery(command, cells, amplitude) -> None:
    options = {option.name: option for option in get_command(app).commands[command].params}
    shared = {option.name: option for option in get_command(app).commands["plan"].params}
    for name in list(shared)[:14]:
        assert name in ("num_qubits", "interaction", "level_splitting", "pair_counting") or (
            name.startswith("drive")
        )
        assert options[name].opts == shared[name].opts == [f"--{name.replace('_', '-')}"]
        if name != "drive_amplitude":
            assert options[name].help == shared[name].help
    assert options["num_qubits"].default == cells
    assert options["drive_amplitude"].default == amplitude
