"""Small Datasets of the schema, closed forms, and no window on any screen."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from rzqiskit.drives import SineSquaredDrive
from rzqiskit.model import RosenZenerBattery
from rzqiskit.schema import METRICS, make_dataset, provenance


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    with mpl.rc_context({"backend": "Agg"}):
        yield
        plt.close("all")


@pytest.fixture
def make_result():
    """Metric number i is (i + 1) * (1 + t), the same with the given errors when measured."""

    def make(
        times: np.ndarray, *, stderr: float | None = None, level_splitting: float = 1.0
    ) -> xr.Dataset:
        battery = RosenZenerBattery(
            num_qubits=2, drive=SineSquaredDrive(20.0, 1.0), level_splitting=level_splitting
        )
        population = np.stack([1.0 - times / 2, times / 4, times / 4], axis=-1)
        variables = {"population": (("time", "excitations"), population)}
        for index, name in enumerate(METRICS):
            variables[name] = (("time",), (index + 1.0) * (1.0 + times))
            if stderr is not None:
                variables[f"{name}_stderr"] = (("time",), np.full(times.size, stderr))
        coords = {"time": (("time",), times), "excitations": (("excitations",), np.arange(3))}
        return make_dataset(variables, coords, provenance(battery))

    return make


@pytest.fixture
def make_report(make_result):
    """Exact and leading nodes on 9 times, circuits on every second, for some amplitudes."""

    def make(amplitudes: list[float] | None, *, stderr: float | None = 0.1) -> xr.DataTree:
        times = np.linspace(0.0, 1.0, 9)
        nodes = {
            "exact": make_result(times),
            "analytic/leading": make_result(times) * 1.1,
            "circuit": make_result(times[::2], stderr=stderr),
        }
        nodes["analytic/leading"].attrs = nodes["exact"].attrs
        if amplitudes is not None:
            index = xr.DataArray(amplitudes, dims="drive_amplitude", name="drive_amplitude")
            nodes = {
                name: xr.concat([data] * len(amplitudes), index, data_vars="all", coords="minimal",
                                compat="override", join="exact")
                for name, data in nodes.items()
            }  # fmt: skip
        return xr.DataTree.from_dict(nodes)

    return make
