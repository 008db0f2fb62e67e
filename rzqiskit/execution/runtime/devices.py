"""Devices by name: fakes, rehearsals on fakes, and IBM's through the user's saved account."""

from __future__ import annotations

import difflib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qiskit.primitives import BaseSamplerV2
from qiskit_ibm_runtime import QiskitRuntimeService, fake_provider
from qiskit_ibm_runtime.accounts.exceptions import AccountNotFoundError
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.options_models import SamplerOptions

from rzqiskit.execution.runtime.fractional import add_fractional_gates
from rzqiskit.execution.runtime.rehearsal import RehearsalService
from rzqiskit.validation import check_integer, check_seed

__all__ = [
    "LOCAL_PREFIX",
    "Device",
    "check_runtime_options",
    "device_of",
    "find_fake_device",
    "is_rehearsal",
    "load_calibration",
    "make_runtime_sampler",
    "open_device",
]

LOCAL_PREFIX = "local:"
_SEED_BOUND = 2**31
# On the safe side: nothing is lost by waiting, and a job that is taken for lost is paid twice.
_SETTLING_TIME = 300.0
_NEAR_NAMES = 4
_NEARNESS = 0.6  # below, names share a few letters by chance
_WHERE_FAKES_ARE = "`dir(qiskit_ibm_runtime.fake_provider)` in Python lists them all."


@dataclass(frozen=True)
class Device:
    """A device that takes jobs.

    Attributes:
        name: what `open_device` finds it by.
        backend: the runtime's backend, with a ``target``.
        service: where its jobs are, by id and by tag.
        fractional_gates: whether it shows its fractional gates.
        settling_time: seconds after which a job that was accepted is found by id and by tag.
    """

    name: str
    backend: Any
    service: Any
    fractional_gates: bool = False
    settling_time: float = _SETTLING_TIME

    @property
    def instance(self) -> str | None:
        """The cloud instance through which the device is used."""
        try:
            instance = self.backend._instance  # the runtime has no public name for it
        except AttributeError:
            # Without it a run would be looked for elsewhere than it was sent to.
            raise RuntimeError(
                "`qiskit-ibm-runtime` must be a version whose backends know their instance "
                f"(IBMBackend._instance), got {importlib.metadata.version('qiskit-ibm-runtime')}."
            ) from None
        return None if instance is None else str(instance)

    @property
    def calibration_time(self) -> str | None:
        """When the device was last calibrated, as far as it tells."""
        properties = self.backend.properties()
        date = getattr(properties, "last_update_date", None)
        return None if date is None else str(date.isoformat())

    @property
    def max_circuits(self) -> int | None:
        """Most circuits of one job."""
        own = self.backend.max_circuits
        given = getattr(self.backend.configuration(), "max_experiments", None)
        return min((int(limit) for limit in (own, given) if limit), default=None)

    @property
    def max_shots(self) -> int | None:
        """Most shots of one circuit in a job."""
        given = getattr(self.backend.configuration(), "max_shots", None)
        return int(given) if given else None

    @property
    def repetition_delay(self) -> float:
        """Seconds between two shots, if nothing else is asked for."""
        return float(getattr(self.backend.configuration(), "default_rep_delay", None) or 0.0)


def find_fake_device(name: str, *, fractional_gates: bool = False) -> FakeBackendV2:
    """Return the fake backend of a name, ``fake_torino`` and ``FakeTorino`` alike.

    Args:
        name: upper and lower case, underscores and the "fake" at its start do not matter.
        fractional_gates: whether it has RZZ and RX of any angle, see `add_fractional_gates`.

    Returns:
        The fake: a snapshot of the device's gates, couplings and calibration.

    Raises:
        TypeError: no name.
        ValueError: there is none of the name; the message names near ones. Fractional gates that
            the device cannot have.

    Examples:
        >>> find_fake_device("FakeTorino").name, find_fake_device("torino").num_qubits
        ('fake_torino', 133)
    """
    if not isinstance(name, str):
        raise TypeError(f"`backend` must be the name of a fake device, got {type(name).__name__}.")
    classes = _fake_classes()
    key = _key(name)
    if key not in classes:
        near = difflib.get_close_matches(key, classes, n=_NEAR_NAMES, cutoff=_NEARNESS)
        hint = " or ".join(f"fake_{name}" for name in near)
        hint = f"did you mean {hint}?" if near else _WHERE_FAKES_ARE
        raise ValueError(f"`backend` must be a known fake device, got {name!r}; {hint}")
    fake = classes[key]()
    return add_fractional_gates(fake) if fractional_gates else fake


def is_rehearsal(name: str) -> bool:
    """Return whether the name is that of a fake device, whose jobs stay on this machine.

    Args:
        name: as for `open_device`.

    Examples:
        >>> is_rehearsal("local:FakeTorino"), is_rehearsal("fake_fez"), is_rehearsal("ibm_fez")
        (True, True, False)
    """
    return name.startswith(LOCAL_PREFIX) or name.lower().startswith("fake")


def open_device(
    name: str,
    folder: Path,
    *,
    instance: str | None = None,
    fractional_gates: bool = False,
    seed: int | None = None,
) -> Device:
    """Return a device that takes jobs.

    Args:
        name: ``local:FakeTorino`` (or just the fake's name) for a rehearsal, whose jobs are kept
            in `folder`; else the name of a device of the user's saved account.
        folder: where a rehearsal keeps its jobs.
        instance: the cloud instance to use; the account's own choice when None.
        fractional_gates: whether the device shows its fractional gates instead of its dynamic
            circuits.
        seed: fixes the shots of a rehearsal; None elsewhere.

    Returns:
        The device.

    Raises:
        ValueError: unknown name, no saved account, an account that does not work, fractional
            gates or a seed where there are none.
    """
    if is_rehearsal(name):
        fake = find_fake_device(name.removeprefix(LOCAL_PREFIX), fractional_gates=fractional_gates)
        if seed is not None:
            seed = check_integer("seed", seed, minimum=0)
        service: Any = RehearsalService(folder, fake, seed=seed)
        backend = service.backend(use_fractional_gates=fractional_gates)
        name = f"{LOCAL_PREFIX}{type(fake).__name__}"
        return Device(name, backend, service, fractional_gates, settling_time=0.0)
    if seed is not None:
        raise ValueError("`seed` must be None on a device: nature draws the shots.")
    service = _saved_service(instance)
    try:
        backend = service.backend(name, use_fractional_gates=fractional_gates)
    except Exception as error:
        # By the kind of the error alone, as in `_saved_service`.
        raise ValueError(
            f"`backend` must be a device of the saved account{_near_devices(service, name)} or a "
            f"fake ({LOCAL_PREFIX}FakeTorino), got {name!r} ({type(error).__name__})."
        ) from None
    return Device(name, backend, service, fractional_gates)


def device_of(
    backend: Any, folder: Path, *, fractional_gates: bool = False, seed: int | None = None
) -> Device:
    """Return the device that a backend object stands for.

    Args:
        backend: one of the runtime's backends, or a fake for a rehearsal.
        folder: where a rehearsal keeps its jobs.
        fractional_gates: as for `open_device`; a device's own object decides by itself.
        seed: fixes the shots of a rehearsal; None elsewhere.

    Returns:
        The device.

    Raises:
        TypeError: another object, whose jobs no other process would find.
        ValueError: a seed where there is none.
    """
    if isinstance(backend, FakeBackendV2):
        name = f"{LOCAL_PREFIX}{type(backend).__name__}"
        return open_device(name, folder, fractional_gates=fractional_gates, seed=seed)
    if not isinstance(backend, IBMBackend):
        raise TypeError(
            "`backend` must be a name, a backend of the runtime or a fake, got "
            f"{type(backend).__name__}."
        )
    if seed is not None:
        raise ValueError("`seed` must be None on a device: nature draws the shots.")
    fractional = bool(backend.options.use_fractional_gates)
    return Device(backend.name, backend, backend.service, fractional)


def load_calibration(device: Device) -> None:
    """Fetch the gates and the calibration of a device, which backends of the cloud do late.

    Raises:
        ValueError: the device does not tell.
    """
    try:
        _ = device.backend.target, device.calibration_time
    except Exception as error:
        raise ValueError(
            f"`backend` must tell its gates and its calibration, got {device.name!r}, which failed "
            f"with {type(error).__name__}."
        ) from None


def check_runtime_options(options: Any) -> dict[str, Any]:
    """Return the sampler options that differ from the runtime's defaults, as JSON can hold them.

    Args:
        options: the runtime's own `SamplerOptions`, or what it is made of.

    Raises:
        ValueError: a key or a value that the runtime does not know; job tags, which are ours; a
            noise model of the runtime's, which no file holds.

    Examples:
        >>> check_runtime_options({"twirling": {"enable_gates": True}})
        {'twirling': {'enable_gates': True}}
    """
    if options is None:
        return {}
    if not isinstance(options, SamplerOptions):
        if not isinstance(options, Mapping):
            raise TypeError(
                f"`options` must be SamplerOptions or a mapping, got {type(options).__name__}."
            )
        try:
            options = SamplerOptions(**options)
        except ValueError as error:
            raise ValueError(f"`options` must be the runtime's sampler options: {error}") from None
    if options.environment.job_tags:
        raise ValueError("`options` must not have job tags: jobs are found again by our own.")
    if options.simulator.layer_noise_model is not None:
        raise ValueError("`options` must not have a noise model: no run folder can hold it.")
    return dict(options.model_dump(mode="json", exclude_defaults=True))


def make_runtime_sampler(
    backend: Any,
    *,
    options: Mapping[str, Any] | SamplerOptions | None = None,
    seed: np.random.Generator | int | None = None,
) -> BaseSamplerV2:
    """Return the runtime's sampler, in local mode for a fake or an Aer simulator.

    Args:
        backend: a device of the runtime, a session or batch, a fake, or an `AerSimulator`.
        options: the runtime's own options, such as ``{"dynamical_decoupling": {"enable": True}}``.
        seed: fixes the shots in local mode, see `run_pubs`; None elsewhere.

    Returns:
        The sampler. In local mode readout errors are symmetric, and all pubs of one job have the
        same shot noise unless run by `run_pubs`; `NoisySampler` has neither flaw.

    Raises:
        ValueError: options that the runtime does not know; a seed on a device.
    """
    sampler = Sampler(mode=backend, options=SamplerOptions(**check_runtime_options(options)))
    if sampler._service.is_local:
        # The default rounds every angle, for simulators of Clifford circuits.
        sampler.options.simulator.angle_decimals = 12
        if seed is not None:
            sampler.options.simulator.seed_simulator = int(check_seed(seed).integers(_SEED_BOUND))
    elif seed is not None:
        raise ValueError("`seed` must be None on a device: nature draws the shots.")
    return sampler


def _saved_service(instance: str | None) -> Any:
    try:
        return QiskitRuntimeService(instance=instance)
    except AccountNotFoundError:
        raise ValueError(
            "`backend` must be a fake without a saved account. Save one once, in Python: "
            "`from qiskit_ibm_runtime import QiskitRuntimeService; "
            'QiskitRuntimeService.save_account(channel="ibm_quantum_platform", token=<yours>)`.'
        ) from None
    except Exception as error:
        # The text of the error may quote what was sent: say its kind only.
        raise ValueError(
            "`backend` must be reachable through the saved account, which failed with "
            f"{type(error).__name__}."
        ) from None


def _near_devices(service: Any, name: str) -> str:
    """Return the names of an account's devices that are near to one, or all, in brackets."""
    try:
        known = [backend.name for backend in service.backends()]
    except Exception:  # no network: no list
        return ""
    near = difflib.get_close_matches(name, known, n=_NEAR_NAMES, cutoff=0.4) or known
    return f" ({', '.join(near)})" if near else ", which has none at present,"


def _key(name: str) -> str:
    return name.lower().replace("_", "").removeprefix("fake").removesuffix("v2")


def _fake_classes() -> dict[str, type[FakeBackendV2]]:
    return {
        _key(name): value
        for name, value in vars(fake_provider).items()
        if isinstance(value, type)
        and issubclass(value, FakeBackendV2)
        and value is not FakeBackendV2
    }
