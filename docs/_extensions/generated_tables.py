"""Directives that write pages from the package itself, so that they cannot differ from it.

``schema-table`` lists the variables of every result, ``command-help`` the help of a command, and
``public-names`` documents the names of ``import rzqiskit`` that some of its modules define.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

__all__ = ["CommandHelp", "PublicNames", "SchemaTable", "names_of", "schema_rows", "setup"]

_HELP_COLUMNS = 96


def schema_rows() -> list[tuple[str, str, str, str, str]]:
    """Return name, symbol (LaTeX), meaning, unit and dims of each variable of the schema.

    Examples:
        >>> schema_rows()[0]
        ('time', 't', 'time', 'time', 'time')
    """
    from rzqiskit.schema import VARIABLES

    return [
        (name, entry.symbol, entry.long_name, entry.unit, ", ".join(entry.dims))
        for name, entry in VARIABLES.items()
    ]


class SchemaTable(Directive):
    """A table of `rzqiskit.schema.VARIABLES`."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        titles = ("name", "symbol", "what it is", "unit", "dims")
        table = nodes.table(classes=["schema"])
        group = nodes.tgroup(cols=len(titles))
        table += group
        for _ in titles:
            group += nodes.colspec(colwidth=1)
        head = nodes.thead()
        head += _row([nodes.Text(title) for title in titles])
        body = nodes.tbody()
        for name, symbol, meaning, unit, dims in schema_rows():
            body += _row(
                [
                    nodes.literal(text=name),
                    nodes.math(text=symbol),
                    nodes.Text(meaning),
                    nodes.Text(unit),
                    nodes.literal(text=dims),
                ]
            )
        group += head
        group += body
        return [table]


class CommandHelp(Directive):
    """The help text of one command of ``rzqiskit``, as the terminal shows it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return it as a literal block."""
        from typer.testing import CliRunner

        from rzqiskit.cli.app import app

        # As on a terminal without colours; the width is read when Typer is imported, or here.
        environment = {"COLUMNS": str(_HELP_COLUMNS), "NO_COLOR": "1", "TERM": "dumb"}
        result = CliRunner().invoke(
            app, [self.arguments[0], "--help"], env=environment, prog_name="rzqiskit"
        )
        if result.exit_code != 0:
            raise self.error(f"`rzqiskit {self.arguments[0]} --help` failed: {result.output}")
        text = re.sub(r"\x1b\[[0-9;]*m", "", result.output).strip("\n")
        text = "\n".join(line.rstrip() for line in text.splitlines())
        return [nodes.literal_block(text, text, language="text")]


def names_of(*parts: str) -> list[str]:
    """Return the public names that the given parts of the package define.

    Args:
        *parts: modules or packages directly below ``rzqiskit``.

    Examples:
        >>> names_of("model", "spectrum")
        ['RosenZenerBattery', 'ground_state_transition', 'undriven_spectrum']
    """
    import rzqiskit

    return [
        name
        for name in rzqiskit.__all__
        if getattr(rzqiskit, name).__module__.split(".")[1] in parts
    ]


class PublicNames(Directive):
    """The documentation of the public names that the given parts of the package define."""

    required_arguments = 1
    optional_arguments = 20

    def run(self) -> list[nodes.Node]:
        """Return what autodoc makes of them."""
        import rzqiskit

        lines = ["```{eval-rst}"]
        for name in names_of(*self.arguments):
            entry = getattr(rzqiskit, name)
            if not inspect.isclass(entry):
                lines.append(f".. autofunction:: rzqiskit.{name}")
            elif issubclass(entry, Exception):
                lines.append(f".. autoexception:: rzqiskit.{name}")
            else:
                lines += [f".. autoclass:: rzqiskit.{name}", "   :members:"]
        lines.append("```")
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source="public-names"), 0, container)
        return container.children


def _row(cells: list[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        paragraph = nodes.paragraph()
        paragraph += cell
        entry += paragraph
        row += entry
    return row


def setup(app: Any) -> dict[str, Any]:
    """Register the directives with Sphinx."""
    app.add_directive("public-names", PublicNames)
    app.add_directive("schema-table", SchemaTable)
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
