"""The how-to pages run as they are printed, and the reference leaves no public name out.

Each page's Python blocks run in order in one namespace, its console lines go to the command line,
its TOML blocks are the file study.toml. What a page then must hold is checked per page, mostly
against `evolve_exact` of the same battery.
"""

import doctest
import importlib.util
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import rzqiskit as rz
from rzqiskit.cli.app import app
from rzqiskit.sweeps import load_specification

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO = DOCS / "how-to"
BLOCK = re.compile(r"^```(python|console|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_page(page: Path) -> dict[str, Any]:
    """Run a page in the current folder and return its namespace."""
    # A dataclass looks its module up, so the namespace belongs to one.
    names: dict[str, Any] = {"__name__": "builtins"}
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "toml":
            Path("study.toml").write_text(text, encoding="utf-8")
        elif kind == "python":
            exec(compile(text, page.name, "exec"), names)
        else:
            for line in text.splitlines():
                program, *arguments = shlex.split(line.removeprefix("$ "))
                assert program == "rzqiskit"
                result = CliRunner().invoke(app, arguments)
                assert result.exit_code == 0, result.output
    return names


def check_first_comparison(names: dict[str, Any]) -> None:
    assert {path.suffix for path in Path("first").iterdir()} >= {".png", ".nc"}
    deviation = names["deviation"]
    assert {"trotter", "shots", "circuit", "leading", "paper"} == set(deviation.comparison.values)
    # The slices are far below the shots: the verdict tells of the counts alone (5 metrics at 1 %
    # each, seed fixed; a page whose seed fails would say so).
    assert deviation.largest_deviation.sel(comparison="trotter", metric="stored_energy") < 5e-3
    assert (names["p_values"] > 1e-6).all()


def check_contour_map(names: dict[str, Any]) -> None:
    data = names["data"]
    assert Path("map.png").stat().st_size > 10_000
    point = data.sel(drive_amplitude=30.0, drive_period=0.6, method="nearest")
    drive = rz.SineSquaredDrive(point.drive_amplitude.item(), point.drive_period.item())
    battery = rz.RosenZenerBattery(num_qubits=10, drive=drive, interaction=2.0)
    alone = rz.evolve_exact(battery, [drive.period])
    assert abs(point.maximum_stored_energy - alone.maximum_stored_energy) < 1e-8
    plt.close("all")


def check_fake_device(names: dict[str, Any]) -> None:
    # N = 5 and two layers: at least a gate for each of 10 pairs, at most three.
    assert 20 <= names["num_gates"] <= 60
    difference = names["measured"].stored_energy - names["exact"].stored_energy
    # Some tenths by the noise, 0.05 by the shots; noise takes from a battery that is nearly full.
    assert (abs(difference) < 1.0).all()
    assert -1.0 < difference[-1] < -0.05
    assert 0.01 < names["best"].device_error < 0.5
    assert names["budget"].bias == pytest.approx(names["shown"], rel=0.1)
    assert names["turned"][-1].count_ops()["rzz"] >= 4
    assert {path.name for path in Path("on_fez").iterdir()} == {"compare.png", "compare.nc"}


def check_submit_a_run(names: dict[str, Any]) -> None:
    # The command line's run and Python's: each folder has its own data.
    with xr.open_datatree("run/charging-all.nc") as tree:
        assert list(tree.children) == ["raw", "readout", "zero_noise", "guided"]
    assert list(names["everything"].children) == ["raw", "readout", "zero_noise", "guided"]
    error = {
        name: float(abs(node.stored_energy - names["exact"].stored_energy).max())
        for name, node in names["everything"].children.items()
    }
    assert error["guided"] < error["raw"]
    # Seed fixed; five of its error bars, one false alarm in 2e6.
    pull = (names["guided"].stored_energy - names["exact"].stored_energy) / (
        names["guided"].stored_energy_stderr
    )
    assert (abs(pull) < 5.0).all()
    assert (names["raw"].total_spin_squared < 6.0 - 0.2).all()
    difference = abs(names["other"].stored_energy - names["guided"].stored_energy)
    assert (difference > 0.0).all()
    assert (difference < names["guided"].stored_energy_stderr).all()


def check_own_pulse(names: dict[str, Any]) -> None:
    own, sampled = names["own"], names["sampled"]
    start, stop = np.array([0.0, 0.1, 0.35]), np.array([0.4, 0.3, 0.2])
    quadrature = rz.Drive._area(own, start, stop)
    np.testing.assert_allclose(own.area(start, stop), quadrature, atol=1e-12)
    # 80 straight pieces lose pi^2/12/80^2 of the area.
    assert abs(sampled.area(0.0, 0.4) / own.area(0.0, 0.4) - 1.0) < 2e-4
    smooth = names["smooth"].maximum_stored_energy.item()
    assert abs(names["charged"].maximum_stored_energy.item() - smooth) < 1e-3
    assert abs(names["counted"].maximum_stored_energy.item() - smooth) < 0.2


def check_million_cells(names: dict[str, Any]) -> None:
    assert abs(names["weight"] - 1.0) < 1e-9
    middle = names["first"] + names["packet"].sizes["window"] / 2
    assert abs(middle / names["packet"].stored_energy.item() - 1.0) < 1e-3
    error = names["layers"].stored_energy.item() - names["final"]
    assert 0.0 < abs(error) < 1e-2
    measured = names["measured"]
    exact = rz.evolve_exact(names["million"], [names["drive"].period])
    pull = (measured.stored_energy - exact.stored_energy) / measured.stored_energy_stderr
    assert abs(pull.item()) < 5.0  # one false alarm in 2e6


def check_exact_circuits(names: dict[str, Any]) -> None:
    samplers = {"exact": "qiskit_aer.AerSimulator", "own": "rzqiskit.emulator"}
    for (name, sampler), battery in zip(samplers.items(), ("battery", "wide"), strict=True):
        assert names[name].attrs["sampler"] == sampler
        solved = rz.evolve_exact(names[battery], names[name].time.values)
        # The error of the slices is 3e-5.
        assert abs(names[name].stored_energy - solved.stored_energy).max() < 1e-4


def check_sweep(names: dict[str, Any]) -> None:
    assert names["failed"] == 0
    # No coupling charges faster than none, but for the little that the mean field adds.
    free = names["data"].maximum_average_power.sel(interaction=0.0).max("drive_amplitude")
    np.testing.assert_allclose(names["best"], free, rtol=2e-2)
    with xr.open_zarr("from-file.zarr") as stored:
        assert stored.sizes["drive_amplitude"] == 12
    plan = load_specification("study.toml")  # the last file of the page
    assert plan.solver == "circuit"
    assert dict(zip(plan.dims, plan.shape, strict=True)) == {
        "noise": 2, "noise_scale": 2, "num_steps": 2, "seed": 3,
    }  # fmt: skip
    assert plan.parameters["shots"] == 1000
    with xr.open_zarr("circuits.zarr") as stored:
        assert (stored.failure == "").all()
        assert np.ptp(stored.final_stored_energy.values, axis=stored.final_stored_energy.dims.index(
            "seed")).max() > 0.0  # fmt: skip
    assert Path("steps.png").stat().st_size > 10_000
    # Noise takes the more, the more layers there are: by far more than 5 standard errors.
    lost = names["noisy"].final_stored_energy.sel(noise="none") - names["noisy"].final_stored_energy
    errors = names["noisy"].final_stored_energy_stderr
    assert (lost.sel(num_steps=4, noise="FakeTorino") > 5 * errors.max()).all()


def check_sweep_on_a_cluster(names: dict[str, Any]) -> None:
    here = rz.sweep(names["grid"], num_threads=1)
    for name in here.data_vars:
        assert np.array_equal(names["data"][name].values, here[name].values)


def check_read_files(names: dict[str, Any]) -> None:
    assert names["again"] == names["battery"]
    xr.testing.assert_identical(names["loaded"], names["result"])
    assert {"/exact", "/circuit", "/deviation"} <= set(names["nodes"])
    assert names["restored"] == names["circuits"]


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "first-comparison": check_first_comparison,
    "contour-map": check_contour_map,
    "fake-device": check_fake_device,
    "own-pulse": check_own_pulse,
    "million-cells": check_million_cells,
    "exact-circuits": check_exact_circuits,
    "submit-a-run": check_submit_a_run,
    "sweep": check_sweep,
    "sweep-on-a-cluster": check_sweep_on_a_cluster,
    "read-files": check_read_files,
}


@pytest.mark.parametrize("page", sorted(HOW_TO.glob("*.md")), ids=lambda page: page.stem)
def test_how_to_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    CHECKS[page.stem](run_page(page))


def test_every_public_name_is_in_the_reference() -> None:
    page = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    parts = " ".join(re.findall(r"```\{public-names\} (.*)", page)).split()
    missing = [
        name for name in rz.__all__ if getattr(rz, name).__module__.split(".")[1] not in parts
    ]
    assert missing == []


def test_every_command_is_in_the_reference() -> None:
    page = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    documented = re.findall(r"```\{command-help\} (.*)", page)
    assert sorted(documented) == sorted(command.name or "" for command in app.registered_commands)


def test_kets_and_products_are_escaped() -> None:
    module = _extension("plain_docstrings")
    assert doctest.testmod(module).failed == 0
    lines = [":param num_qubits:", "    N.", ":param t: times |0>", "", ">>> 2 | 1", "3"]
    module._process(None, "function", "f", None, None, lines)
    assert lines[1:3] == [r"    N\.", r":param t: times \|0>"]
    assert lines[4] == ">>> 2 | 1"
    # Code keeps its bars and stars, what was escaped before is not escaped again.
    assert module.escape_markup(r"``a|b`` and :math:`x*y`, 2*3 \| h_") == (
        r"``a|b`` and :math:`x*y`, 2\*3 \| h\_"
    )


def test_notebooks_are_mirrored(tmp_path: Path) -> None:
    mirror = _extension("notebook_pages").mirror_notebooks
    source, target = tmp_path / "notebooks", tmp_path / "pages"
    source.mkdir()
    (source / "a.ipynb").write_text("1", encoding="utf-8")
    (source / "b.ipynb").write_text("2", encoding="utf-8")
    mirror(source, target)
    before = (target / "b.ipynb").stat().st_mtime_ns
    (source / "a.ipynb").unlink()
    (source / "c.ipynb").write_text("3", encoding="utf-8")
    mirror(source, target)
    contents = {path.name: path.read_text(encoding="utf-8") for path in target.iterdir()}
    assert contents == {"b.ipynb": "2", "c.ipynb": "3"}
    assert (target / "b.ipynb").stat().st_mtime_ns == before


def _extension(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / "_extensions" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
