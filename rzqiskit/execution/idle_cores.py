"""How many cores other programs leave to Aer's threads."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rzqiskit.cores import usable_cores

__all__ = ["idle_cores"]

_LOAD = Path("/proc/loadavg")
_NUM_LOOKS = 3
_PAUSE = 2e-3  # seconds


def idle_cores() -> int:
    """Return the number of cores that this process may use and no other program does now, or 1.

    The threads of a statevector wait for the last one after every gate. One core shared with
    another program then costs more than it brings: with four busy cores, N = 20 took seven times
    as long on four threads as on one.

    Returns:
        The cores on which this process may run, less the programs that run in each of some looks
        at Linux's count of them, but no more than `usable_cores`; that where there is no such
        count.

    Notes:
        Linux counts the programs of the whole machine and does not say where they run. On some
        cores of a machine (``taskset``, Slurm) they are taken to run on the same ones.

    Examples:
        >>> 1 <= idle_cores() <= usable_cores()
        True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    running = []
    for look in range(_NUM_LOOKS):
        if look:
            time.sleep(_PAUSE)
        running.append(_num_running())
    # Others have quotas of their own: what they use of the machine is not taken from this one's.
    return max(1, min(usable_cores(), (cores or 1) - min(running)))


def _num_running() -> int:
    """Return how many threads run now but the one that asks; 0 where the system does not say."""
    try:
        # "0.20 0.18 0.12 running/existing last": load averages, then threads.
        count = _LOAD.read_text(encoding="ascii").split()[3].partition("/")[0]
        return max(0, int(count) - 1)
    # A container's own loadavg may be empty, or of another form.
    except (OSError, ValueError, IndexError):
        return 0
