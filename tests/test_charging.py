"""Charging on samplers, against an exact solution that knows neither circuits nor our solvers."""

import json

import numpy as np
import pytest
from qiskit.primitives import StatevectorSampler
from scipy.integrate import solve_ivp
from scipy.stats import chi2

import rzqiskit as rz
from rzqiskit.charging import run_charging
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


@pytest.mark.parametrize("sampler", [None, StatevectorSampler(seed=np.random.default_rng(1))])
def test_counts_follow_the_exact_probabilities(sampler):
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
    from qiskit_aer import AerSimulator
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


def test_aer_and_emulator_agree(monkeypatch):
    import rzqiskit.charging

    battery = make_battery(7)
    on_aer = run_charging(battery, TIMES, shots=None)
    monkeypatch.setattr(rzqiskit.charging, "AER_MAX_QUBITS_EXACT", 6)
    emulated = run_charging(battery, TIMES, shots=None)
    assert emulated.attrs["sampler"] != on_aer.attrs["sampler"]
    for name in ("population", *METRICS):
        np.testing.assert_allclose(emulated[name], on_aer[name], atol=1e-10)


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


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"shots": 0}, ValueError, "`shots` must be a positive integer, got 0"),
        ({"shots": 1.5}, TypeError, "`shots` must be an integer, got 1.5"),
        ({"num_steps": 0}, ValueError, "`num_steps` must be a positive integer, got 0"),
        ({"order": 5}, ValueError, "`order` must be one of"),
        ({"seed": -1}, ValueError, "`seed` must be a non-negative integer, got -1"),
        ({"seed": "x"}, TypeError, "`seed` must be an integer, got 'x'"),
        ({"sampler": 3}, TypeError, "`sampler` must be a BaseSamplerV2, got int"),
        ({"sampler": StatevectorSampler(), "seed": 1}, ValueError, "`seed` must be None with a"),
        ({"shots": None, "seed": 1}, ValueError, "`seed` must be None without shots"),
        ({"shots": None, "sampler": StatevectorSampler()}, ValueError, "`sampler` must be None"),
    ],
)
def test_bad_input(changes, error, message):
    with pytest.raises(error, match=message):
        run_charging(make_battery(2), TIMES, **changes)


def test_bad_battery_and_times():
    with pytest.raises(TypeError, match="`battery` must be a RosenZenerBattery, got int"):
        run_charging(3, TIMES)
    with pytest.raises(ValueError, match="`times` must be strictly increasing"):
        run_charging(make_battery(2), TIMES[::-1])
