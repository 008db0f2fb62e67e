"""``rzqiskit sweep``: a grid of parameters, written chunk by chunk, resumable."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rzqiskit.cli.wording import count

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SWEEP_HELP", "sweep_command"]

SWEEP_HELP = (
    "Solve a grid of batteries and keep the results in a Zarr store.\n\n"
    "Chunks are written as they finish. Whatever ends the sweep, the same command, or --resume, "
    "goes on from there. See the stored results with rzqiskit show.\n\n"
    "The file has the tables drive (shape, amplitude, period), battery (num_qubits, "
    "interaction, ...) and settings, which holds what belongs to the solver: for circuits "
    "num_steps, shots, seed, noise, noise_scale and others.\n\n"
    "A point that fails is NaN, with the reason beside it, and the others go on. The exit code is "
    "then 1, as with --strict; it is 0 when no point failed."
)


def sweep_command(
    specification: Annotated[
        Path | None, typer.Argument(help="TOML file that says what to sweep.")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Folder of the store (default the name of the file, with .zarr)."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with this store; needs no file.")
    ] = None,
    workers: Annotated[
        int, typer.Option(help="Processes that solve chunks (0: this one, with all its threads).")
    ] = 0,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a running dask scheduler to use instead.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first point that fails.")
    ] = False,
) -> None:
    """Solve a grid of batteries and keep the results in a Zarr store."""
    from rzqiskit.validation import check_integer

    check_integer("workers", workers, minimum=0)
    if workers and scheduler is not None:
        raise ValueError("`workers` must not be given with a scheduler, which has its own.")
    if (specification is None) == (resume is None):
        raise ValueError("`specification` must be given, or --resume with a store, and not both.")
    if resume is not None and store is not None:
        raise ValueError("`store` must not be given with --resume, which names it.")

    from rzqiskit.sweeps import load_specification, stored_specification

    if resume is not None:
        plan, target = stored_specification(resume), resume
    else:
        assert specification is not None
        plan = load_specification(specification)
        target = store if store is not None else Path(specification.with_suffix(".zarr").name)
    data = _run(plan, target, workers, scheduler, strict)
    failed = int((data["failure"] != "").sum())
    typer.echo(
        f"{count(plan.size, 'point')} in {target}" + (f", {failed} failed" if failed else "")
    )
    if failed:
        raise typer.Exit(1)


def _run(plan: Any, target: Path, workers: int, scheduler: str | None, strict: bool) -> xr.Dataset:
    from rzqiskit.sweeps import SweepInterrupted, sweep

    try:
        if not workers and scheduler is None:
            return sweep(plan, store=target, strict=strict)
        from distributed import Client, LocalCluster

        if scheduler is not None:
            with _connect(scheduler) as client:
                return sweep(plan, store=target, strict=strict, client=client)
        with (
            LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=":0",
                silence_logs=logging.ERROR,  # not of chunks that Ctrl-C cancelled
            ) as cluster,
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):
            client.register_plugin(_deaf_worker_plugin())
            return sweep(plan, store=target, strict=strict, client=client)
    except SweepInterrupted as interruption:
        typer.echo(
            f"rzqiskit: interrupted: {interruption} On the command line: "
            f"rzqiskit sweep --resume {target}",
            err=True,
        )
        raise SystemExit(130) from None


def _connect(scheduler: str) -> Any:
    from distributed import Client

    try:
        return Client(scheduler)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ValueError(
            f"`scheduler` must be the address of a running dask scheduler, got {scheduler!r}: "
            f"{error}."
        ) from None


def _deaf_worker_plugin() -> Any:
    """Return what keeps workers from answering Ctrl-C, which a terminal sends to them as well."""
    from distributed import WorkerPlugin

    class DeafWorker(WorkerPlugin):
        def setup(self, worker: Any) -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            # A heartbeat may find that the scheduler has ended first.
            logging.getLogger("distributed.worker").setLevel(logging.CRITICAL)

    return DeafWorker()
