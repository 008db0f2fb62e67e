"""The progress bar of a sweep: rate, time left and failures, in a terminal or a notebook."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

__all__ = ["sweep_progress"]


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
    if show is None:
        show = sys.stderr.isatty() or _in_notebook()
    if not show:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    progress = Progress(
        TextColumn("sweep"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("chunks, {task.fields[rate]:.2g}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}"),
        console=Console(stderr=not _in_notebook()),
    )
    num_failed = 0
    with progress:
        task = progress.add_task("", total=total, completed=done, rate=0.0, failed="")

        def advance(failed: int) -> None:
            nonlocal num_failed
            num_failed += failed
            text = f"{num_failed} failed" if num_failed else ""
            speed = progress.tasks[0].speed or 0.0
            progress.update(task, advance=1, failed=text, rate=speed)

        yield advance


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    kernel = shell.get_ipython() if shell is not None else None
    return kernel is not None and type(kernel).__name__ == "ZMQInteractiveShell"
