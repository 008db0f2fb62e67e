import json

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.analytic import METHODS, evolve_analytic
from rzqiskit.schema import METRICS, validate_dataset

T = 0.1 * np.pi
BATTERY = rz.RosenZenerBattery(num_qubits=10, drive=rz.SineSquaredDrive(47.0, T), interaction=2.0)


@pytest.mark.parametrize("method", METHODS)
def test_dataset_follows_the_schema(method):
    times = np.linspace(0.0, T, 21)
    data = validate_dataset(evolve_analytic(BATTERY, times, method=method))
    assert data.attrs["solver"] == "analytic"
    assert data.attrs["method"] == method
    assert data.attrs["validity"]
    assert json.loads(data.attrs["battery"]) == BATTERY.to_dict()
    np.testing.assert_array_equal(data.time, times)
    for name in METRICS:
        assert data[name].shape == (21,)
        assert float(data[f"final_{name}"]) == float(data[name][-1])
        assert float(data[f"maximum_{name}"]) >= float(data[name].max())


@pytest.mark.parametrize("method", METHODS)
def test_maxima_do_not_depend_on_the_samples(method):
    sparse = evolve_analytic(BATTERY, [0.0, T], method=method)
    dense = evolve_analytic(BATTERY, np.linspace(0.0, T, 4001), method=method)
    for name in METRICS:
        assert float(sparse[f"maximum_{name}"]) == pytest.approx(
            float(dense[f"maximum_{name}"]), rel=1e-12
        )
        if name != "average_power" or method != "paper":
            assert float(sparse[f"maximum_{name}"]) >= float(dense[name].max()) * (1 - 1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_maxima_belong_to_their_times(method):
    data = evolve_analytic(BATTERY, [0.0, T], method=method)
    for name in METRICS:
        at = float(data[f"time_of_maximum_{name}"])
        there = evolve_analytic(BATTERY, [at], method=method)[name]
        assert float(there[0]) == pytest.approx(float(data[f"maximum_{name}"]), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_moves_after_the_pulse(method):
    data = evolve_analytic(BATTERY, [T, 2 * T, 5 * T], method=method)
    for name in ("stored_energy", "energy_fluctuation", "diagonal_entropy"):
        np.testing.assert_allclose(data[name], float(data[name][0]), rtol=1e-12)
    assert not data.instantaneous_power[1:].any()
    np.testing.assert_allclose(data.average_power * data.time, data.stored_energy, rtol=1e-12)


def test_large_batteries_leave_the_populations_out():
    big = rz.RosenZenerBattery(num_qubits=10**6, drive=rz.SineSquaredDrive(20.0, T))
    assert "population" not in evolve_analytic(big, np.linspace(0.0, T, 101))
    data = evolve_analytic(big, [T / 2])
    assert data.population.shape == (1, 10**6 + 1)
    assert float(data.population.sum()) == pytest.approx(1.0, abs=1e-8)


def test_bad_input_is_refused():
    with pytest.raises(TypeError, match="`battery` must be a RosenZenerBattery, got int"):
        evolve_analytic(3, [0.0])
    with pytest.raises(
        ValueError, match="`method` must be one of 'leading', 'paper', 'magnus', 'second-order',"
    ):
        evolve_analytic(BATTERY, [0.0], method="best")
    with pytest.raises(ValueError, match="`times` must be strictly increasing"):
        evolve_analytic(BATTERY, [0.0, 0.0])


@pytest.mark.parametrize(
    ("method", "bound", "sizes", "strains"),
    [
        ("leading", lambda d, e, n: 0.05 * (d**2 + e**2), (2, 30), [(0.3, 0.3), (0.1, 0.4)]),
        ("magnus", lambda d, e, n: 0.3 * (d**2 + e**2), (2, 30), [(0.1, 0.2), (0.2, 0.1)]),
        (
            "second-order",
            lambda d, e, n: 0.003 * (d**2 + e**2) ** 2,
            (2, 30),
            [(0.2, 0.2), (0.9, 0.9), (0.2, 1.3), (1.3, 0.2)],
        ),
        (
            "fourth-order",
            lambda d, e, n: 0.0001 * (d**2 + e**2) ** 3,
            (2, 30),
            [(0.9, 0.9), (0.4, 1.8), (1.6, 0.3)],
        ),
        (
            "co-moving",
            lambda d, e, n: 0.2 * e**2 / n**2,
            (10, 40),
            [(0.3, 0.3), (1.0, 2.0), (5.0, 1.0)],
        ),
    ],
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_error_of_the_energy_is_within_the_declared_validity(
    method, bound, sizes, strains, sign, dense
):
    times = np.linspace(0.0, 1.0, 6)
    for num_qubits in sizes:
        for splitting, interaction in strains:
            for area in (1.3, 3.6):
                battery = rz.RosenZenerBattery(
                    num_qubits=num_qubits,
                    drive=rz.SineSquaredDrive(area * np.pi, 1.0),
                    level_splitting=splitting,
                    interaction=sign * interaction,
                )
                exact = dense(battery, times, steps=70)["stored_energy"]
                found = evolve_analytic(battery, times, method=method).stored_energy
                miss = np.abs(found - exact).max() / (num_qubits * splitting)
                # 1e-6: what 70 steps leave of the reference's own error.
                assert miss < bound(splitting, interaction, num_qubits) + 1e-6


KICK = 0.004


def kicks(centers, angles):
    """Return a pulse of short triangles: between them it holds the cells at one angle."""
    times, values = [0.0], [0.0]
    for center, angle in zip(centers, angles, strict=True):
        times += [center - KICK / 2, center, center + KICK / 2]
        values += [0.0, 2.0 * angle / KICK, 0.0]
    return rz.SampledDrive([*times, 1.0], [*values, 0.0])


@pytest.mark.parametrize(
    ("method", "factor", "power", "centers", "angles", "splitting", "interaction"),
    [
        ("leading", 0.6, 1, (0.006, 0.559, 0.994), (2.344, 0.272, -1.651), 0.0784, 0.1177),
        ("magnus", 0.3, 1, (0.006, 0.508, 0.994), (-0.651, -5.105, 1.032), 0.0455, -0.0702),
        ("second-order", 0.3, 2, (0.006, 0.608, 0.994), (-3.877, -5.723, 1.519), 0.211, 0.368),
        ("fourth-order", 0.1, 3, (0.006, 0.685, 0.994), (2.415, -5.53, 1.564), 0.301, 0.556),
    ],
)
def test_bounds_for_any_pulse_are_met_and_needed(
    method, factor, power, centers, angles, splitting, interaction, dense
):
    # The worst pulses that analytic_validity_shapes.py finds: kicks, ten to a thousand times worse
    # than a smooth pulse.
    battery = rz.RosenZenerBattery(
        num_qubits=40,
        drive=kicks(centers, angles),
        level_splitting=splitting,
        interaction=interaction,
    )
    times = np.array([0.3, 0.7, 1.0])
    exact = dense(battery, times, steps=100)["stored_energy"]
    found = evolve_analytic(battery, times, method=method).stored_energy
    miss = np.abs(found - exact).max() / (40 * splitting)
    bound = factor * (splitting**2 + interaction**2) ** power
    assert 0.5 * bound < miss < bound


@pytest.mark.parametrize(
    "drive",
    [
        rz.RectangularDrive(12.0, 1.0),
        rz.GaussianDrive(30.0, 0.4, 0.1, 1.0),
        rz.SechDrive(60.0, 0.5, 0.05, 1.0),
        rz.ExponentialDrive(20.0, 0.2, 1.0),
        rz.HarmonicDrive(12.0, 9.0, 1.0, 0.7),
    ],
    ids=lambda drive: type(drive).__name__,
)
def test_bounds_hold_for_every_shape(drive, dense):
    times = np.linspace(0.0, 1.0, 6)
    for splitting, interaction in ((0.2, 0.2), (0.9, -0.9), (5.0, 1.0)):
        battery = rz.RosenZenerBattery(
            num_qubits=12, drive=drive, level_splitting=splitting, interaction=interaction
        )
        exact = dense(battery, times, steps=150)["stored_energy"]
        strain = splitting**2 + interaction**2
        bounds = {
            "leading": (0.2, 0.6 * strain),
            "magnus": (0.07, 0.3 * strain),
            "second-order": (1.8, 0.3 * strain**2),
            "fourth-order": (4.0, 0.1 * strain**3),
            "co-moving": (np.inf, 0.8 * interaction**2 / 12**2),
        }
        for method, (largest, bound) in bounds.items():
            if strain > largest:
                continue
            found = evolve_analytic(battery, times, method=method).stored_energy
            miss = np.abs(found - exact).max() / (12 * splitting)
            assert miss < bound + 1e-6, (method, splitting)
