"""The progress bar: silent when piped, drawn in a terminal and in a notebook."""

from __future__ import annotations

import io

import nbformat
from nbclient import NotebookClient

from rzqiskit.sweeps.progress import sweep_progress


def test_progress_is_drawn_only_when_asked_or_watched(monkeypatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with sweep_progress(4, 1, None) as advance:
        advance(0)
    assert stream.getvalue() == ""
    with sweep_progress(4, 1, True) as advance:
        advance(0)
        advance(2)
    assert "3/4" in stream.getvalue()
    assert "2 failed" in stream.getvalue()


def test_no_bar_when_it_is_not_wanted(monkeypatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", stream)
    with sweep_progress(4, 0, False) as advance:
        advance(1)
    assert stream.getvalue() == ""


def test_a_notebook_shows_the_bar() -> None:
    cell = nbformat.v4.new_code_cell(
        "import rzqiskit as rz\n"
        "grid = {'drive': rz.SineSquaredDrive(20.0, 0.3), 'num_qubits': [2, 0, 4]}\n"
        "data = rz.sweep(grid, quantities=['final_stored_energy'])\n"
        "quiet = rz.sweep(grid, show_progress=False)"
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    shown = [output["data"].get("text/plain", "") for output in cell.outputs if "data" in output]
    texts = "".join(shown)
    assert "1/1" in texts
    assert "1 failed" in texts
    assert "left" in texts
    assert not any(output.get("name") == "stderr" for output in cell.outputs)
