"""A device whose errors are a multiple of those it reports, for circuits compiled for itself."""

from __future__ import annotations

import math
from typing import Any

from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from rzqiskit.circuits.compilation.targets import check_target
from rzqiskit.validation import check_non_negative

__all__ = ["ScaledDevice"]

# T1 and T2 in units of the shortest gate, below which nothing is left of any state, to the last
# digit and past it.
_SHORTEST_TIME = 1e-3
# Share of a state that relaxation leaves, below which an error of the gate itself adds nothing.
_RELAXED = 1e-9


class ScaledDevice:
    """What `NoisySampler` needs of a device, with every error multiplied.

    Error probabilities of gates and readings are multiplied by `scale`, T1 and T2 divided by it.
    Errors end at full depolarisation, or at what the device reports where that is more, as for
    couplings that it calls broken. Where T1 is far shorter than a gate, relaxation alone takes all
    states to the ground state. Compile for the device itself, so that all scales run the same
    circuits.

    Args:
        backend: anything with a ``target``, and ``properties()`` where it has them.
        scale: not negative; 0 is the device without noise.

    Attributes:
        target: the device's, with other errors.

    Raises:
        TypeError: a backend without a target, a scale that is no real number.
        ValueError: a scale that is negative or not finite.

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
        >>> device = FakeManilaV2()
        >>> half = ScaledDevice(device, 0.5)
        >>> half.target["cx"][0, 1].error / device.target["cx"][0, 1].error
        0.5
        >>> round(half.target.qubit_properties[0].t1 / device.target.qubit_properties[0].t1, 12)
        2.0
    """

    def __init__(self, backend: Any, scale: float) -> None:
        self._scale = check_non_negative("noise_scale", scale)
        self._backend = backend
        self.target = _scaled_target(check_target(backend), self._scale)

    def properties(self) -> Any:
        """Return the flip probabilities of readings that the device reports; None without any."""
        properties = getattr(self._backend, "properties", None)
        reported = properties() if callable(properties) else None
        return None if reported is None else _ScaledProperties(reported, self._scale)


class _ScaledProperties:
    def __init__(self, reported: Any, scale: float) -> None:
        self._reported, self._scale = reported, scale

    def qubit_property(self, qubit: int) -> dict[str, Any]:
        return {
            name: (_scaled(value, self._scale, 1), *rest)
            for name, (value, *rest) in self._reported.qubit_property(qubit).items()
            if name in ("prob_meas1_prep0", "prob_meas0_prep1")
        }


def _scaled_target(target: Target, scale: float) -> Target:
    given = target.qubit_properties
    durations = [
        entry.duration
        for name in target.operation_names
        for entry in (target[name] or {}).values()
        if entry is not None and entry.duration
    ]
    shortest = _SHORTEST_TIME * min(durations, default=0.0)
    times = [_scaled_times(entry, scale, shortest) for entry in given] if given else None
    scaled = Target(num_qubits=target.num_qubits, dt=target.dt, qubit_properties=times)
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        if isinstance(operation, type):  # control flow: acts anywhere and has no error
            scaled.add_instruction(operation, name=name)
            continue
        entries = {}
        for places, entry in target[name].items():
            if entry is not None and entry.error is not None:
                error = _scaled(entry.error, scale, len(places))
                if name != "measure" and times is not None and entry.duration:
                    error = _beside_relaxation(error, [times[q] for q in places], entry.duration)
                entry = InstructionProperties(entry.duration, error)
            entries[places] = entry
        scaled.add_instruction(operation, entries, name=name)
    return scaled


def _scaled_times(entry: Any, scale: float, shortest: float) -> Any:
    if entry is None or scale == 0.0:
        return QubitProperties(frequency=None if entry is None else entry.frequency)
    t1, t2 = (
        None if time is None else max(time / scale, min(time, shortest))
        for time in (entry.t1, entry.t2)
    )
    return QubitProperties(t1=t1, t2=t2, frequency=entry.frequency)


def _scaled(error: float, scale: float, num_qubits: int) -> float:
    # An error beyond full depolarisation is the device's own affair, and grows no further.
    return min(error * scale, max(error, _full_depolarisation(num_qubits)))


def _full_depolarisation(num_qubits: int) -> float:
    """Return its average gate infidelity, or that of a reading that says nothing."""
    return 1.0 - 0.5**num_qubits


def _beside_relaxation(error: float, times: list[Any], duration: float) -> float:
    """Return the error, without what no gate can add once relaxation has left nothing.

    Aer divides by what is left.
    """
    left = 0.0
    for entry in times:
        for time in (entry.t1, entry.t2):
            left = max(left, math.exp(-duration / time) if time else 1.0)
    return min(error, _full_depolarisation(len(times))) if left < _RELAXED else error
