"""The noise of devices as a dim."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rustworkx
import xarray as xr
from qiskit_ibm_runtime.fake_provider import FakeManilaV2, FakeQuitoV2

from rzqiskit.charging import run_charging
from rzqiskit.drives import SineSquaredDrive
from rzqiskit.exact import evolve_exact
from rzqiskit.model import RosenZenerBattery
from rzqiskit.sweeps import SpecificationError, SweepSpecification, open_sweep, sweep
from rzqiskit.sweeps.noise import check_width
from rzqiskit.sweeps.store import MANIFEST
from rzqiskit.sweeps.toml_specification import parse_specification

DRIVE = SineSquaredDrive(20.0, 0.1 * np.pi)
GRID = {
    "drive": DRIVE, "num_qubits": 3, "interaction": 2.0, "num_steps": 2, "num_times": 3,
    "shots": 4000, "seed": [1, 2], "noise": ["none", "FakeManilaV2", "fake_quito"],
}  # fmt: skip
QUANTITIES = ["final_stored_energy", "final_stored_energy_stderr", "counts", "counts_y"]


PROBE = "rzqiskit.sweeps.run.measure_point_seconds"
# Where the numbers do not matter.
CHEAP = GRID | {"shots": 20, "seed": 1, "num_steps": 1, "num_times": 2}


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PROBE, lambda _: 1e-3)
        return sweep(GRID, solver="circuit", quantities=QUANTITIES)


@pytest.fixture(autouse=True)
def no_probe(monkeypatch) -> None:
    """Solve no point twice; the sweep on a cluster still measures them."""
    monkeypatch.setattr(PROBE, lambda _: 1e-3)


def test_noise_is_a_dim(data) -> None:
    assert data.final_stored_energy.dims == ("seed", "noise")
    assert data.noise.values.tolist() == ["none", "FakeManilaV2", "fake_quito"]
    assert (data.failure == "").all()
    # Without noise it is the run without the parameter, to the bit.
    silent = {name: value for name, value in GRID.items() if name != "noise"}
    expected = sweep(silent, solver="circuit", quantities=QUANTITIES)
    assert np.array_equal(data.sel(noise="none").counts, expected.counts)
    # A cell loses a per cent with every two-qubit gate and every reading: the battery, nearly full
    # at the end, is less so, by far more than 5 standard errors (6 comparisons, 2e-6).
    for seed in (1, 2):
        ideal = data.sel(noise="none", seed=seed)
        for name in ("FakeManilaV2", "fake_quito"):
            noisy = data.sel(noise=name, seed=seed)
            lost = (ideal.final_stored_energy - noisy.final_stored_energy).item()
            error = np.hypot(ideal.final_stored_energy_stderr, noisy.final_stored_energy_stderr)
            assert 5 * error.item() < lost < 1.0


def test_scale_of_the_noise() -> None:
    scales = [0.0, 0.5, 1.0, 2.0]
    grid = GRID | {"noise": "FakeManilaV2", "noise_scale": scales, "seed": 1, "shots": 20_000}
    scaled = sweep(grid, solver="circuit", quantities=QUANTITIES)
    battery = RosenZenerBattery(num_qubits=3, drive=DRIVE, interaction=2.0)
    times = np.linspace(0.0, DRIVE.period, 3)
    ideal = run_charging(battery, times, shots=None, num_steps=2).final_stored_energy
    lost = (ideal - scaled.final_stored_energy).values
    error = scaled.final_stored_energy_stderr.values
    # Without noise nothing is lost; little noise takes in proportion, more less than that. At 5
    # standard errors, 4 comparisons: 2e-6.
    assert abs(lost[0]) < 5 * error[0]
    assert lost[1] > 10 * error[1]
    assert abs(lost[2] - 2 * lost[1]) < 5 * np.hypot(error[2], 2 * error[1]) + 0.1 * lost[2]
    assert 1.5 * lost[2] < lost[3] < 2.0 * lost[2] + 5 * np.hypot(error[3], 2 * error[2])
    # At 1 it is the device itself, to the bit.
    alone = {name: value for name, value in grid.items() if name != "noise_scale"}
    itself = sweep(alone, solver="circuit", quantities=QUANTITIES)
    assert np.array_equal(scaled.sel(noise_scale=1.0).counts, itself.counts)


def test_scales_out_of_range_fail() -> None:
    data = sweep(CHEAP | {"noise_scale": [1.0, -1.0]}, solver="circuit", quantities=QUANTITIES[:1])
    assert data.failure.dims == ("noise", "noise_scale")
    assert (data.failure.values[:, 0] == "").all()
    reason = "`noise_scale` must not be negative, got -1.0."
    assert data.failure.values[:, 1].tolist() == [reason] * 3


def test_noise_is_that_of_the_device(data) -> None:
    # By Aer's own model of the same device: another sampler, symmetric readout, other shots.
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel
    from qiskit_aer.primitives import SamplerV2

    backend = FakeManilaV2()
    options = {"noise_model": NoiseModel.from_backend(backend)}
    sampler = SamplerV2(seed=5, options={"backend_options": options})
    assert AerSimulator.from_backend(backend).options.noise_model is not None
    battery = RosenZenerBattery(num_qubits=3, drive=DRIVE, interaction=2.0)
    times = np.linspace(0.0, DRIVE.period, 3)
    expected = run_charging(
        battery, times, sampler=sampler, backend=backend, shots=4000, num_steps=2
    )
    found = data.sel(noise="FakeManilaV2", seed=1)
    error = np.hypot(expected.final_stored_energy_stderr, found.final_stored_energy_stderr)
    # 5 sigma (6e-7), and the asymmetry of readout, a per cent or two of each of three cells.
    difference = abs(expected.final_stored_energy - found.final_stored_energy)
    assert difference < 5 * error + 0.06
    exact = evolve_exact(battery, [DRIVE.period]).final_stored_energy
    assert difference < 0.5 * abs(exact - found.final_stored_energy)


def test_seeds_points_and_devices_have_shots_of_their_own(data) -> None:
    again = sweep(GRID, solver="circuit", quantities=QUANTITIES)
    xr.testing.assert_identical(again, data)
    for noise in data.noise.values:
        counts = data.sel(noise=noise).counts.values
        assert not np.array_equal(counts[0], counts[1])
    # One point alone, under another name of the device, draws the same shots.
    alone = sweep(GRID | {"seed": 2, "noise": "manila"}, solver="circuit", quantities=QUANTITIES)
    assert np.array_equal(alone.counts, data.sel(seed=2, noise="FakeManilaV2").counts)


def test_a_cluster_and_a_store_give_the_same_counts(data, tmp_path, monkeypatch) -> None:
    from distributed import Client, LocalCluster

    monkeypatch.setattr("rzqiskit.sweeps.chunks.MOST_POINTS", 1)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        stored = sweep(
            GRID, solver="circuit", quantities=QUANTITIES, store=tmp_path / "s", client=client
        )
    for name in QUANTITIES:
        assert np.array_equal(stored[name], data[name])
    assert stored.noise.values.tolist() == data.noise.values.tolist()
    assert stored.attrs["noise"] == data.attrs["noise"]


def test_provenance_says_which_calibration(data) -> None:
    devices = json.loads(data.attrs["noise"])
    assert list(devices) == ["FakeManilaV2", "fake_quito"]
    for name, backend in (("FakeManilaV2", FakeManilaV2()), ("fake_quito", FakeQuitoV2())):
        assert devices[name]["device"] == backend.name
        assert devices[name]["version"] == backend.backend_version
        assert devices[name]["calibrated"] == backend.properties().last_update_date.isoformat()
        assert {"qiskit-aer", "qiskit-ibm-runtime"} < set(devices[name])
    digests = {entry["calibration_sha256"] for entry in devices.values()}
    assert len(digests) == 2
    assert "noise" not in sweep({"drive": DRIVE, "num_qubits": 2}).attrs


def test_where_one_noise_has_no_room_the_others_go_on() -> None:
    data = sweep(
        CHEAP | {"num_qubits": [3, 6, 29], "noise": ["none", "FakeManilaV2", "FakeGuadalupeV2"]},
        solver="circuit", quantities=QUANTITIES[:1],
    )  # fmt: skip
    failed = data.failure.values != ""
    assert failed.tolist() == [[False] * 3, [False, True, False], [False, True, True]]
    assert np.array_equal(np.isnan(data.final_stored_energy), failed)
    assert "got 6 qubits for a device of 5 on which no such line" in data.failure.values[1, 1]
    memory = "`num_qubits` must be at most 28 to simulate noise (statevectors of 4 GiB), got 29."
    assert data.failure.values[2, 1:].tolist() == [memory] * 2


LINE = "`num_qubits` must be at most {} for the noise of {}, whose longest line of coupled qubits"
MEMORY = "`num_qubits` must be at most 28 to simulate noise .statevectors of 4 GiB., got {}."


@pytest.mark.parametrize(
    ("widths", "noise", "message"),
    [
        (40, "FakeTorino", MEMORY.format(40)),
        (range(2, 41), "FakeTorino", MEMORY.format(40)),
        (range(2, 41), "FakeHanoiV2", LINE.format(21, "FakeHanoiV2")),
        (range(2, 28), "FakeHanoiV2", LINE.format(21, "FakeHanoiV2")),
        ([6, 0], "manila", LINE.format(5, "manila")),
        ([3, 9], ["fake_quito", "FakeManilaV2"], LINE.format(5, "FakeManilaV2")),
        (29, ["FakeManilaV2", "FakeTorino"], MEMORY.format(29)),
    ],
)
@pytest.mark.parametrize("paired", [False, True])
def test_a_width_that_no_noise_has_room_for_is_refused(widths, noise, message, paired) -> None:
    if paired and not isinstance(widths, int) and not isinstance(noise, str):
        widths, noise = np.repeat(widths, len(noise)), np.tile(noise, len(widths))
    grid = GRID | {"num_qubits": widths, "noise": noise, "seed": 1}
    with pytest.raises(ValueError, match=message):
        SweepSpecification.build(grid, solver="circuit", paired=paired)


@pytest.mark.parametrize(
    ("widths", "noise", "paired"),
    [
        (28, "FakeTorino", False),
        (range(2, 22), "FakeHanoiV2", False),
        ([-1, 0, 5], "FakeManilaV2", False),
        ([3, 10**6], ["none", "FakeTorino"], False),
        ([3, 10**6], ["FakeTorino", "none"], True),
        # The widest has room at one of its points.
        ([9, 9], ["FakeManilaV2", "FakeHanoiV2"], True),
    ],
)
def test_a_width_that_some_noise_has_room_for_is_not(widths, noise, paired) -> None:
    grid = GRID | {"num_qubits": widths, "noise": noise, "seed": 1}
    assert SweepSpecification.build(grid, solver="circuit", paired=paired).size > 0


def test_paired_widths_have_their_own_noise_only() -> None:
    grid = GRID | {"num_qubits": [3, 29], "noise": ["none", "FakeTorino"], "seed": 1}
    assert SweepSpecification.build(grid, solver="circuit").size == 4
    with pytest.raises(ValueError, match=MEMORY.format(29)):
        SweepSpecification.build(grid, solver="circuit", paired=True)


def test_the_longest_line_is_that_of_the_coupling_map() -> None:
    from qiskit_ibm_runtime.fake_provider import FakeHanoiV2

    couplings = FakeHanoiV2().coupling_map.graph.to_undirected(multigraph=False)
    assert len(rustworkx.longest_simple_path(couplings)) == 21
    # One room more is said only where the device has it, whatever is asked for.
    for asked in (22, 23, 27, 28, 10**6):
        with pytest.raises(ValueError, match=f"at most 21 for .*, got {asked}\\."):
            check_width(asked, ["FakeHanoiV2"])


def test_a_store_with_such_points_still_opens() -> None:
    wide = SweepSpecification.build(GRID, solver="circuit").to_dict()
    wide["parameters"] |= {"num_qubits": [3, 6, 40], "noise": "FakeManilaV2"}
    again = SweepSpecification.from_dict(wide)
    assert again.shape == (3, 2)
    with pytest.raises(ValueError, match="`num_qubits` must be at most 5 for the noise"):
        SweepSpecification.build({"drive": again.drive, **again.parameters}, solver="circuit")


@pytest.mark.parametrize(
    ("noise", "error", "message"),
    [
        (
            "FakeTorinno",
            ValueError,
            "`noise` must be .*'FakeTorinno'; did you mean fake_torino",
        ),
        (["none", "ibm_fez2"], ValueError, "'ibm_fez2'; did you mean fake_fez"),
        ("None", ValueError, r"`noise` must be 'none' or a known fake device, got 'None'"),
        ([None], TypeError, "`noise` must be made of texts, got"),
        (0.1, TypeError, "`noise` must be made of texts, got 0.1"),
    ],
)
def test_unknown_names(noise, error, message) -> None:
    with pytest.raises(error, match=message):
        SweepSpecification.build(GRID | {"noise": noise}, solver="circuit")


def test_unknown_names_in_toml_have_their_line() -> None:
    text = """\
solver = "circuit"
[drive]
shape = "SineSquaredDrive"
amplitude = 20
period = 0.3
[battery]
num_qubits = 3
[settings]
shots = 100
noise = ["none", "FakeMarakesh"]
"""
    with pytest.raises(ValueError, match=r"`noise` must be .*fake_marrakesh.* \(line 10 of"):
        parse_specification(text)
    good = parse_specification(text.replace("Marakesh", "Marrakesh"))
    assert good.axes["noise"].tolist() == ["none", "FakeMarrakesh"]


def test_a_width_beyond_all_noise_has_its_line_in_toml() -> None:
    text = """\
solver = "circuit"
[drive]
shape = "SineSquaredDrive"
amplitude = 20
period = 0.3
[battery]
interaction = 1.0
num_qubits = { range = [2, 31, 1] }
[settings]
noise = "FakeTorino"
"""
    with pytest.raises(
        ValueError, match=r"at most 28 to simulate noise .*, got 30 \(line 8 of the"
    ):
        parse_specification(text)
    assert parse_specification(text.replace("31", "29")).size == 27


@pytest.mark.parametrize("noise", [{}, {"noise": "none"}, {"noise": ["none", "none"]}])
@pytest.mark.parametrize("scale", [0.5, 0.0, [0, 1, 10], [2.0]])
def test_a_scale_of_no_noise_is_refused(noise, scale) -> None:
    silent = {name: value for name, value in GRID.items() if name != "noise"} | noise
    build = SweepSpecification.build
    with pytest.raises(ValueError, match="`noise_scale` must be left out without `noise`, got "):
        build(silent | {"noise_scale": scale}, solver="circuit")
    # One device among them is enough to give it a meaning.
    mixed = silent | {"noise": ["none", "FakeManilaV2"], "noise_scale": scale}
    assert "noise" in build(mixed, solver="circuit").dims
    assert build(silent | {"noise_scale": [1.0, 1.0]}, solver="circuit").shape[-1] == 2


@pytest.mark.parametrize("line", ["", 'noise = "none"'])
def test_a_scale_of_no_noise_in_toml_has_its_line(line) -> None:
    text = f"""\
solver = "circuit"
[drive]
shape = "SineSquaredDrive"
amplitude = 20
period = 0.3
[battery]
num_qubits = 3
[settings]
{line}
noise_scale = {{ linspace = [0, 2, 3] }}
"""
    with pytest.raises(
        ValueError,
        match=r"`noise_scale` must be left out without `noise`, got .*\(line 10 of the spec",
    ):
        parse_specification(text)
    assert parse_specification(text.replace(line or "\n\n", '\nnoise = "FakeManilaV2"\n')).size == 3


def test_no_noise_is_no_change_of_identity() -> None:
    silent = {name: value for name, value in GRID.items() if name != "noise"}
    build = SweepSpecification.build
    plain = build(silent, solver="circuit")
    for same in ({"noise": "none"}, {"noise_scale": 1.0}):
        assert build(silent | same, solver="circuit").identity() == plain.identity()
    noisy = build(silent | {"noise": "FakeManilaV2"}, solver="circuit")
    half = build(silent | {"noise": "FakeManilaV2", "noise_scale": 0.5}, solver="circuit")
    assert noisy.differences(half) == ["noise_scale: None here, 0.5 there"]
    assert noisy.identity() != plain.identity()
    assert plain.differences(noisy) == ["noise: None here, 'FakeManilaV2' there"]
    assert build(silent | {"noise": ["none"]}, solver="circuit").dims == ("seed", "noise")


def test_a_new_calibration_is_another_sweep(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("rzqiskit.sweeps.chunks.MOST_POINTS", 1)
    sweep(CHEAP, solver="circuit", quantities=QUANTITIES[:1], store=tmp_path / "s")
    manifest = tmp_path / "s" / MANIFEST
    digest = json.loads(open_sweep(tmp_path / "s").attrs["noise"])["fake_quito"]
    text = manifest.read_text().replace(digest["calibration_sha256"], "0" * 64)
    manifest.write_text(text)
    # A finished store has nothing to mix; one that lacks a chunk would.
    sweep(CHEAP, solver="circuit", quantities=QUANTITIES[:1], store=tmp_path / "s")
    manifest.write_text("\n".join(text.splitlines()[:-1]) + "\n")
    with pytest.raises(SpecificationError, match=r"the noise of fake_quito in .* is that of 20"):
        sweep(CHEAP, solver="circuit", quantities=QUANTITIES[:1], store=tmp_path / "s")


def test_a_store_opens_where_its_device_is_unknown(tmp_path, monkeypatch) -> None:
    sweep(CHEAP, solver="circuit", quantities=QUANTITIES[:1], store=tmp_path / "s")

    def unknown(name: str) -> None:
        raise ValueError(f"`backend` must be a known fake device, got {name!r}; ...")

    monkeypatch.setattr("rzqiskit.sweeps.noise._device", unknown)
    assert open_sweep(tmp_path / "s").sizes == {"noise": 3}
