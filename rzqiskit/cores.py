"""How many cores this process may use, by its affinity and by the quota of its container."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["usable_cores"]

_GROUPS = Path("/proc/self/cgroup")
# Where systemd and every container runtime mount the control groups.
_HIERARCHY = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Return the number of cores that this process may use: the threads that it should start.

    The fewer of those on which it may run (``taskset``, Slurm) and those of which its control
    groups, version 1 or 2, let it use the time (``docker run --cpus``, Kubernetes). More threads
    than that do not compute faster: Linux stops all of them when the time is used up.

    Returns:
        The number, at least 1; a quota of two and a half cores counts as three.

    Examples:
        >>> 1 <= usable_cores() <= os.cpu_count()
        True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, *(math.ceil(quota) for quota in _quotas())))


def _quotas() -> Iterator[float]:
    """Yield in cores what each control group around this process allows, and once no bound."""
    yield float(2**31)
    try:
        groups = _GROUPS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return
    for line in groups:
        # "0::/path" of version 2, "4:cpu,cpuacct:/path" of version 1.
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        names = controllers.split(",")
        if not controllers:
            root, quota = _HIERARCHY, _quota_of_version_2
        elif "cpu" in names:
            root, quota = _HIERARCHY / "cpu", _quota_of_version_1
        else:
            continue
        # The groups further up bind as well. Within a container the path may be the one outside,
        # which is not there: its own group is then the root.
        parts = PurePosixPath(path.lstrip("/")).parts
        inside = () if ".." in parts else parts
        for depth in range(len(inside) + 1):
            # Files of another form, or none: no bound is known.
            try:
                cores = quota(root.joinpath(*inside[:depth]))
            except (OSError, ValueError, ArithmeticError):
                continue
            if cores > 0.0:
                yield cores


def _quota_of_version_2(group: Path) -> float:
    """Return the cores of ``cpu.max``: "max 100000", or microseconds and of how many."""
    quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
    return float(int(quota) / int(period))


def _quota_of_version_1(group: Path) -> float:
    """Return the cores of ``cpu.cfs_quota_us``, -1 where there is no bound."""
    quota, period = (
        int((group / f"cpu.cfs_{name}_us").read_text(encoding="ascii"))
        for name in ("quota", "period")
    )
    return quota / period
