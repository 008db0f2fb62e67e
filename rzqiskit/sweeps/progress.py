"""The progress bar of a sweep: rate, time left and failures, in a terminal or a notebook."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["sweep_progress"]

_NOTEBOOK_WIDTH = 110
_NOTEBOOK_REFRESH_SECONDS = 0.2


@contextlib.contextmanager
def sweep_progress(total: int, done: int, show: bool | None) -> Iterator[Callable[[int], None]]:
    """Provide a function to call when a chunk is done, with the number of its failed points.

    Args:
        total: number of chunks.
        done: how many were done before.
        show: whether to draw a bar; None for one in terminals and notebooks only.

    Yields:
        The function.
    """
    notebook = _in_notebook()
    if show is None:
        show = sys.stderr.isatty() or notebook
    if not show:
        yield lambda _: None
        return
    from rich.console import Console

    if notebook:
        # Rich itself draws in notebooks by ipywidgets only, which need not be there.
        console = Console(
            file=io.StringIO(), width=_NOTEBOOK_WIDTH, force_jupyter=False, color_system=None
        )
        progress = _progress(console)
        drawing: contextlib.AbstractContextManager[Any] = _drawn_in_notebook(progress, console)
    else:
        drawing = progress = _progress(Console(stderr=True))
    num_failed = 0
    task = progress.add_task("", total=total, completed=done, rate=0.0, failed="")
    with drawing as drawn:

        def advance(failed: int) -> None:
            nonlocal num_failed
            num_failed += failed
            text = f"{num_failed} failed" if num_failed else ""
            speed = progress.tasks[0].speed or 0.0
            progress.update(task, advance=1, failed=text, rate=speed)
            if notebook:
                drawn(False)

        yield advance


def _progress(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("sweep"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("chunks, {task.fields[rate]:.2g}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}"),
        console=console,
    )


@contextlib.contextmanager
def _drawn_in_notebook(progress: Progress, console: Console) -> Iterator[Callable[[bool], None]]:
    """Show the bar in the output of the cell; the function draws it anew, if it is time or must."""
    # Loaded already: it is what runs the cell.
    ipython: Any = sys.modules["IPython"]

    def text() -> dict[str, str]:
        with console.capture() as captured:
            console.print(progress.get_renderable())
        return {"text/plain": captured.get().rstrip()}

    handle = ipython.display.display(text(), raw=True, display_id=True)
    last = time.monotonic()

    def draw(must: bool) -> None:
        nonlocal last
        if must or time.monotonic() - last > _NOTEBOOK_REFRESH_SECONDS:
            handle.update(text(), raw=True)
            last = time.monotonic()

    try:
        yield draw
    finally:
        draw(True)


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    kernel = shell.get_ipython() if shell is not None else None
    return kernel is not None and type(kernel).__name__ == "ZMQInteractiveShell"
