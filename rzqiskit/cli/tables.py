"""Tables that fit the terminal: columns that do not are told below, with their labels again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Column", "Section", "print_lines", "print_table"]

_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: its words, on several lines where they hold line breaks.
        is_label: whether it names the rows, and so is repeated wherever the table is folded.
            Labels come first.
        align: "left" or "right".
        group: columns of one group stay beside each other as long as they fit.
    """

    heading: str
    is_label: bool = False
    align: str = "right"
    group: int = 0


@dataclass(frozen=True)
class Section:
    """Rows that belong together.

    Attributes:
        rows: for each row one cell a column, a plain text or a styled one.
        title: a line above them, as long as it likes; none when empty.
    """

    rows: Sequence[Sequence[str | Text]]
    title: str = ""


def print_lines(console: Console, *lines: str) -> None:
    """Print sentences, broken between words where the terminal is narrow.

    Args:
        console: where.
        *lines: a line each, no markup.
    """
    for line in lines:
        console.print(line, markup=False, highlight=False)


def print_table(console: Console, columns: Sequence[Column], sections: Sequence[Section]) -> None:
    """Print a table, folded into several where it is wider than the console.

    No cell is ever cut or broken: a single column that is too wide sticks out.

    Args:
        console: where; its width decides.
        columns: the columns, labels first.
        sections: the rows; an empty line stands between two sections.
    """
    table = [[_text(cell) for cell in row] for section in sections for row in section.rows]
    widths = [
        max(_width(column.heading), *(row[place].cell_len for row in table), 0)
        for place, column in enumerate(columns)
    ]
    for index, block in enumerate(_fold(columns, widths, console.width)):
        if index:
            console.print()
        for line in _block(columns, sections, block, widths, _rule(console)):
            line.rstrip()
            # Rich itself would break or cut what sticks out.
            console.print(line, soft_wrap=True, highlight=False)


def _fold(columns: Sequence[Column], widths: Sequence[int], most: int) -> list[list[int]]:
    """Return the columns of each table that is printed, labels included."""
    labels = [place for place, column in enumerate(columns) if column.is_label]
    groups: dict[int, list[int]] = {}
    for place, column in enumerate(columns):
        if not column.is_label:
            groups.setdefault(column.group, []).append(place)

    def fits(places: list[int]) -> bool:
        shown = [*labels, *places]
        return sum(widths[place] + _GAP for place in shown) - _GAP <= most

    blocks: list[list[int]] = []
    for group in groups.values():
        # A group goes on beside the last one, or else below it, or else column by column.
        parts = [group] if fits(group) else [[place] for place in group]
        for index, part in enumerate(parts):
            starts = not blocks or (len(parts) > 1 and index == 0)
            if starts or not fits([*blocks[-1], *part]):
                blocks.append([])
            blocks[-1] += part
    return [[*labels, *block] for block in blocks or [[]]]


def _block(
    columns: Sequence[Column],
    sections: Sequence[Section],
    block: list[int],
    widths: Sequence[int],
    rule: str,
) -> list[Text]:
    from rich.text import Text

    def line(cells: Sequence[Text]) -> Text:
        aligned = []
        for place, cell in zip(block, cells, strict=True):
            padded, room = cell.copy(), widths[place] - cell.cell_len
            if columns[place].align == "left":
                padded.pad_right(room)
            else:
                padded.pad_left(room)
            aligned.append(padded)
        return Text(" " * _GAP).join(aligned)

    headings = [columns[place].heading.split("\n") for place in block]
    height = max(len(heading) for heading in headings)
    lines = [
        line([Text(heading[row - height]) if height - row <= len(heading) else Text()
              for heading in headings])
        for row in range(height)
    ]  # fmt: skip
    lines.append(Text(rule * (sum(widths[place] + _GAP for place in block) - _GAP)))
    for index, section in enumerate(sections):
        if index:
            lines.append(Text())
        if section.title:
            lines.append(Text(section.title, style="bold"))
        lines += [line([_text(row[place]) for place in block]) for row in section.rows]
    return lines


def _text(cell: str | Text) -> Text:
    from rich.text import Text

    return Text(cell) if isinstance(cell, str) else cell


def _width(heading: str) -> int:
    from rich.cells import cell_len

    return max(cell_len(line) for line in heading.split("\n"))


def _rule(console: Console) -> str:
    return "─" if console.encoding.startswith("utf") else "-"
