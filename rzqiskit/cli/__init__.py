"""The command line ``rzqiskit``: it reads the options, calls the library and prints."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line with the arguments of the process."""
    from rzqiskit.cli.app import app

    app(prog_name="rzqiskit")
