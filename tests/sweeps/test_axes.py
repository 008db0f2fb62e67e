"""Every parameter as a dim, with every solver for which it means something."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from rzqiskit.analytic import evolve_analytic
from rzqiskit.charging import run_charging
from rzqiskit.drives import GaussianDrive, SineSquaredDrive
from rzqiskit.exact import evolve_exact
from rzqiskit.model import RosenZenerBattery
from rzqiskit.sweeps import SweepSpecification, sweep
from rzqiskit.sweeps.toml_specification import parse_specification

DRIVE = SineSquaredDrive(17.0, 0.1 * np.pi)
BASE: dict[str, Any] = {"drive": DRIVE, "num_qubits": 3, "interaction": 1.5}
FIXED = {
    "exact": {},
    "analytic": {"num_times": 9, "method": "second-order"},
    "circuit": {"num_times": 9, "shots": 300},
}
OF_BATTERY = {
    "num_qubits": [2, 4],
    "drive_amplitude": [10.0, 25.0],
    "drive_period": [0.2, 0.4],
    "interaction": [0.0, 2.5],
    "level_splitting": [0.5, 1.5],
    "pair_counting": ["ordered", "unordered"],
}
OF_CIRCUITS = {
    "num_steps": [1, 3],
    "order": [1, 4],
    "frame": ["mean-field", "lab"],
    "spacing": ["time", "area"],
    "slices": ["each", "shared"],
    "shots": [100, 200],
    "seed": [1, 2],
}
QUANTITIES = ["maximum_stored_energy", "final_energy_fluctuation"]


def alone(solver: str, changes: dict[str, Any]):
    """Return the Dataset of one point, by the solver itself."""
    point = BASE | FIXED[solver] | changes
    fields = {n.removeprefix("drive_"): v for n, v in changes.items() if n.startswith("drive_")}
    drive = dataclasses.replace(DRIVE, **fields)
    names = ("num_qubits", "interaction", "level_splitting", "pair_counting")
    battery = RosenZenerBattery(drive=drive, **{n: point[n] for n in names if n in point})
    times = np.linspace(0.0, drive.duration, point.get("num_times", 2))
    if solver == "exact":
        return evolve_exact(battery, times)
    if solver == "analytic":
        return evolve_analytic(battery, times, method=point.get("method", "leading"))
    settings = {"num_steps": 8, "order": 2, "seed": 0} | {
        n: point[n] for n in OF_CIRCUITS if n in point
    }
    return run_charging(battery, times, **settings)


@pytest.mark.parametrize(
    ("solver", "name", "values"),
    [
        *((solver, name, values) for solver in FIXED for name, values in OF_BATTERY.items()),
        *(("circuit", name, values) for name, values in OF_CIRCUITS.items()),
        ("analytic", "method", ["leading", "second-order"]),
    ],
)
def test_a_dim_of_this_parameter(solver, name, values) -> None:
    data = sweep(BASE | FIXED[solver] | {name: values}, solver=solver, quantities=QUANTITIES)
    assert data.final_energy_fluctuation.dims == (name,)
    assert data[name].values.tolist() == values
    assert (data.failure == "").all()
    for index, value in enumerate(values):
        expected = alone(solver, {name: value})
        for quantity in QUANTITIES:
            # Circuits and formulas are the same calls; the exact kernels run in lanes here.
            tolerance = 1e-9 if solver == "exact" else 0.0
            assert data[quantity].values[index] == pytest.approx(
                expected[quantity].item(), abs=tolerance, rel=tolerance
            )
    first, second = data.final_energy_fluctuation.values
    assert first != second


@pytest.mark.parametrize(
    ("solver", "name", "value"),
    [
        *(("exact", name, values) for name, values in OF_CIRCUITS.items()),
        *(("analytic", name, values) for name, values in OF_CIRCUITS.items()),
        ("exact", "noise", ["none"]),
        ("analytic", "noise", ["none"]),
        ("exact", "noise_scale", [0.5]),
        ("analytic", "noise_scale", 2.0),
        ("exact", "method", ["paper"]),
        ("circuit", "tolerance", 1e-8),
        ("exact", "drive_width", [1.0]),
    ],
)
def test_a_parameter_without_meaning_is_refused(solver, name, value) -> None:
    with pytest.raises(TypeError, match=f"`{name}` must be a parameter of this sweep") as info:
        SweepSpecification.build(BASE | {name: value}, solver=solver)
    users = {"tolerance": "'exact'", "method": "'analytic'", "drive_width": None}
    owner = users.get(name, "'circuit'")
    assert ("it is one of the solver" in str(info.value)) == (owner is not None)
    assert owner is None or f"; it is one of the solver {owner}." in str(info.value)


def test_values_out_of_range_fail_one_by_one() -> None:
    grid = BASE | FIXED["circuit"] | {"order": [2, 3], "num_steps": [2, 0], "seed": [0, -1]}
    data = sweep(grid, solver="circuit", quantities=QUANTITIES)
    assert data.failure.values[0, 0, 0] == ""
    assert "`seed` must be a non-negative integer, got -1" in data.failure.values[0, 0, 1]
    assert "`num_steps` must be a positive integer, got 0" in data.failure.values[0, 1, 0]
    assert data.failure.values[1, 0, 0].startswith("`order` must be one of")
    assert int((data.failure != "").sum()) == 7
    assert np.array_equal(np.isnan(data.maximum_stored_energy), data.failure != "")


def test_fields_of_other_drives() -> None:
    drive = GaussianDrive(5.0, 0.5, 0.2, 1.0)
    data = sweep(
        {"drive": drive, "num_qubits": 2, "drive_width": [0.1, 0.3]}, quantities=QUANTITIES
    )
    battery = RosenZenerBattery(num_qubits=2, drive=dataclasses.replace(drive, width=0.3))
    expected = evolve_exact(battery, [1.0]).maximum_stored_energy.item()
    assert data.maximum_stored_energy.values[1] == pytest.approx(expected, abs=1e-9)


def test_the_same_axes_in_toml() -> None:
    specification = parse_specification(
        """
        solver = "circuit"
        [drive]
        shape = "SineSquaredDrive"
        amplitude = [10, 25]
        period = [0.2, 0.4]
        [battery]
        num_qubits = [2, 4]
        interaction = [0, 2.5]
        level_splitting = [0.5, 1.5]
        pair_counting = ["ordered", "unordered"]
        [settings]
        num_steps = [1, 3]
        order = [1, 4]
        frame = ["mean-field", "lab"]
        spacing = ["time", "area"]
        slices = ["each", "shared"]
        shots = [100, 200]
        seed = { range = [1, 3, 1] }
        noise = ["none", "FakeManilaV2"]
        """
    )
    expected = OF_BATTERY | OF_CIRCUITS | {"noise": ["none", "FakeManilaV2"]}
    assert set(specification.dims) == set(expected)
    assert {name: values.tolist() for name, values in specification.axes.items()} == expected
