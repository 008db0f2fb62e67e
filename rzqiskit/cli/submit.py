"""``rzqiskit submit``: charging circuits to a device, by way of a run folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rzqiskit.cli.battery_options import BatteryOptions, NumQubitsOption, build_battery
from rzqiskit.cli.formula_options import (
    FORMULA_PANEL,
    FormulaOptions,
)
from rzqiskit.cli.numbers import parse_numbers
from rzqiskit.cli.option_groups import spread_options
from rzqiskit.cli.wording import count, describe_battery, describe_drive

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rzqiskit.model import RosenZenerBattery
    from rzqiskit.submission import SubmissionEstimate

__all__ = ["SUBMIT_HELP", "submit_command"]

SUBMIT_HELP = (
    "Send the charging circuits of a battery to a device, and keep everything in a run folder.\n\n"
    "Then rzqiskit status tells where the jobs are, and rzqiskit collect fetches what is finished; "
    "from any process, on any day. Rehearse with --backend local:FakeTorino. Devices are found "
    "through the account that QiskitRuntimeService.save_account has saved."
)

_DEVICE, _CIRCUITS = "Device", FORMULA_PANEL


@dataclass(frozen=True)
class SubmittedBatteryOptions(BatteryOptions):
    """A battery small enough for what devices do today, unless another is asked for."""

    num_qubits: NumQubitsOption = 6


@spread_options
def submit_command(
    *,
    backend: Annotated[
        str,
        typer.Option(
            help="Device of your saved account, or local:FakeTorino and the like.",
            rich_help_panel=_DEVICE,
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(help="Run folder to make (default charging-<time>).", rich_help_panel=_DEVICE),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print circuits, depth, shots and estimated device seconds; send nothing.",
            rich_help_panel=_DEVICE,
        ),
    ] = False,
    battery: SubmittedBatteryOptions,
    num_times: Annotated[
        int,
        typer.Option(help="Equal times up to the end of the pulse.", rich_help_panel=_CIRCUITS),
    ] = 8,
    num_steps: Annotated[
        int, typer.Option(help="Slices of each circuit.", rich_help_panel=_CIRCUITS)
    ] = 2,
    formula: FormulaOptions,
    network: Annotated[
        str,
        typer.Option(
            help="Network of the collective layers: auto, line, parity, fractional or branched.",
            rich_help_panel=_CIRCUITS,
        ),
    ] = "auto",
    shots: Annotated[
        int, typer.Option(help="Shots of each circuit.", rich_help_panel=_CIRCUITS)
    ] = 4096,
    no_calibration: Annotated[
        bool,
        typer.Option(
            "--no-calibration",
            help="Leave out the circuits for readout calibration.",
            rich_help_panel=_CIRCUITS,
        ),
    ] = False,
    noise_factors: Annotated[
        str,
        typer.Option(
            metavar="NUMBERS",
            help="Send every circuit once for each factor of its noise, e.g. 1,3,5: for collect "
            "--mitigation zero_noise.",
            rich_help_panel=_CIRCUITS,
        ),
    ] = "1",
    total_spin: Annotated[
        bool,
        typer.Option(
            "--total-spin",
            help="Add circuits in the X basis, which measure J^2: a witness of errors, and for "
            "collect --mitigation guided.",
            rich_help_panel=_CIRCUITS,
        ),
    ] = False,
    options: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help='The runtime\'s sampler options, e.g. {"twirling": {"enable_gates": true}}.',
            rich_help_panel=_DEVICE,
        ),
    ] = None,
    fractional_gates: Annotated[
        bool,
        typer.Option(
            "--fractional-gates", help="Use the device's RZZ gates.", rich_help_panel=_DEVICE
        ),
    ] = False,
    max_circuits_per_job: Annotated[
        int | None, typer.Option(help="Most circuits of one job.", rich_help_panel=_DEVICE)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of a rehearsal's shots.", rich_help_panel=_DEVICE)
    ] = None,
) -> None:
    """Send the charging circuits of a battery to a device."""
    import numpy as np

    from rzqiskit.validation import check_positive_integer

    charged = build_battery(battery)
    number = check_positive_integer("num_times", num_times)
    times = np.linspace(0.0, charged.drive.duration, number + 1)[1:]
    settings: dict[str, Any] = {
        "shots": shots,
        "num_steps": num_steps,
        **dataclasses.asdict(formula),
        "network": network,
        "readout_calibration": not no_calibration,
        "noise_factors": parse_numbers("noise_factors", noise_factors),
        "total_spin": total_spin,
        "options": _parse_options(options),
        "fractional_gates": fractional_gates,
        "max_circuits_per_job": max_circuits_per_job,
    }
    from rzqiskit.submission import estimate_submission, submit_charging

    if dry_run and (folder is not None or seed is not None):
        name = "folder" if folder is not None else "seed"
        raise ValueError(f"`{name}` must not be given with --dry-run, which writes nothing.")
    _print_rows(_describe_request(charged, times, settings))
    if dry_run:
        estimate = estimate_submission(charged, times, backend, **settings)
        _print_rows({"device": estimate.device, **_describe_estimate(estimate)})
        typer.echo("nothing was sent")
        return
    _print_rows({"device": backend, "folder": str(folder or "a new one here")})
    path = submit_charging(charged, times, backend, folder=folder, seed=seed, **settings)
    typer.echo(
        f"sent {_describe_jobs(path)}, see {path}: rzqiskit status {path}, rzqiskit collect {path}"
    )


def _parse_options(text: str | None) -> dict[str, Any] | None:
    import json

    if text is None:
        return None
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise ValueError(f"`options` must be a JSON object, got {text!r}.")
    return options


def _describe_request(
    battery: RosenZenerBattery, times: npt.NDArray[np.float64], settings: Mapping[str, Any]
) -> dict[str, str]:
    """Return what was asked for, line by line; known before a circuit is built."""
    said = battery.to_dict()
    whose = "for each time" if settings["slices"] == "each" else "shared by all times"
    factors = ", ".join(f"{factor:g}" for factor in settings["noise_factors"])
    kinds = ["Z", "Y", *(["X"] if settings["total_spin"] else [])]
    return {
        "battery": describe_battery(said),
        "drive": describe_drive(said["drive"]),
        "times": f"{times.size}, up to {times[-1]:g}" if times.size > 1 else f"{times[-1]:g}",
        "slices": f"{settings['num_steps']} {whose}, order {settings['order']}, "
        f"{settings['frame']} frame, equal {settings['spacing']}",
        "bases": f"{', '.join(kinds)}; noise {factors}; "
        + ("with" if settings["readout_calibration"] else "without")
        + " readout calibration",
        "shots each": f"{settings['shots']}",
    }


def _describe_estimate(estimate: SubmissionEstimate) -> dict[str, str]:
    return {
        "circuits": f"{estimate.num_circuits} in {count(estimate.num_jobs, 'job')}",
        "of these": estimate.contents,
        "two-qubit gates": f"{estimate.largest_num_two_qubit_gates} at most",
        "two-qubit depth": f"{estimate.largest_depth} at most",
        "one shot": f"{1e6 * estimate.circuit_seconds:.1f} us at most, without the delay after it",
        "device time": f"{estimate.device_seconds:.1f} s, without loading the jobs",
    }


def _describe_jobs(path: Path) -> str:
    from rzqiskit.execution.run_folder import RunFolder

    batches = RunFolder(path).batches
    number = sum(batch.stop - batch.start for batch in batches)
    return f"{count(number, 'circuit')} in {count(len(batches), 'job')}"


def _print_rows(rows: Mapping[str, str]) -> None:
    for name, value in rows.items():
        typer.echo(f"{name:17}{value}")
