"""Numbers typed on a command line."""

from __future__ import annotations

import math

import pytest

from rzqiskit.cli.numbers import parse_number, parse_numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.1pi", 0.1 * math.pi),
        ("pi/10", math.pi / 10),
        ("2*pi", 2 * math.pi),
        ("-3pi/4", -0.75 * math.pi),
        ("PI", math.pi),
        (".5pi", 0.5 * math.pi),
        ("1e-3", 1e-3),
        (" 20 ", 20.0),
        ("-2", -2.0),
    ],
)
def test_numbers(text: str, number: float) -> None:
    assert parse_number("x", text) == pytest.approx(number, rel=1e-15)


@pytest.mark.parametrize("text", ["", "pie", "0.1 pi x", "pi/0", "1,5", "two"])
def test_no_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="`drive_period` must be a number such as"):
        parse_number("drive_period", text)


def test_lists_keep_their_order() -> None:
    assert parse_numbers("v", "40,10,0.1pi") == [40.0, 10.0, pytest.approx(0.1 * math.pi)]


def test_lists_refuse_doubles_and_gaps() -> None:
    with pytest.raises(ValueError, match="`v` must hold different numbers, got 10 twice"):
        parse_numbers("v", "10,20,1e1")
    with pytest.raises(ValueError, match=r"`v` must be a number .* got ''"):
        parse_numbers("v", "10,")
