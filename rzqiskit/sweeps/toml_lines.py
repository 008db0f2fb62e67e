"""Where in a TOML file a key stands, so that an error can name the line."""

from __future__ import annotations

import re

__all__ = ["key_lines"]

_HEADER = re.compile(r"\s*\[\s*(?P<name>[^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(
    r"""\s*(?P<key>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*="""
)


def key_lines(text: str) -> dict[str, int]:
    r"""Return the line of every key and table header, counted from 1.

    Args:
        text: a TOML document that `tomllib` has parsed without error.

    Returns:
        Dotted name -> line. Keys inside inline tables are not there; their table is.

    Examples:
        >>> key_lines("a = 1\n[drive]\nwidth = [\n  1,\n]\nlast = 2\n")
        {'a': 1, 'drive': 2, 'drive.width': 3, 'drive.last': 6}
    """
    lines: dict[str, int] = {}
    table, depth, quote = "", 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if depth == 0 and not quote:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                table = _clean(header["name"])
                lines[table] = number
                continue
            if key:
                name = _clean(key["key"])
                lines[f"{table}.{name}" if table else name] = number
        depth, quote = _follow(line, depth, quote)
    return lines


def _clean(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def _follow(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Return how many brackets are open after a line, and which quotes."""
    place = 0
    while place < len(line):
        rest = line[place:]
        if quote:
            if quote[0] == '"' and rest[0] == "\\":
                place += 2
            elif rest.startswith(quote):
                place += len(quote)
                quote = ""
            else:
                place += 1
            continue
        if rest.startswith(('"""', "'''")):
            quote, place = rest[:3], place + 3
        elif rest[0] in "\"'":
            quote, place = rest[0], place + 1
        elif rest[0] == "#":
            break
        else:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(rest[0], 0)
            place += 1
    # Quotes of one character end with their line.
    return depth, quote if len(quote) == 3 else ""
