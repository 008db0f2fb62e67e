"""Charging on samplers, against an exact solution that knows neither circuits nor our solvers."""

import json

import numpy as np
import pytest
from qiskit.primitives import BackendSamplerV2, StatevectorSampler
from qiskit_aer import AerSimulator
from scipy.integrate import solve_ivp
from scipy.stats import chi2

import rzqiskit as rz
import rzqiskit.charging
from rzqiskit.charging import run_charging
from rzqiskit.circuits.product_formula import charging_schedules
from rzqiskit.execution.runtime.devices import make_runtime_sampler
from rzqiskit.schema import METRICS, validate_dataset

PERIOD = 0.1 * np.pi
TIMES = np.linspace(0.0, PERIOD, 9)


def make_battery(num_qubits=6, **changes):
    parameters = {"drive": rz.SineSquaredDrive(20.0, PERIOD), "interaction": 2.0, **changes}
    return rz.RosenZenerBattery(num_qubits=num_qubits, **parameters)


def dicke_reference(battery, times):
    """Return populations and <Jy> by a plain integration in Dicke space."""
    num = battery.num_qubits
    k = np.arange(num + 1)
    jx = np.diag(0.5 * np.sqrt((num - k[:-1]) * (k[:-1] + 1.0)), 1)
    jx = jx + jx.T
    m = k - num / 2
    jy = 1j * (m[None, :] - m[:, None]) * jx  # [Jx, Jz] = -i Jy
    static = battery.level_splitting * m + battery.jz_squared_coefficient * m**2

    def slope(t, state):
        return -1j * (static * state + battery.drive.value(t) * (jx @ state))

    start = np.eye(num + 1, dtype=complex)[0]
    span = (0.0, float(times[-1]))
    states = solve_ivp(slope, span, start, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-13).y
    return np.abs(states.T) ** 2, np.einsum("kt,kl,lt->t", states.conj(), jy, states).real


@pytest.mark.parametrize("num_qubits", [1, 2, 6])
def test_exact_probabilities_converge_to_the_exact_solution(num_qubits):
    battery = make_battery(num_qubits, level_splitting=1.5)
    populations, spin_y = dicke_reference(battery, TIMES)
    data = validate_dataset(run_charging(battery, TIMES, shots=None, num_steps=20, order=4))
    k = np.arange(num_qubits + 1)
    energy = 1.5 * populations @ k
    drive = 20.0 * np.sin(np.pi * TIMES / PERIOD) ** 2
    np.testing.assert_allclose(data.population, populations, atol=1e-6)
    np.testing.assert_allclose(data.stored_energy, energy, atol=1e-6)
    np.testing.assert_allclose(data.average_power[1:], energy[1:] / TIMES[1:], atol=1e-5)
    np.testing.assert_allclose(data.instantaneous_power, 1.5 * drive * spin_y, atol=2e-4)
    variance = populations @ k**2 - (populations @ k) ** 2
    np.testing.assert_allclose(data.energy_fluctuation**2, 2.25 * variance, atol=1e-6)
    positive = np.where(populations > 0.0, populations, 1.0)
    entropy = -(positive * np.log2(positive)).sum(axis=-1)
    np.testing.assert_allclose(data.diagonal_entropy, entropy, atol=1e-5)
    assert float(data.final_stored_energy) == float(data.stored_energy[-1])
    assert not [name for name in data.variables if str(name).endswith("_stderr")]
    assert np.isfinite(data.to_array()).all()


SAMPLERS = {
    "default": lambda: None,
    "statevector": lambda: StatevectorSampler(seed=np.random.default_rng(1)),
    # Neither tells its simulator, which knows no composite gates, to expand ours.
    "backend": lambda: BackendSamplerV2(backend=AerSimulator(), options={"seed_simulator": 2}),
    "runtime": lambda: make_runtime_sampler(AerSimulator(), seed=3),
}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_counts_follow_the_exact_probabilities(sampler):
    sampler = SAMPLERS[sampler]()
    battery = make_battery()
    options = {"num_steps": 4, "order": 2}
    exact = run_charging(battery, TIMES, shots=None, **options)
    seed = 3 if sampler is None else None
    data = run_charging(battery, TIMES, sampler=sampler, shots=2000, seed=seed, **options)
    validate_dataset(data)
    assert data.counts.dtype == data.counts_y.dtype == np.int64
    for name in ("counts", "counts_y"):
        assert (data[name].sum("excitations") == data.shots).all()
    expected = 2000 * exact.population.values
    likely = expected > 5.0
    chi_square = ((data.counts.values - expected)[likely] ** 2 / expected[likely]).sum()
    # 5 sigma one-sided: false-alarm rate 2.9e-7 a case. No less than one degree a time is lost.
    assert chi_square < chi2.isf(2.9e-7, likely.sum())
    for name in METRICS:
        error = data[f"{name}_stderr"].values
        known = error == 0.0  # powers at t = 0, power where f = 0
        deviation = np.abs(data[name].values - exact[name].values)
        assert (deviation[known] < 1e-12).all()
        # 5.5 sigma for each of 9 times and 5 metrics: false-alarm rate 2e-6 a case.
        assert (deviation[~known] < 5.5 * error[~known]).all()


@pytest.mark.parametrize("frame", ["mean-field", "drive"])
def test_shared_slices_sample_what_the_trace_says(frame):
    battery = make_battery(4)
    options = {"num_steps": 8, "slices": "shared", "frame": frame}
    exact = run_charging(battery, TIMES, shots=None, **options)
    data = run_charging(battery, TIMES, shots=2000, seed=5, **options)
    expected = 2000 * exact.population.values
    likely = expected > 5.0
    chi_square = ((data.counts.values - expected)[likely] ** 2 / expected[likely]).sum()
    # 5 sigma one-sided: false-alarm rate 2.9e-7 a case.
    assert chi_square < chi2.isf(2.9e-7, likely.sum())
    each = run_charging(battery, TIMES, shots=None, num_steps=8, frame=frame)
    if frame == "drive":  # the last time has all slices either way
        np.testing.assert_allclose(exact.population[-1], each.population[-1], atol=1e-12)
    assert abs(exact.population[2] - each.population[2]).max() > 1e-6


def test_rate_of_the_energy_is_the_measured_power():
    # Eq. for P_I needs the sign of the Y basis: dE/dt of the Z basis must be what Y measures.
    battery = make_battery()
    times = np.array([0.1, 0.1001])
    data = run_charging(battery, times, shots=None, num_steps=30, order=4)
    rate = float(np.diff(data.stored_energy)[0]) / 1e-4
    assert rate > 1.0
    assert rate == pytest.approx(float(data.instantaneous_power.mean()), rel=1e-4)
    shot = run_charging(battery, times, shots=20_000, num_steps=30, order=4, seed=2)
    difference = abs(shot.instantaneous_power - data.instantaneous_power)
    # 5 sigma, two times: false-alarm rate 1.1e-6.
    assert (difference < 5.0 * shot.instantaneous_power_stderr).all()


def test_seeds():
    battery = make_battery(3)
    options = {"shots": 500, "num_steps": 2}
    first, again, other = (
        run_charging(battery, TIMES, seed=seed, **options).counts.values for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    # The same drive with another name for t: the same circuits, yet independent shots.
    generator = np.random.default_rng(1)
    drawn = [run_charging(battery, TIMES, seed=generator, **options).counts for _ in range(2)]
    assert (drawn[0] != drawn[1]).any()


def test_batteries_of_one_seed_have_independent_shots():
    # No interaction, so both batteries give the same circuits up to a phase nobody sees.
    pair = [
        make_battery(4, interaction=0.0, pair_counting=counting)
        for counting in ("ordered", "unordered")
    ]
    counts = [run_charging(battery, TIMES, seed=1, shots=1000).counts for battery in pair]
    assert (counts[0][1:] != counts[1][1:]).any()


def test_circuits_are_compiled_for_a_backend():
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit.transpiler import CouplingMap
    from qiskit_aer.primitives import SamplerV2

    # Noise-free, but with the gates, the couplings and a spare qubit of a device.
    line = CouplingMap.from_line(5)
    backend = GenericBackendV2(
        5, ["cz", "rz", "sx", "x"], coupling_map=line, seed=1, noise_info=False
    )
    battery = make_battery(4)
    sampler = SamplerV2(seed=6)
    sampler._backend = AerSimulator(basis_gates=["cz", "rz", "sx", "x"], coupling_map=line)
    options = {"num_steps": 3}
    data = run_charging(battery, TIMES, sampler=sampler, backend=backend, shots=2000, **options)
    assert data.attrs["backend"] == backend.name
    exact = run_charging(battery, TIMES, shots=None, **options)
    for name in ("stored_energy", "instantaneous_power", "energy_fluctuation"):
        error = data[f"{name}_stderr"].values
        # 5.5 sigma for 9 times each: false-alarm rate 4e-7.
        assert (abs(data[name] - exact[name]).values <= 5.5 * error + 1e-12).all()
    with pytest.raises(ValueError, match="`sampler` must be given with a backend, got None"):
        run_charging(battery, TIMES, backend=backend)


def test_wide_batteries_run_on_the_emulator():
    battery = make_battery(40)
    options = {"num_steps": 30, "order": 4}
    exact = run_charging(battery, TIMES, shots=None, **options)
    populations, spin_y = dicke_reference(battery, TIMES)
    np.testing.assert_allclose(exact.population, populations, atol=1e-6)
    drive = 20.0 * np.sin(np.pi * TIMES / PERIOD) ** 2
    np.testing.assert_allclose(exact.instantaneous_power, drive * spin_y, atol=1e-3)
    assert exact.attrs["sampler"] == "rzqiskit.emulator"
    sampled = run_charging(battery, TIMES, shots=4000, seed=4, **options)
    assert sampled.attrs["sampler"] == "rzqiskit.DickeSampler"
    for name in ("stored_energy", "instantaneous_power"):
        error = sampled[f"{name}_stderr"].values
        deviation = abs(sampled[name] - exact[name]).values
        # 5.5 sigma for 9 times each: false-alarm rate 4e-7.
        assert (deviation <= 5.5 * error + 1e-12).all()


@pytest.mark.parametrize(("shots", "sampler"), [(1000, "qiskit_aer.SamplerV2"), (10**9, None)])
def test_more_shots_than_aer_can_keep(shots, sampler, monkeypatch):
    monkeypatch.setattr("rzqiskit.charging.AER_MAX_SHOTS", 2000)
    battery, time = make_battery(4), TIMES[-2:-1]
    data = run_charging(battery, time, shots=shots, num_steps=1, seed=3)
    assert data.attrs["sampler"] == (sampler or "rzqiskit.DickeSampler")
    assert data.counts.sum() == data.counts_y.sum() == shots
    exact = run_charging(battery, time, shots=None, num_steps=1)
    for name in METRICS:
        # 5.5 sigma for 5 metrics: false-alarm rate 2e-7 a case.
        assert (abs(data[name] - exact[name]) < 5.5 * data[f"{name}_stderr"]).all()


def test_aer_and_emulator_agree(monkeypatch):
    battery = make_battery(7)
    on_aer = run_charging(battery, TIMES, shots=None)
    monkeypatch.setattr(rzqiskit.charging, "AER_MAX_QUBITS_EXACT", 6)
    emulated = run_charging(battery, TIMES, shots=None)
    assert emulated.attrs["sampler"] != on_aer.attrs["sampler"]
    for name in ("population", *METRICS):
        np.testing.assert_allclose(emulated[name], on_aer[name], atol=1e-10)


def test_what_takes_aer_long_runs_on_the_emulator(monkeypatch):
    # 8 times after the start: 3 layers each, or one more for each.
    battery = make_battery(7)
    monkeypatch.setattr(rzqiskit.charging, "AER_MAX_WORK", 23 * 7 * 2**7)
    names = {}
    for slices, num_steps in (("each", 3), ("shared", 8)):
        options = {"num_steps": num_steps, "slices": slices}
        names[slices] = run_charging(battery, TIMES, shots=None, **options).attrs["sampler"]
    assert names == {"each": "rzqiskit.emulator", "shared": "qiskit_aer.AerSimulator"}


def test_hundred_times_of_twenty_cells_need_no_minute():
    # On Aer with shared slices; with own ones, eight times the layers, on the emulator.
    battery = make_battery(20)
    times = np.linspace(0.0, PERIOD, 101)[1:]
    for num_steps in (8, 100):
        assert fits_aer(battery, times, num_steps=num_steps, slices="shared")
    assert not fits_aer(battery, times, num_steps=8, slices="each")
    assert fits_aer(make_battery(18), times, num_steps=8, slices="each")


def fits_aer(battery, times, **options):
    return rzqiskit.charging._fits_aer(charging_schedules(battery, times, basis="y", **options))


def test_provenance_and_file_round_trip(tmp_path):
    import xarray as xr

    battery = make_battery(3)
    data = run_charging(battery, TIMES, shots=100, num_steps=3, order=4, seed=7)
    assert data.attrs["sampler"].startswith("qiskit_aer.")
    assert {"solver": "circuit", "shots": 100, "num_steps": 3, "order": 4, "seed": 7}.items() <= (
        data.attrs.items()
    )
    assert rz.RosenZenerBattery.from_dict(json.loads(data.attrs["battery"])) == battery
    path = tmp_path / "run.nc"
    data.to_netcdf(path, engine="h5netcdf")
    with xr.open_dataset(path, engine="h5netcdf") as stored:
        xr.testing.assert_identical(validate_dataset(stored.load()), data)


@pytest.mark.parametrize(
    ("times", "changes"), [([0.0], {}), ([0.3], {"interaction": 0.0}), ([0.0, 0.2], {})]
)
def test_few_times_and_no_interaction(times, changes):
    battery = make_battery(2, **changes)
    data = run_charging(battery, times, shots=200, seed=1)
    assert np.isfinite(data.to_array()).all()
    assert (data.counts.sum("excitations") == 200).all()


@pytest.mark.parametrize("shots", [300, None])
@pytest.mark.parametrize("num_qubits", [3, 17, 30])
@pytest.mark.parametrize("frame", ["mean-field", "drive", "lab"])
def test_no_drive_at_all(num_qubits, shots, frame):
    # Circuits without parameters: nothing is left of the layers but the measurement.
    battery = make_battery(num_qubits, drive=rz.SineSquaredDrive(0.0, PERIOD))
    data = validate_dataset(
        run_charging(
            battery, [0.0, 0.1, 0.2], shots=shots, num_steps=3, order=4, frame=frame,
            seed=None if shots is None else 5,
        )
    )  # fmt: skip
    np.testing.assert_allclose(data.stored_energy, 0.0, atol=1e-12)
    np.testing.assert_allclose(data.population[:, 0], 1.0, atol=1e-12)
    np.testing.assert_allclose(data.diagonal_entropy, 0.0, atol=1e-2)
    if shots is not None:
        np.testing.assert_array_equal(data.counts[:, 0], [300] * 3)
        # <Jy> = 0, from three independent runs of one circuit.
        rows = data.counts_y.values
        assert (rows.sum(axis=1) == 300).all()
        assert not np.array_equal(rows[0], rows[1])
        assert not np.array_equal(rows[1], rows[2])


def test_no_drive_on_the_other_roads():
    still = rz.SineSquaredDrive(0.0, PERIOD)
    battery = make_battery(4, drive=still)
    for circuit in rz.build_charging_circuits(battery, [0.1, 0.2], num_steps=2, basis="y"):
        assert dict(circuit.count_ops()) == {"rx": 4, "measure": 4}
    planned = rz.plan(battery, target_error=0.02)
    assert (planned.num_zz_layers, planned.trotter_error) == (0, 0.0)
    report = rz.compare(battery, np.linspace(0.0, PERIOD, 13), num_steps=2, shots=200, seed=3)
    assert bool(report["deviation"].consistent.sel(comparison="circuit"))
    swept = rz.sweep(
        {"drive": still, "num_qubits": 4, "interaction": 2.0, "drive_amplitude": [0.0, 20.0]},
        solver="circuit",
    )
    still_error = float(swept.maximum_stored_energy_stderr[0])
    assert abs(float(swept.maximum_stored_energy[0])) < 5.0 * still_error < 5e-3
    assert float(swept.maximum_stored_energy[1]) > 3.0
    sampled = run_charging(battery, [0.1, 0.2], shots=50, sampler=rz.DickeSampler(seed=1))
    np.testing.assert_array_equal(sampled.counts[:, 0], [50, 50])


@pytest.mark.parametrize("num_qubits", [10**5, 10**6])
def test_a_million_cells_are_sampled_without_a_circuit(num_qubits, monkeypatch):
    def no_circuit(*args, **options):
        raise AssertionError("a circuit was built")

    monkeypatch.setattr("rzqiskit.circuits.charging.build_charging_sweeps", no_circuit)
    battery = make_battery(num_qubits)
    times = np.array([0.12, 0.25])
    data = run_charging(battery, times, shots=4096, num_steps=4, seed=8)
    assert data.attrs["sampler"] == "rzqiskit.emulator"
    assert (data.attrs["shots"], data.attrs["seed"]) == (4096, 8)
    assert (data.counts.sum("excitations") == 4096).all()
    exact = rz.evolve_exact(battery, times)
    for name in ("stored_energy", "instantaneous_power", "energy_fluctuation"):
        # Six numbers to 5 standard errors: a false alarm in 3e-6 of seeds.
        deviation = abs(data[name] - exact[name]) / data[f"{name}_stderr"]
        assert float(deviation.max()) < 5.0
    again = run_charging(battery, times, shots=4096, num_steps=4, seed=8)
    np.testing.assert_array_equal(again.counts, data.counts)
    other = run_charging(battery, times, shots=4096, num_steps=4, seed=9)
    assert not np.array_equal(other.counts, data.counts)


def test_schedules_and_circuits_sample_the_same_law(monkeypatch):
    battery = make_battery(30)
    times = np.array([0.1, 0.2])
    by_circuit = run_charging(battery, times, shots=20_000, num_steps=3, seed=4)
    assert by_circuit.attrs["sampler"] == "rzqiskit.DickeSampler"
    monkeypatch.setattr(rzqiskit.charging, "CIRCUIT_MAX_QUBITS", 20)
    by_schedule = run_charging(battery, times, shots=20_000, num_steps=3, seed=5)
    assert by_schedule.attrs["sampler"] == "rzqiskit.emulator"
    for name in ("counts", "counts_y"):
        for left, right in zip(by_circuit[name].values, by_schedule[name].values, strict=True):
            seen = left + right >= 10
            statistic = float(((left - right)[seen] ** 2 / (left + right)[seen]).sum())
            # 5 sigma of one side, four times: a false alarm in 1e-6 of seeds.
            assert statistic < chi2.isf(3e-7, seen.sum())
