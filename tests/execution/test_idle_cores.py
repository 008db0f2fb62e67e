import os

import pytest

from rzqiskit.execution import idle_cores as module
from rzqiskit.execution.idle_cores import idle_cores


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Eight cores, and what the system says of its load."""
    file = tmp_path / "loadavg"
    monkeypatch.setattr(module, "_LOAD", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return file


@pytest.mark.parametrize(("running", "idle"), [(1, 8), (2, 7), (8, 1), (40, 1), (0, 8)])
def test_what_others_do_not_use(load, running, idle):
    load.write_text(f"3.20 3.18 3.12 {running}/512 4711\n", encoding="ascii")
    assert idle_cores() == idle


@pytest.mark.parametrize(("running", "idle"), [(1, 3), (6, 3), (7, 2), (8, 1)])
def test_a_quota_bounds_what_others_leave(load, monkeypatch, running, idle):
    # Others run on the machine's eight cores, not within this container's three.
    monkeypatch.setattr(module, "usable_cores", lambda: 3)
    load.write_text(f"3.20 3.18 3.12 {running}/512 4711\n", encoding="ascii")
    assert idle_cores() == idle


def test_a_program_seen_once_does_not_count(load, monkeypatch):
    counts = iter((5, 0, 5))
    monkeypatch.setattr(module, "_num_running", lambda: next(counts))
    assert idle_cores() == 8


def test_systems_that_do_not_count(load):
    assert not load.exists()
    assert idle_cores() == 8


@pytest.mark.parametrize(
    "text", ["", "3.20 3.18\n", "3.20 3.18 3.12 many/512 1\n", "3 3 3 /9 1", "é"]
)
def test_a_load_of_another_form_does_not_count(load, text):
    load.write_text(text, encoding="utf-8")
    assert idle_cores() == 8
