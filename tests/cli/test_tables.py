"""Tables that fold: every cell is there, whole, under its heading and beside its labels."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from rzqiskit.cli.tables import Column, Section, print_lines, print_table
from rzqiskit.cli.wording import count

COLUMNS = [
    Column("metric", is_label=True, align="left"),
    Column("first"),
    Column("second\nvalue"),
    Column("third", group=1),
    Column("fourth", group=1),
]
SECTIONS = [
    Section(
        [["energy", "1.5", "22", "333", "-"], ["power", "2.5", "4", "5", "6"]], title="v0 = 10"
    ),
    Section([["entropy", "7", "8", "9", "10"]], title="v0 = 20, a title wider than its column"),
]


def show(width: int, *, encoding: str = "utf-8", sections=SECTIONS) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_table(Console(file=stream, width=width), COLUMNS, sections)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


def test_what_fits_is_one_table() -> None:
    assert show(80) == (
        "                second\n"
        "metric   first   value  third  fourth\n"
        "─────────────────────────────────────\n"
        "v0 = 10\n"
        "energy     1.5      22    333       -\n"
        "power      2.5       4      5       6\n"
        "\n"
        "v0 = 20, a title wider than its column\n"
        "entropy      7       8      9      10\n"
    )
    assert show(37) == show(200) == show(80)


def test_groups_fold_first() -> None:
    head, tail = show(36).split("\n\nmetric   third")
    assert head.splitlines()[1] == "metric   first   value"
    assert tail.splitlines()[0] == "  fourth"
    assert tail.count("v0 = 10") == tail.count("energy") == 1


def test_a_group_that_does_not_fit_folds_by_columns() -> None:
    shown = show(16)
    headings = [line.split() for line in shown.splitlines() if line.startswith("metric")]
    assert headings == [["metric", name] for name in ("first", "value", "third", "fourth")]
    # A column too wide for any line sticks out rather than being cut.
    assert [line for line in show(3).splitlines() if "333" in line] == ["energy     333"]


@pytest.mark.parametrize("width", range(1, 60, 7))
def test_every_cell_stands_beside_its_label(width: int) -> None:
    rows: dict[str, list[str]] = {}
    for line in show(width).splitlines():
        label, *cells = line.split() or [""]
        rows.setdefault(label, []).extend(cells)
    for section in SECTIONS:
        for label, *cells in section.rows:
            assert rows[label] == cells


def test_styles_take_no_room() -> None:
    styled = [Section([["energy", Text("1.5", style="bold red"), "22", "333", "-"]])]
    plain = [Section([["energy", "1.5", "22", "333", "-"]])]
    assert show(80, sections=styled) == show(80, sections=plain)


def test_a_terminal_without_unicode_has_plain_rules() -> None:
    assert "\n-----" in show(80, encoding="ascii")


def test_sentences_break_between_words() -> None:
    stream = io.StringIO()
    print_lines(Console(file=stream, width=20), "one [two] three four five", "", "six")
    assert stream.getvalue() == "one [two] three four\nfive\n\nsix\n"


def test_one_is_singular() -> None:
    assert [count(number, "slice") for number in (0, 1, 2)] == ["0 slices", "1 slice", "2 slices"]
