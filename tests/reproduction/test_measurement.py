"""Circuits of the figures against the lab-frame oracle, on each of the three ways to run them."""

from __future__ import annotations

import importlib.metadata
import json

import numpy as np
import pytest
from oracles import lab_frame
from qiskit_aer.primitives import SamplerV2

from rzqiskit.grid import BatteryGrid
from rzqiskit.reproduction.instances import PERIOD, paper_battery
from rzqiskit.reproduction.measurement import choose_formula, measure_grid, measure_metrics

NAMES = ("stored_energy", "average_power", "energy_fluctuation", "diagonal_entropy")
TIMES = np.array([0.3, 0.55, 1.0]) * PERIOD


# 3 ways x 4 metrics x 3 times = 36 comparisons at 5 sigma: a false alarm in 2e-5 of all seeds.
@pytest.mark.parametrize("num_qubits", [3, 20, 120])  # Aer, emulated circuits, emulated layers
def test_metrics_agree_with_the_oracle(num_qubits: int) -> None:
    battery = paper_battery(num_qubits=num_qubits, interaction=-1.5, amplitude=17.0)
    [measured] = measure_metrics([(battery, TIMES)], shots=20_000, seed=11)
    exact = lab_frame(battery, TIMES, tolerance=1e-10)
    for name in NAMES:
        values, errors = measured[name]
        assert (errors > 0.0).all()
        assert (np.abs(values - exact[name]) < 5.0 * errors).all(), name
        assert (errors < 0.05 * np.abs(exact[name]).max()).all(), name


def test_batteries_that_share_a_job_are_not_confused() -> None:
    # One Aer job for all six: the energies differ by far more than the shot noise.
    batteries = [paper_battery(num_qubits=4, amplitude=v0) for v0 in (4.0, 18.0, 9.0)]
    requests = [(battery, TIMES[:2] if i == 1 else TIMES) for i, battery in enumerate(batteries)]
    measured = measure_metrics(requests, shots=5000, seed=3)
    for (battery, times), estimates in zip(requests, measured, strict=True):
        exact = lab_frame(battery, times, tolerance=1e-10)["stored_energy"]
        values, errors = estimates["stored_energy"]
        assert values.shape == times.shape
        # 8 comparisons at 5 sigma: a false alarm in 5e-6 of all seeds.
        assert (np.abs(values - exact) < 5.0 * errors + 1e-3).all()


def test_seed_fixes_the_shots() -> None:
    battery = paper_battery(num_qubits=16)
    one, same, other = (
        measure_metrics([(battery, TIMES)], shots=300, seed=seed)[0]["stored_energy"][0]
        for seed in (5, 5, 6)
    )
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize("interaction", [2.0, -30.0, 30.0])
@pytest.mark.parametrize("num_qubits", [3, 10])
def test_formula_is_right_to_far_below_the_shot_noise(interaction: float, num_qubits: int) -> None:
    from rzqiskit.circuits.product_formula import charging_schedule
    from rzqiskit.dicke.layers import state_populations
    from rzqiskit.emulator import evolve_schedule

    battery = paper_battery(num_qubits=num_qubits, interaction=interaction)
    schedule = charging_schedule(battery, PERIOD, **choose_formula(battery))
    first, populations = state_populations(evolve_schedule(schedule))
    full = np.zeros(num_qubits + 1)
    full[first : first + populations.size] = populations
    exact = lab_frame(battery, [PERIOD], tolerance=1e-11)
    assert abs(full @ np.arange(num_qubits + 1) - exact["stored_energy"][0]) < 2e-4 * num_qubits


def test_grid_measures_at_the_maxima_and_at_the_end() -> None:
    grid = BatteryGrid(
        paper_battery().drive, num_qubits=[2, 3], interaction=1.0, drive_amplitude=[8.0, 33.0]
    )
    data = measure_grid(
        grid, maxima=["energy_fluctuation"], finals=["stored_energy"], shots=20_000, seed=2
    )
    assert data["maximum_energy_fluctuation"].dims == ("num_qubits", "drive_amplitude")
    fine = np.linspace(0.0, PERIOD, 400)
    for index in range(grid.size):
        exact = lab_frame(grid.battery(index), fine, tolerance=1e-9)
        place = np.unravel_index(index, grid.shape)
        for name, value in {
            "maximum_energy_fluctuation": exact["energy_fluctuation"].max(),
            "final_stored_energy": exact["stored_energy"][-1],
        }.items():
            # 8 comparisons at 5 sigma: a false alarm in 5e-6 of all seeds. At the top of Sigma,
            # N = 2, the estimate's error vanishes in first order: hence the allowance.
            error = data[f"{name}_stderr"].values[place]
            assert abs(data[name].values[place] - value) < 5.0 * error + 1e-3
    assert data.attrs["shots"] == 20_000


def test_distance_from_the_exact_solution_is_told() -> None:
    grid = BatteryGrid(
        paper_battery().drive, num_qubits=3, interaction=1.0, drive_amplitude=[5.0, 14.0, 27.0]
    )
    data = measure_grid(grid, finals=["stored_energy", "diagonal_entropy"], shots=3000, seed=8)
    off = []
    for name in ("stored_energy", "diagonal_entropy"):
        exact = [
            lab_frame(grid.battery(index), [PERIOD], tolerance=1e-11)[name][0] for index in range(3)
        ]
        error = data[f"final_{name}_stderr"].values
        off.append((data[f"final_{name}"].values - exact) / error)
    assert data.attrs["num_comparisons"] == 6
    assert data.attrs["rms_standard_errors"] == pytest.approx(
        np.sqrt(np.mean(np.square(off))), rel=1e-3
    )
    assert data.attrs["largest_standard_errors"] == pytest.approx(np.abs(off).max(), rel=1e-3)


def test_what_ran_is_recorded(monkeypatch) -> None:
    """Six batteries of three widths and two formulas, beside what was really called."""
    import rzqiskit.emulator

    called: dict[int, str] = {}
    aer_run, dicke_weights = SamplerV2.run, rzqiskit.emulator.DickeSampler.sample_hamming_weights

    def on_aer(self, pubs, **options):
        pubs = list(pubs)
        called[pubs[0].circuit.num_qubits] = "qiskit_aer.SamplerV2"
        return aer_run(self, pubs, **options)

    def on_dicke(self, pubs, *arguments, **options):
        pubs = list(pubs)
        called[pubs[0].circuit.num_qubits] = "rzqiskit.DickeSampler"
        return dicke_weights(self, pubs, *arguments, **options)

    monkeypatch.setattr(SamplerV2, "run", on_aer)
    monkeypatch.setattr(rzqiskit.emulator.DickeSampler, "sample_hamming_weights", on_dicke)
    grid = BatteryGrid(paper_battery().drive, num_qubits=[2, 16, 120], interaction=[1.0, 30.0])
    attrs = measure_grid(grid, finals=["stored_energy"], shots=100, seed=2).attrs
    called[120] = "rzqiskit.emulator"  # no circuits, no sampler
    assert json.loads(attrs["sampler"]) == [[called[num]] * 2 for num in (2, 16, 120)]
    formulas = [choose_formula(grid.battery(index)) for index in range(grid.size)]
    for name in ("num_steps", "order"):
        recorded = np.array(json.loads(attrs[name]))
        assert recorded.shape == grid.shape
        assert recorded.ravel().tolist() == [formula[name] for formula in formulas]
    assert (attrs["frame"], attrs["spacing"], attrs["slices"]) == ("mean-field", "time", "each")
    for package in ("qiskit", "qiskit-aer"):
        version = importlib.metadata.version(package)
        assert attrs[f"{package.replace('-', '_')}_version"] == version
    alike = BatteryGrid(paper_battery().drive, num_qubits=2, interaction=[0.0, 1.0])
    attrs = measure_grid(alike, finals=["stored_energy"], shots=100, seed=2).attrs
    assert (attrs["num_steps"], attrs["order"], attrs["sampler"]) == (8, 2, "qiskit_aer.SamplerV2")


@pytest.mark.parametrize("name", ["instantaneous_power", "population", "energy"])
@pytest.mark.parametrize("kind", ["maxima", "finals"])
def test_metrics_that_the_z_basis_does_not_tell(kind, name):
    grid = BatteryGrid(paper_battery().drive, num_qubits=2)
    with pytest.raises(ValueError, match=f"`{kind}` must be one of 'stored_.*, got '{name}'"):
        measure_grid(grid, **{kind: [name]})


def test_panels_of_one_seed_have_shots_of_their_own():
    def deviations(interactions):
        """Of 25 runs of three circuits, shape (25, 3)."""
        batteries = [paper_battery(num_qubits=6, interaction=value) for value in interactions]
        requests = [(battery, [PERIOD]) for battery in batteries]
        found = [measure_metrics(requests, shots=200, seed=seed) for seed in range(25)]
        energies = np.array([[run["stored_energy"][0][0] for run in runs] for runs in found])
        return (energies - energies.mean(axis=0)) / energies.std(axis=0)

    first, other = deviations([0.5, 1.0, 1.5]), deviations([0.6, 1.1, 1.6])
    # Mean of three correlations of 25 pairs: 5 sigma, false-alarm rate 6e-7. It was 0.95.
    assert abs((first * other).mean()) < 5.0 / np.sqrt(3 * 25)
    assert (deviations([0.5, 1.0, 1.5]) == first).all()
