"""A device whose errors are a multiple of those it reports, for circuits compiled for itself."""

from __future__ import annotations

from typing import Any

from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from rzqiskit.validation import check_non_negative

__all__ = ["ScaledDevice"]

# Errors saturate: of the readings a half, which says nothing, of the gates' results all.
_MOST = {"measure": 0.5}


class ScaledDevice:
    """What `NoisySampler` needs of a device, with every error multiplied.

    Error probabilities of gates and readings are multiplied by `scale`, T1 and T2 divided by it.
    What has no room for more, as couplings that the device reports as broken or readings that are
    hardly better than chance, stays at the largest error, full depolarisation. Compile for the
    device itself, so that all scales run the same circuits.

    Args:
        backend: anything with a ``target``, and ``properties()`` where it has them.
        scale: not negative; 0 is the device without noise.

    Attributes:
        target: the device's, with other errors.

    Raises:
        TypeError: a scale that is no real number.
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
        self.target = _scaled_target(backend.target, self._scale)

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
            name: (_scaled(value, self._scale, "measure"), *rest)
            for name, (value, *rest) in self._reported.qubit_property(qubit).items()
            if name in ("prob_meas1_prep0", "prob_meas0_prep1")
        }


def _scaled_target(target: Target, scale: float) -> Target:
    given = target.qubit_properties
    scaled = Target(
        num_qubits=target.num_qubits,
        dt=target.dt,
        qubit_properties=[_scaled_times(entry, scale) for entry in given] if given else None,
    )
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        if isinstance(operation, type):  # control flow: acts anywhere and has no error
            scaled.add_instruction(operation, name=name)
            continue
        entries = {}
        for places, entry in target[name].items():
            if entry is not None and entry.error is not None:
                entry = InstructionProperties(entry.duration, _scaled(entry.error, scale, name))
            entries[places] = entry
        scaled.add_instruction(operation, entries, name=name)
    return scaled


def _scaled_times(entry: Any, scale: float) -> Any:
    if entry is None or scale == 0.0:
        return QubitProperties(frequency=None if entry is None else entry.frequency)
    t1, t2 = (None if time is None else time / scale for time in (entry.t1, entry.t2))
    return QubitProperties(t1=t1, t2=t2, frequency=entry.frequency)


def _scaled(error: float, scale: float, operation: str) -> float:
    # An error beyond the largest is the device's own affair, and grows no further.
    return min(error * scale, max(error, _MOST.get(operation, 1.0)))
