"""Lets docstrings be read as they are written: plain text, in which |, * and _ mean themselves.

Kets such as |0>, products such as a*b and names such as H_ are markup to reStructuredText, and
would have to be escaped in every docstring.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["escape_markup", "setup"]

_CODE = re.compile(r"(``.*?``|`[^`]*`|:[a-z]+:`[^`]*`)")
_MARKUP = re.compile(r"(?<!\\)(?:[|*]|(?<=\w)_(?!\w))")
_FIELD = re.compile(r"\s*:[^:`]+:")
# "N." as the whole description of a parameter begins a numbered list, also to napoleon, which then
# gives it a line of its own.
_ENUMERATOR = re.compile(r"^(\s*(?:[A-Za-z]|[ivxIVX]+|\d+))\.(?=\s|$)")
# Napoleon takes "what: more" in the docstring of a property for a type and its description.
_COLON = "\N{MODIFIER LETTER COLON}"


def escape_markup(line: str) -> str:
    r"""Return a line of prose with |, * and a trailing _ escaped outside of code.

    Args:
        line: one line of a docstring; the name of a field (``:param x:``) stays as it is.

    Examples:
        >>> escape_markup("the state |0> is `a*b`")
        'the state \\|0> is `a*b`'
        >>> escape_markup(":param *args: any |k>")
        ':param *args: any \\|k>'
    """
    field = _FIELD.match(line)
    start = field.end() if field else 0
    parts = _CODE.split(line[start:])
    return line[:start] + "".join(
        part if number % 2 else _MARKUP.sub(r"\\\g<0>", part) for number, part in enumerate(parts)
    )


def _process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    in_example = in_literal = False
    literal_indent = 0
    for index, line in enumerate(lines):
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        in_example = bool(stripped) and (in_example or stripped.startswith(">>>"))
        in_literal = in_literal and (not stripped or indent > literal_indent)
        if not (in_example or in_literal or stripped.startswith("..")):
            lines[index] = escape_markup(line)
            if index and re.fullmatch(r"\s*:[^:`]+:", lines[index - 1]):
                lines[index] = _ENUMERATOR.sub(r"\1\.", lines[index])
            if stripped.endswith("::"):
                in_literal, literal_indent = True, indent


def _hide_colons(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    if what == "property":
        lines[:1] = [line.replace(": ", f"{_COLON} ") for line in lines[:1]]


def _show_colons(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    if what == "property":
        lines[:] = [line.replace(_COLON, ":") for line in lines]


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx, before and after napoleon (500) reads the sections."""
    app.connect("autodoc-process-docstring", _hide_colons, priority=100)
    app.connect("autodoc-process-docstring", _show_colons, priority=800)
    app.connect("autodoc-process-docstring", _process, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
