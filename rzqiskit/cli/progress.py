"""The progress display of a job of known length, on stderr and only in a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["show_progress"]


@contextlib.contextmanager
def show_progress(console: Console, num_stages: int) -> Iterator[Callable[[str], None]]:
    """Provide a function that ends the running stage and names the next; silent when piped.

    Args:
        console: where to draw.
        num_stages: how many times the function will be called, the first call apart.

    Yields:
        The function, to be called with the name of each stage as it starts.
    """
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    progress = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with progress:
        task = progress.add_task("", total=num_stages)
        started = False

        def advance(stage: str) -> None:
            nonlocal started
            progress.update(task, description=stage, advance=1.0 if started else 0.0)
            started = True

        yield advance
