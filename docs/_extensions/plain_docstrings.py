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
            if stripped.endswith("::"):
                in_literal, literal_indent = True, indent


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx, after napoleon has read the sections."""
    app.connect("autodoc-process-docstring", _process, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
