"""``rzqiskit plan``: formula, slices and shots for a target error, on a device too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rzqiskit.cli.battery_options import BatteryOptions, build_battery
from rzqiskit.cli.numbers import parse_number
from rzqiskit.cli.option_groups import spread_options
from rzqiskit.cli.wording import count

if TYPE_CHECKING:
    from rzqiskit.planning import Plan

__all__ = ["PLAN_HELP", "plan_command"]

PLAN_HELP = (
    "Choose the product formula, its slices and the shots for a target error.\n\n"
    "Without a device the plan has the fewest all-pairs layers that reach the target. With one "
    "it has the slices of least bias, since more of them only add noise, and says what is "
    "reachable.\n\n"
    "The exit code is 0 when the plan is within the target and 1 when the target is out of reach."
)
_PANEL = "Plan"
FAILURE = 1


@spread_options
def plan_command(
    *,
    battery: BatteryOptions,
    target_error: Annotated[
        str,
        typer.Option(
            metavar="NUMBER",
            help="Largest error at any time, in the unit of the metric.",
            rich_help_panel=_PANEL,
        ),
    ] = "0.02",
    metric: Annotated[
        str,
        typer.Option(
            help="stored_energy, energy_fluctuation or diagonal_entropy.", rich_help_panel=_PANEL
        ),
    ] = "stored_energy",
    backend: Annotated[
        str | None,
        typer.Option(
            help="Device, such as fake_torino, or the name of one of your account.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    fractional_gates: Annotated[
        bool,
        typer.Option(
            "--fractional-gates", help="With the device's RZZ gates.", rich_help_panel=_PANEL
        ),
    ] = False,
    shots: Annotated[
        int | None,
        typer.Option(
            help="Shots of each circuit (default what the target takes).", rich_help_panel=_PANEL
        ),
    ] = None,
    max_zz_layers: Annotated[
        int,
        typer.Option(
            metavar="LAYERS",
            help="Longest circuit tried, in all-pairs layers.",
            rich_help_panel=_PANEL,
        ),
    ] = 64,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON, no table.", rich_help_panel=_PANEL)
    ] = False,
) -> None:
    """Plan the circuits of a battery."""
    charged = build_battery(battery)
    if fractional_gates and backend is None:
        raise ValueError("`fractional_gates` must not be given without --backend.")
    target = parse_number("target_error", target_error)

    from rzqiskit.planning import plan

    chosen = plan(
        charged,
        target_error=target,
        metric=metric,  # type: ignore[arg-type]  # checked there
        backend=None if backend is None else _open_backend(backend, fractional_gates),
        shots=shots,
        max_zz_layers=max_zz_layers,
    )
    _show(chosen, max_zz_layers, json)
    if not chosen.is_reachable:
        raise typer.Exit(FAILURE)


def _open_backend(name: str, fractional_gates: bool) -> Any:
    """Return the device; nothing is sent to it, only its calibration is read."""
    import tempfile
    from pathlib import Path

    from rzqiskit.execution.runtime.devices import open_device

    with tempfile.TemporaryDirectory() as folder:
        return open_device(name, Path(folder), fractional_gates=fractional_gates).backend


def _show(chosen: Plan, max_zz_layers: int, as_json: bool) -> None:
    import dataclasses

    if as_json:
        import json

        payload = dataclasses.asdict(chosen)
        payload |= {"total_error": chosen.total_error, "is_reachable": chosen.is_reachable}
        typer.echo(json.dumps(payload, indent=2, allow_nan=False))
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from rzqiskit.schema import describe

    entry = describe(chosen.metric)
    unit = " bit" if entry.unit == "bit" else ""
    formula = Table(title=f"Circuits for the {entry.long_name}", box=SIMPLE, show_header=False)
    formula.add_row("interaction picture", chosen.frame)
    formula.add_row("order", str(chosen.order))
    formula.add_row("slices", str(chosen.num_steps))
    formula.add_row("all-pairs layers", str(chosen.num_zz_layers))
    if chosen.num_two_qubit_gates is not None:
        formula.add_row("two-qubit gates on the device", str(chosen.num_two_qubit_gates))
    formula.add_row("shots of each circuit", str(chosen.shots))
    budget = Table(title=f"Largest error expected{unit and ' (bit)'}", box=SIMPLE)
    budget.add_column("source")
    budget.add_column("error", justify="right")
    for source, error in (
        ("product formula", chosen.trotter_error),
        ("device", chosen.device_error),
        ("both together", chosen.bias),
        ("shots, one standard error", chosen.shot_error),
        ("total", chosen.total_error),
        ("target", chosen.target_error),
    ):
        budget.add_row(source, f"{error:.2g}")
    console = Console()
    console.print(formula)
    console.print(budget)
    console.print(_verdict(chosen, max_zz_layers))


def _verdict(chosen: Plan, max_zz_layers: int) -> str:
    """Return whether the plan meets the target, and if not, what stands in its way."""
    if chosen.is_reachable:
        return "The plan is within the target."
    reasons = []
    if chosen.bias > chosen.target_error:
        where = "" if chosen.num_two_qubit_gates is None else " on this device"
        reasons.append(
            f"no circuit tried within {count(max_zz_layers, 'all-pairs layer')} has so small an "
            f"error{where} (--max-zz-layers sets the limit)"
        )
    if chosen.shot_error > chosen.target_error:
        verb = "is" if chosen.shots == 1 else "are"
        reasons.append(f"{count(chosen.shots, 'shot')} of each circuit {verb} too few")
    if not reasons:
        reasons.append("bias and shots together are above it")
    return f"The target is out of reach: {'; '.join(reasons)}."
