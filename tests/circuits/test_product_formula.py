"""The schedule against QuTiP, as numbers: no circuit is run here."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_oracles import apply_layers, distance, solve, spin_matrices

import rzqiskit as rz
from rzqiskit.circuits.product_formula import (
    FRAMES,
    Layer,
    charging_schedule,
    charging_schedules,
)

PERIOD = 0.1 * np.pi
NUM = 6


def make_battery(**changes):
    parameters = {
        "num_qubits": NUM,
        "drive": rz.SineSquaredDrive(20.0, PERIOD),
        "level_splitting": 1.0,
        "interaction": 2.0,
    }
    return rz.RosenZenerBattery(**{**parameters, **changes})


@pytest.mark.parametrize("frame", ["mean-field", "drive"])
@pytest.mark.parametrize(
    ("order", "steps"),
    [(1, (32, 48, 64, 96)), (2, (32, 48, 64, 96)), (4, (8, 12, 16, 24)), (6, (12, 14, 16, 20))],
)
@pytest.mark.parametrize(
    "drive",
    [
        rz.SineSquaredDrive(20.0, PERIOD),
        rz.GaussianDrive(25.0, 0.12, 0.06, PERIOD),
        rz.ExponentialDrive(30.0, 0.1, PERIOD),
        rz.HarmonicDrive(15.0, 12.0, PERIOD, 0.4),
    ],
    ids=lambda drive: type(drive).__name__,
)
def test_order_of_convergence_for_a_time_dependent_drive(drive, order, steps, frame):
    # 0.8 of the window: a pulse that vanishes at both ends of the run converges faster.
    battery = make_battery(drive=drive, level_splitting=6.0, interaction=10.0)
    time = 0.8 * PERIOD
    exact = solve(battery, time)
    options = {"order": order, "basis": "y", "frame": frame}
    errors = [
        distance(apply_layers(charging_schedule(battery, time, num_steps=n, **options)), exact)
        for n in steps
    ]
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(-order, abs=0.15)


def test_six_slices_with_exact_areas_reach_3e_6():
    battery = make_battery(num_qubits=10)
    k = np.arange(11)
    energies = {}
    for name, state in {
        "exact": solve(battery, PERIOD),
        "area": apply_layers(charging_schedule(battery, PERIOD, num_steps=6, frame="drive")),
    }.items():
        energies[name] = float(np.abs(state) ** 2 @ k)
    error = abs(energies["area"] - energies["exact"]) / battery.num_qubits
    assert error == pytest.approx(3e-6, rel=0.2)


@pytest.mark.parametrize("frame", ["mean-field", "drive"])
@pytest.mark.parametrize(("order", "layers_per_step"), [(1, 1), (2, 1), (4, 6), (6, 10)])
@pytest.mark.parametrize(("basis", "trailing"), [("z", 0), ("y", 1), ("x", 1)])
def test_redundant_layers_are_left_out(order, layers_per_step, basis, trailing, frame):
    # The first diagonal layers always go; the last ones only before a Z measurement, and Lie has
    # none there to begin with.
    schedule = charging_schedule(
        make_battery(), PERIOD, num_steps=4, order=order, basis=basis, frame=frame
    )
    kept = trailing if order > 1 else 0
    assert schedule.num_zz_layers == 4 * layers_per_step - 1 + kept
    assert schedule.axes[0] == "x"
    # No two layers that could be one: x, then z and zz at most once each.
    patterns = "".join({"x": "x", "z": "-", "zz": "="}[axis] for axis in schedule.axes)
    assert set(patterns.split("x")) <= {"", "-=", "-"}
    assert all(layer.angle != 0.0 for layer in schedule.layers)


def test_lie_and_strang_are_one_circuit_in_the_z_basis():
    first, second = (
        charging_schedule(make_battery(), PERIOD, num_steps=5, order=order, frame="drive")
        for order in (1, 2)
    )
    assert first.axes == second.axes
    np.testing.assert_allclose(first.angles, second.angles, rtol=1e-13)


@settings(max_examples=40, deadline=None)
@given(
    order=st.sampled_from([1, 2, 4, 6]),
    num_steps=st.integers(1, 9),
    fraction=st.floats(0.01, 2.0),
    spacing=st.sampled_from(["time", "area"]),
)
def test_angles_add_up(order, num_steps, fraction, spacing):
    # Whatever the formula: the x angles add up to the pulse area, and in Y the diagonal angles to
    # Delta t and g t less the dropped first layer.
    battery = make_battery()
    time = fraction * PERIOD
    schedule = charging_schedule(
        battery, time, num_steps=num_steps, order=order, basis="y", frame="drive", spacing=spacing
    )
    area = sum(layer.angle for layer in schedule.layers if layer.axis == "x")
    assert area == pytest.approx(float(battery.drive.area(0.0, time)), rel=1e-12)
    z = sum(layer.angle for layer in schedule.layers if layer.axis == "z")
    zz = sum(layer.angle for layer in schedule.layers if layer.axis == "zz")
    assert z < time
    idle = max(time - PERIOD, 0.0)  # without drive and interaction
    if spacing == "time":
        first = {1: 1.0, 2: 0.5, 4: 0.0792036964311957, 6: 0.0502627644003922}[order]
        expected = time - first * min(time, PERIOD) / num_steps
        assert z == pytest.approx(expected, rel=1e-12)
    assert zz == pytest.approx((z - idle) * battery.jz_squared_coefficient, rel=1e-11, abs=1e-15)


def test_slices_of_equal_area():
    # abs(f) counts: area 1 up to 0.1, 2 up to 0.2, 0.75 to the change of sign, 0.75 to the end.
    drive = rz.SampledDrive([0.0, 0.1, 0.2, 0.3], [10.0, 10.0, 30.0, -30.0])
    battery = make_battery(drive=drive)
    schedule = charging_schedule(battery, 0.3, num_steps=18, frame="drive", spacing="area")
    areas = [layer.angle for layer in schedule.layers if layer.axis == "x"]
    assert np.abs(areas) == pytest.approx(np.full(18, 0.25), rel=1e-3)
    undriven = make_battery(drive=rz.RectangularDrive(0.0, 1.0))
    assert charging_schedule(undriven, 1.0, num_steps=4, order=1, spacing="area").layers == ()


@pytest.mark.parametrize("frame", ["mean-field", "drive"])
def test_slices_of_equal_area_converge(frame):
    battery = make_battery(drive=rz.ExponentialDrive(30.0, 0.1, PERIOD))
    exact = solve(battery, PERIOD)
    options = {"basis": "y", "spacing": "area", "frame": frame}
    errors = [
        distance(apply_layers(charging_schedule(battery, PERIOD, num_steps=n, **options)), exact)
        for n in (24, 48)
    ]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)


def test_mean_field_frame_needs_fewer_layers():
    # v0 = 40, five slices: too few to follow the pulse, but the squeezing is right on the whole.
    battery = make_battery(num_qubits=10, drive=rz.SineSquaredDrive(40.0, PERIOD))
    errors = {"mean-field": 0.0, "drive": 0.0, "shared": 0.0}
    for time in (0.5 * PERIOD, 0.7 * PERIOD, 0.9 * PERIOD, PERIOD):
        exact = np.abs(solve(battery, time)) ** 2
        for name, options in (
            ("mean-field", {}),
            ("drive", {"frame": "drive"}),
            ("shared", {"horizon": time}),
        ):
            state = apply_layers(charging_schedule(battery, time, num_steps=5, **options))
            error = abs((np.abs(state) ** 2 - exact) @ np.arange(11))
            errors[name] = max(errors[name], error)
    assert errors["mean-field"] < 3e-4
    assert errors["shared"] > 30.0 * errors["mean-field"]
    assert errors["drive"] > 60.0 * errors["mean-field"]


@pytest.mark.parametrize("pair_counting", ["ordered", "unordered"])
@pytest.mark.parametrize("interaction", [-30.0, 0.0, 15.0])
def test_strong_interaction_of_both_signs_converges(interaction, pair_counting):
    battery = make_battery(interaction=interaction, pair_counting=pair_counting)
    exact = solve(battery, PERIOD)
    schedule = charging_schedule(battery, PERIOD, num_steps=40, order=6, basis="y")
    assert distance(apply_layers(schedule), exact) < 1e-7


@pytest.mark.parametrize("frame", FRAMES)
def test_after_the_pulse_the_schedule_is_exact_and_no_longer(frame):
    battery = make_battery(interaction=8.0)
    end = charging_schedule(battery, PERIOD, num_steps=3, order=2, frame=frame)
    later = charging_schedule(battery, 3.0 * PERIOD, num_steps=3, order=2, frame=frame)
    assert later.layers == end.layers
    options = {"num_steps": 60, "order": 4, "basis": "y", "frame": frame}
    for horizon in (None, 5.0 * PERIOD):
        late = charging_schedule(battery, 3.0 * PERIOD, horizon=horizon, **options)
        assert distance(apply_layers(late), solve(battery, 3.0 * PERIOD)) < 1e-5
    # Only Delta Jz acts, in Y as in X: the same pair layers as at the end of the pulse.
    early = charging_schedule(battery, PERIOD, **options)
    angles = [
        [layer.angle for layer in schedule.layers if layer.axis == "zz"]
        for schedule in (early, charging_schedule(battery, 3.0 * PERIOD, **options))
    ]
    assert angles[0] == angles[1]


@pytest.mark.parametrize("time", [0.3, 1.3])
def test_spin_in_all_bases_follows_the_exact_solution_after_the_pulse(time):
    battery = make_battery(drive=rz.SineSquaredDrive(20.0, 0.3), interaction=3.0)
    names = ["collective_spin", "spin_squeezing", "quantum_fisher_information", "cell_entropy"]
    exact = rz.evolve_exact(battery, [time], quantities=names).isel(time=0)
    matrices = spin_matrices(NUM)
    for frame in FRAMES:
        schedule = charging_schedule(battery, time, num_steps=60, order=4, basis="x", frame=frame)
        state = apply_layers(schedule)
        mean = np.array([np.vdot(state, j @ state).real for j in matrices])
        products = [[np.vdot(state, i @ j @ state).real for j in matrices] for i in matrices]
        covariance = np.array(products) - np.outer(mean, mean)
        np.testing.assert_allclose(mean, exact.collective_spin, atol=1e-5)
        # The least variance across the mean spin, by brute force over directions.
        axis = mean / np.linalg.norm(mean)
        across = np.linalg.svd(axis[None])[2][1:]
        turn = np.linspace(0.0, np.pi, 20001)[:, None]
        directions = np.cos(turn) * across[0] + np.sin(turn) * across[1]
        least = np.einsum("ti,ij,tj->t", directions, covariance, directions).min()
        squeezing = NUM * least / (mean @ mean)
        assert squeezing == pytest.approx(float(exact.spin_squeezing), abs=1e-5)
        information = 4.0 * np.linalg.eigvalsh(covariance)[-1]
        assert information == pytest.approx(float(exact.quantum_fisher_information), abs=1e-4)


def test_sampled_drive_converges():
    grid = np.linspace(0.0, PERIOD, 41)
    sampled = rz.SampledDrive(grid, rz.SineSquaredDrive(20.0, PERIOD).value(grid))
    battery = make_battery(drive=sampled)
    exact = solve(battery, PERIOD)
    errors = [
        distance(
            apply_layers(charging_schedule(battery, PERIOD, num_steps=n, order=2, basis="y")),
            exact,
        )
        for n in (20, 40, 80)
    ]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.1)


def test_independent_cells_and_single_cells_have_no_pair_layers():
    options = {"num_steps": 3, "order": 4, "basis": "y"}
    for battery in (make_battery(interaction=0.0), make_battery(num_qubits=1)):
        usual = charging_schedule(battery, PERIOD, frame="drive", **options)
        assert set(usual.axes) == {"x", "z"}
        # Without squeezing the mean field is everything: one rotation, exact.
        exact = charging_schedule(battery, PERIOD, frame="mean-field", **options)
        assert exact.axes == ("x", "z")
        assert distance(apply_layers(exact), solve(battery, PERIOD)) < 1e-9


def test_no_splitting_no_interaction_is_one_rotation():
    battery = make_battery(interaction=0.0, level_splitting=0.0)
    schedule = charging_schedule(battery, PERIOD, num_steps=7, order=2, basis="x")
    (layer,) = schedule.layers
    assert layer.axis == "x"
    assert layer.angle == pytest.approx(np.pi, rel=1e-13)


def test_time_zero_and_undriven_batteries_do_nothing():
    assert charging_schedule(make_battery(), 0.0, num_steps=4, order=4, basis="y").layers == ()
    undriven = make_battery(drive=rz.RectangularDrive(0.0, 1.0))
    assert charging_schedule(undriven, 1.0, num_steps=4, order=4, basis="y").layers == ()


def test_first_layers_by_hand():
    battery = make_battery(drive=rz.RectangularDrive(3.0, 1.0), num_qubits=4)
    schedule = charging_schedule(battery, 1.0, num_steps=2, basis="y", frame="drive")
    expected = [("x", 1.5), ("z", 0.5), ("zz", 0.5), ("x", 1.5), ("z", 0.25), ("zz", 0.25)]
    assert [(layer.axis, layer.angle) for layer in schedule.layers] == expected
    assert schedule.layers[0] == Layer("x", 1.5)


@pytest.mark.parametrize("frame", ["mean-field", "drive"])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_shared_slices_begin_alike_and_are_right(order, frame):
    battery = make_battery()
    times = np.array([0.0, 0.11, 0.2, 0.3, 1.0])
    num_steps = {1: 400, 2: 100, 4: 20}[order]
    schedules = charging_schedules(
        battery, times, num_steps=num_steps, order=order, frame=frame, basis="y", slices="shared"
    )
    width = PERIOD / num_steps
    for time, schedule in zip(times.tolist(), schedules, strict=True):
        assert (
            distance(apply_layers(schedule), solve(battery, time) if time else np.eye(7)[0])
            < ({1: 2e-2, 2: 1e-3, 4: 1e-5}[order])
        )
        slices = np.ceil(min(time, PERIOD) / width * (1 - 1e-12))
        assert schedule.num_zz_layers <= {1: 1, 2: 1, 4: 6}[order] * slices + 1
    whole = int(0.2 / width) * {1: 1, 2: 1, 4: 6}[order] - 1
    for early, late in itertools.pairwise(schedules[2:]):
        for left, right in zip(early.layers[: 3 * whole], late.layers, strict=False):
            assert left.axis == right.axis
            assert left.angle == pytest.approx(right.angle, abs=1e-13)


def test_shared_slices_that_end_at_a_time_leave_no_sliver():
    times = np.linspace(0.0, PERIOD, 31)
    schedules = charging_schedules(make_battery(), times, num_steps=30, slices="shared")
    assert [s.num_zz_layers for s in schedules] == [0, *range(30)]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"time": -1.0}, ValueError, r"`time` must not be negative, got -1.0\."),
        ({"time": np.nan}, ValueError, "`time` must be finite, got nan"),
        ({"num_steps": 0}, ValueError, r"`num_steps` must be a positive integer, got 0\."),
        ({"num_steps": 2.0}, TypeError, "`num_steps` must be an integer, got 2.0"),
        ({"order": 3}, ValueError, r"`order` must be one of 1, 2, 4, 6, got 3\."),
        ({"order": True}, TypeError, "`order` must be an integer, got True"),
        ({"basis": "Z"}, ValueError, "`basis` must be one of 'z', 'y', 'x', got 'Z'"),
        ({"frame": 2}, ValueError, "`frame` must be one of 'mean-field', 'drive', 'lab', got 2"),
        ({"horizon": 0.5}, ValueError, "`horizon` must not be before `time` = 1, got 0.5"),
        ({"spacing": 1}, ValueError, "`spacing` must be one of 'time', 'area', got 1"),
    ],
)
def test_bad_input(changes, error, message):
    arguments = {"time": 1.0, "num_steps": 2, "order": 2, "basis": "z", **changes}
    time = arguments.pop("time")
    with pytest.raises(error, match=message):
        charging_schedule(make_battery(), time, **arguments)
