"""What `run_charging` accepts and refuses."""

import numpy as np
import pytest
from qiskit.primitives import StatevectorSampler

import rzqiskit as rz
import rzqiskit.charging
from rzqiskit.charging import run_charging

PERIOD = 0.1 * np.pi
TIMES = np.linspace(0.0, PERIOD, 9)


def make_battery(num_qubits):
    drive = rz.SineSquaredDrive(20.0, PERIOD)
    return rz.RosenZenerBattery(num_qubits=num_qubits, drive=drive, interaction=2.0)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"shots": 0}, ValueError, "`shots` must be a positive integer, got 0"),
        ({"shots": 1.5}, TypeError, "`shots` must be an integer, got 1.5"),
        ({"shots": 2**70}, ValueError, "`shots` must be at most 1000000000, got 1180591620717"),
        ({"num_steps": 0}, ValueError, "`num_steps` must be a positive integer, got 0"),
        ({"order": 5}, ValueError, "`order` must be one of"),
        ({"seed": -1}, ValueError, "`seed` must be a non-negative integer, got -1"),
        ({"seed": "x"}, TypeError, "`seed` must be an integer, got 'x'"),
        ({"sampler": 3}, TypeError, "`sampler` must be a BaseSamplerV2, got int"),
        ({"sampler": StatevectorSampler(), "seed": 1}, ValueError, "`seed` must be None with a"),
        ({"shots": None, "seed": 1}, ValueError, "`seed` must be None without shots"),
        ({"shots": None, "sampler": StatevectorSampler()}, ValueError, "`sampler` must be None"),
        ({"frame": "moving"}, ValueError, "`frame` must be one of 'mean-field', 'drive', 'lab'"),
        ({"spacing": 1}, ValueError, "`spacing` must be one of 'time', 'area', got 1"),
        ({"slices": None}, ValueError, "`slices` must be one of 'each', 'shared', got None"),
    ],
)
def test_bad_input(changes, error, message):
    with pytest.raises(error, match=message):
        run_charging(make_battery(2), TIMES, **changes)


@pytest.mark.parametrize("shots", [np.int32(50), None])
def test_numbers_may_be_numpys(shots, tmp_path):
    options = {"num_steps": 3, "order": 4, "frame": "drive", "slices": "shared"}
    seeded = {"seed": 7} if shots else {}
    plain = run_charging(make_battery(2), TIMES, shots=shots and int(shots), **options, **seeded)
    data = run_charging(
        make_battery(np.int64(2)), TIMES.tolist(), shots=shots, num_steps=np.int64(3),
        order=np.uint8(4), frame=np.str_("drive"), slices=np.array(["shared"])[0],
        **{name: np.int64(value) for name, value in seeded.items()},
    )  # fmt: skip
    assert data.identical(plain)
    kept = ("num_steps", "order", "frame", "slices", *(("shots", "seed") if shots else ()))
    assert {type(data.attrs[name]) for name in kept} == {int, str}
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")


@pytest.mark.parametrize(
    ("num_qubits", "num_times", "shots", "gigabytes"),
    [(10**9, 1, 10, 37.3), (2**53, 1, None, 1.34e8), (10**7, 13, 10, 3.95), (10**7, 15, 10, 4.54)],
)
def test_results_that_fill_the_memory_are_refused_before_any_work(
    num_qubits, num_times, shots, gigabytes, monkeypatch
):
    class StartedError(Exception):
        pass

    def work(*args, **options):
        raise StartedError("it may begin")

    monkeypatch.setattr(rzqiskit.charging, "charging_schedules", work)
    times = np.linspace(0.01, 0.3, num_times)
    error, message = StartedError, "it may begin"
    if gigabytes > 4.0:
        error = ValueError
        message = rf"at most 4 GiB, got {gigabytes:.3g} GiB .* fewer times .* or `evolve_exact`"
        message = message.replace("+", r"\+")
    with pytest.raises(error, match=message):
        run_charging(make_battery(num_qubits), times, shots=shots)


def test_the_size_of_a_result_is_what_is_told():
    # the limit is set in bytes: count them in results of both kinds
    battery, times = make_battery(50), TIMES[1:]
    for shots, rows in ((10, 4 * 8 + 1), (None, 8 + 1)):
        data = run_charging(battery, times, shots=shots)
        levels = sum(v.nbytes for v in data.variables.values() if "excitations" in v.dims)
        assert levels == rows * 51 * 8


def test_bad_battery_and_times():
    with pytest.raises(TypeError, match="`battery` must be a RosenZenerBattery, got int"):
        run_charging(3, TIMES)
    with pytest.raises(ValueError, match="`times` must be strictly increasing"):
        run_charging(make_battery(2), TIMES[::-1])
