"""The application: its commands, and what it does with errors.

Command modules import nothing heavy at their top, so that ``--help`` and a wrong option answer
at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from rzqiskit.cli.collect import COLLECT_HELP, STATUS_HELP, collect_command, status_command
from rzqiskit.cli.compare import COMPARE_HELP, compare_command
from rzqiskit.cli.plan import PLAN_HELP, plan_command
from rzqiskit.cli.reproduce import REPRODUCE_HELP, reproduce_command
from rzqiskit.cli.show import SHOW_HELP, show_command
from rzqiskit.cli.submit import SUBMIT_HELP, submit_command
from rzqiskit.cli.sweep import SWEEP_HELP, sweep_command
from rzqiskit.cli.validate import VALIDATE_HELP, validate_command

__all__ = ["app"]

FAILURE = 1
USER_ERROR = 2
INTERRUPTED = 130
_LEAST_PANEL_WIDTH = 72  # in fewer columns panels would cut the longest names of options
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class _OneLineErrors(TyperGroup):
    """A command group whose user errors are one line on stderr and exit code 2.

    User errors are the parser's own, and `ValueError` and `TypeError` in the one form of the
    library, which starts with the name of the argument in backquotes. An error class of the
    library's own, such as `ConvergenceError`, is one line and exit code 1, and so is a full disk.
    Anything else is a defect and keeps its traceback.
    """

    def main(self, args: Any = None, *, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        try:
            result = super().main(args, standalone_mode=False, **extra)
        except (ValueError, TypeError) as error:
            if not standalone_mode or not str(error).startswith("`"):
                raise
            _fail(str(error), USER_ERROR)
        except (typer.Abort, KeyboardInterrupt):
            if not standalone_mode:
                raise
            _fail("interrupted.", INTERRUPTED)
        except BrokenPipeError:
            raise SystemExit(1) from None
        except OSError as error:
            if not standalone_mode or error.errno not in _NO_ROOM:
                raise
            _drop_output()
            _fail(f"output cannot be written: {error.strerror}.", FAILURE)
        except Exception as error:
            if standalone_mode and type(error).__module__.startswith("rzqiskit."):
                _fail(str(error), FAILURE)
            # The parser's errors share a base class whose module depends on the Typer version.
            if not standalone_mode or not hasattr(error, "format_message"):
                raise
            _fail(error.format_message(), USER_ERROR)
        if standalone_mode:
            if result == INTERRUPTED:  # what the parser makes of Ctrl-C
                _fail("interrupted.", INTERRUPTED)
            raise SystemExit(result if isinstance(result, int) else 0)
        return result


def _drop_output() -> None:
    """Let what standard output still holds go nowhere, or its flush at the exit fails again."""
    with contextlib.suppress(OSError):  # an output without a file below, as in tests
        descriptor = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _fail(message: str, code: int) -> None:
    typer.echo(f"rzqiskit: {' '.join(message.split())}", err=True)
    raise SystemExit(code) from None


class _Command(TyperCommand):
    """A command whose help names its options in full on any terminal."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        if shutil.get_terminal_size().columns < _LEAST_PANEL_WIDTH:
            self.rich_markup_mode = None
        super().format_help(ctx, formatter)


app = typer.Typer(
    cls=_OneLineErrors,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The many-body Rosen-Zener quantum battery: exact, closed forms and circuits.",
)


def _show_version(value: bool) -> None:
    if value:
        from rzqiskit import __version__

        typer.echo(f"rzqiskit {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command("compare", cls=_Command, help=COMPARE_HELP)(compare_command)
app.command("plan", cls=_Command, help=PLAN_HELP)(plan_command)
app.command("submit", cls=_Command, help=SUBMIT_HELP)(submit_command)
app.command("status", cls=_Command, help=STATUS_HELP)(status_command)
app.command("collect", cls=_Command, help=COLLECT_HELP)(collect_command)
app.command("sweep", cls=_Command, help=SWEEP_HELP)(sweep_command)
app.command("show", cls=_Command, help=SHOW_HELP)(show_command)
app.command("reproduce", cls=_Command, help=REPRODUCE_HELP)(reproduce_command)
app.command("validate", cls=_Command, help=VALIDATE_HELP)(validate_command)
