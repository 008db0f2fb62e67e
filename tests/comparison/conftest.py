"""Independent cells (no interaction): every population is a binomial distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.estimation import estimate_metrics
from rzqiskit.schema import make_dataset

PERIOD = 0.1 * np.pi
Maker = Callable[..., xr.Dataset]


def _populations(angle: np.ndarray, num_qubits: int) -> np.ndarray:
    p = binom.pmf(np.arange(num_qubits + 1), num_qubits, 0.5 * (1.0 - np.cos(angle))[:, None])
    return p / p.sum(axis=-1, keepdims=True)


@pytest.fixture
def make_model() -> Maker:
    """Closed forms of cells that the drive alone turns; `excess` turns them too far."""

    def make(
        times: np.ndarray, *, num_qubits: int = 6, amplitude: float = 20.0, excess: float = 0.0
    ) -> xr.Dataset:
        drive = SineSquaredDrive(amplitude, PERIOD)
        angle = (1.0 + excess) * drive.area(0.0, times)
        p = _populations(angle, num_qubits)
        energy = 0.5 * num_qubits * (1.0 - np.cos(angle))
        bits = -np.log2(p, out=np.zeros_like(p), where=p > 0.0)
        values = {
            "stored_energy": energy,
            "average_power": np.divide(energy, times, out=np.zeros_like(times), where=times > 0),
            "instantaneous_power": drive.value(times) * 0.5 * num_qubits * np.sin(angle),
            "energy_fluctuation": 0.5 * np.sqrt(num_qubits) * np.abs(np.sin(angle)),
            "diagonal_entropy": np.sum(p * bits, axis=-1),
        }
        return make_dataset(
            {"population": (("time", "excitations"), p)}
            | {name: (("time",), value) for name, value in values.items()},
            {
                "time": (("time",), times),
                "excitations": (("excitations",), np.arange(num_qubits + 1)),
            },
            {},
        )

    return make


@pytest.fixture
def make_measurement() -> Maker:
    """Counts drawn from the same cells, and the metrics estimated from them."""

    def make(
        times: np.ndarray,
        *,
        rng: np.random.Generator,
        shots: int = 4096,
        num_qubits: int = 6,
        amplitude: float = 20.0,
        excess: float = 0.0,
    ) -> xr.Dataset:
        drive = SineSquaredDrive(amplitude, PERIOD)
        angle = (1.0 + excess) * drive.area(0.0, times)
        counts = rng.multinomial(shots, _populations(angle, num_qubits))
        # Turned by a quarter more, the polar angle shows what the Y axis would have shown.
        counts_y = rng.multinomial(shots, _populations(angle + 0.5 * np.pi, num_qubits))
        estimates = estimate_metrics(
            counts, level_splitting=1.0, times=times, counts_y=counts_y,
            drive_values=drive.value(times),
        )  # fmt: skip
        variables = {
            "counts": (("time", "excitations"), counts),
            "counts_y": (("time", "excitations"), counts_y),
        }
        for name, (values, errors) in estimates.items():
            dims = ("time", "excitations") if name == "population" else ("time",)
            variables |= {name: (dims, values), f"{name}_stderr": (dims, errors)}
        return make_dataset(
            variables,
            {
                "time": (("time",), times),
                "excitations": (("excitations",), np.arange(num_qubits + 1)),
            },
            {},
        )

    return make
