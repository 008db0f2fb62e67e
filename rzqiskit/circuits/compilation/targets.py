"""The checks that a backend is one, and that it has the gates of a circuit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qiskit.circuit import QuantumCircuit
from qiskit.transpiler import Target

__all__ = ["check_gates", "check_target"]

_NO_GATES = {"barrier", "delay", "measure", "reset"}


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


def check_gates(circuits: Iterable[QuantumCircuit], backend: Any) -> None:
    """Raise where a circuit has gates that a backend has not.

    Simulators of a device's noise run many of them all the same, as gates without errors.

    Args:
        circuits: measured circuits.
        backend: one with a target; whatever has none is not asked.

    Raises:
        ValueError: a circuit that is not compiled for it.

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
        >>> circuit = QuantumCircuit(1)
        >>> _ = circuit.rx(0.1, 0)
        >>> check_gates([circuit], FakeManilaV2())
        Traceback (most recent call last):
        ValueError: `circuits` must be compiled for fake_manila, as with `backend` in `run_charging`, got the gate rx.
    """  # noqa: E501
    target = getattr(backend, "target", None)
    if not isinstance(target, Target):
        return
    known = _NO_GATES | set(target.operation_names)
    for circuit in circuits:
        unknown = [name for name in circuit.count_ops() if name not in known]
        if unknown:
            raise ValueError(
                f"`circuits` must be compiled for {getattr(backend, 'name', type(backend))}, as "
                f"with `backend` in `run_charging`, got the gate {unknown[0]}."
            )
