"""The check that a backend is one."""

from __future__ import annotations

from typing import Any

from qiskit.transpiler import Target

__all__ = ["check_target"]


def check_target(backend: Any) -> Target:
    """Return the target of a backend.

    Args:
        backend: a device, a fake, a snapshot.

    Raises:
        TypeError: it has none, such as a name.

    Examples:
        >>> check_target("fake_torino")
        Traceback (most recent call last):
        TypeError: `backend` must have a target, got str.
    """
    target = getattr(backend, "target", None)
    if not isinstance(target, Target):
        raise TypeError(f"`backend` must have a target, got {type(backend).__name__}.")
    return target
