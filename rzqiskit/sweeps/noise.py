"""The noise of a sweep of circuits: none, or that of a fake device, simulated by Aer."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import FloatArray, check_integer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NO_NOISE", "check_noise", "check_width", "noise_provenance", "run_noisy"]

NO_NOISE = "none"


def check_noise(names: Iterable[str]) -> None:
    """Raise unless every name is "none" or that of a fake device.

    Args:
        names: such as "FakeTorino" or "fake_torino".

    Raises:
        ValueError: an unknown name; the message lists near ones.

    Examples:
        >>> check_noise(["none", "FakeTorino"])
        >>> check_noise(["FakeTorinno"])
        Traceback (most recent call last):
        ValueError: `noise` must be 'none' or a known fake device, got 'FakeTorinno'; did you mean fake_torino?
    """  # noqa: E501
    for name in dict.fromkeys(names):
        if name != NO_NOISE:
            try:
                _device(name)
            except ValueError as error:
                text = str(error).replace("`backend` must be", "`noise` must be 'none' or", 1)
                raise ValueError(text) from None


def check_width(num_qubits: int, names: Iterable[str]) -> None:
    """Raise where no battery of that width can be simulated with any of these noises.

    Args:
        num_qubits: N.
        names: as for `check_noise`, of known devices.

    Raises:
        ValueError: more cells than fit in memory, or on a line of coupled qubits of any device.

    Examples:
        >>> check_width(6, ["none", "FakeManilaV2"])
        >>> check_width(6, ["FakeManilaV2"])
        Traceback (most recent call last):
        ValueError: `num_qubits` must be at most 5 for the noise of FakeManilaV2, whose longest line of coupled qubits it is, got 6.
    """  # noqa: E501
    from rzqiskit.execution.noise import MAX_NOISY_QUBITS, check_noisy_qubits

    distinct = dict.fromkeys(names)
    if NO_NOISE in distinct:
        return
    widest = {name: _widest(name, min(num_qubits, MAX_NOISY_QUBITS)) for name in distinct}
    name = max(widest, key=widest.__getitem__)
    if widest[name] == MAX_NOISY_QUBITS:
        check_noisy_qubits(num_qubits)
    if widest[name] < num_qubits:
        raise ValueError(
            f"`num_qubits` must be at most {widest[name]} for the noise of {name}, whose longest "
            f"line of coupled qubits it is, got {num_qubits}."
        )


def noise_provenance(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what the noise of a sweep was made of: device by device, without "none".

    Args:
        names: of the devices.

    Returns:
        Name -> the device's name, version, calibration (date and SHA-256), and the versions of the
        packages that hold it and simulate it.
    """
    return {name: _described(name) for name in dict.fromkeys(names) if name != NO_NOISE}


def run_noisy(
    battery: RosenZenerBattery,
    times: FloatArray,
    noise: str,
    *,
    noise_scale: float,
    seed: int,
    **settings: Any,
) -> xr.Dataset:
    """Return `run_charging` on the noise of a fake device, compiled for it.

    Args:
        battery: what is charged.
        times: shape (num_times,), inverse energy.
        noise: name of the device.
        noise_scale: what its errors are multiplied with, see `ScaledDevice`.
        seed: mixed with the device, the scale, the battery and the circuits' parameters: points of
            a sweep with one seed have independent shots.
        **settings: `shots`, `num_steps`, `order`, `frame`, `spacing`, `slices`.

    Raises:
        ValueError: a setting out of range, a battery too wide for the device.
    """
    from rzqiskit.charging import run_charging
    from rzqiskit.execution.noise import NoisySampler, check_noisy_qubits

    check_noisy_qubits(battery.num_qubits)
    backend, scaled = _device(noise), _scaled_device(noise, noise_scale)
    job = [type(backend).__name__, noise_scale, battery.to_dict(), times.tolist(), settings]
    digest = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).digest()
    random = np.random.default_rng(
        [check_integer("seed", seed, minimum=0), int.from_bytes(digest, "big")]
    )
    sampler = NoisySampler(scaled, seed=random)
    return run_charging(battery, times, sampler=sampler, backend=backend, **settings)


@functools.lru_cache(maxsize=16)
def _device(name: str) -> Any:
    from rzqiskit.execution.runtime.devices import find_fake_device

    return find_fake_device(name)


def _widest(name: str, wanted: int) -> int:
    """Return how many of the cells wanted a line of coupled qubits of a device has room for."""
    fits, too_many = 0, wanted + 1
    tried = wanted
    while too_many - fits > 1:
        if _has_line(name, tried):
            fits = tried
        else:
            too_many = tried
        tried = (fits + too_many) // 2
    return fits


@functools.lru_cache(maxsize=256)
def _has_line(name: str, num_qubits: int) -> bool:
    from rzqiskit.circuits.compilation.layout import best_lines

    target = _device(name).target
    if num_qubits > target.num_qubits:
        return False
    try:
        best_lines(target, num_qubits)
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=64)
def _scaled_device(name: str, scale: float) -> Any:
    from rzqiskit.execution.scaled_noise import ScaledDevice

    return _device(name) if scale == 1.0 else ScaledDevice(_device(name), scale)


@functools.lru_cache(maxsize=16)
def _described(name: str) -> dict[str, Any]:
    backend = _device(name)
    properties = backend.properties()
    calibration = json.dumps(properties.to_dict(), sort_keys=True, default=str)
    packages = ("qiskit-ibm-runtime", "qiskit-aer")
    return {
        "device": backend.name,
        "version": str(backend.backend_version),
        "calibrated": properties.last_update_date.isoformat(),
        "calibration_sha256": hashlib.sha256(calibration.encode()).hexdigest(),
        **{package: importlib.metadata.version(package) for package in packages},
    }
