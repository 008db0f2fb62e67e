from fractions import Fraction

import numpy as np
import pytest

import rzqiskit as rz
from rzqiskit.charging import run_charging
from rzqiskit.circuits.multi_product import multi_product_formula
from rzqiskit.exact import evolve_exact


def lagrange_weights(steps):
    """Return w_j = prod_{i != j} n_j^2 / (n_j^2 - n_i^2), exactly (Childs, Wiebe, Eq. 8)."""
    weights = []
    for j, n in enumerate(steps):
        weight = Fraction(1)
        for i, other in enumerate(steps):
            if i != j:
                weight *= Fraction(n * n, n * n - other * other)
        weights.append(float(weight))
    return weights


@pytest.mark.parametrize("steps", [(1, 2), (3, 5), (2, 3, 5), (4, 7, 9, 13)])
def test_weights_of_strang_are_those_of_richardson(steps):
    formula = multi_product_formula(steps)
    np.testing.assert_allclose(formula.weights, lagrange_weights(steps), rtol=1e-10)
    assert formula.noise_amplification == pytest.approx(
        np.sqrt(len(steps) * sum(w * w for w in lagrange_weights(steps)))
    )
    assert formula.optimal_noise_amplification <= formula.noise_amplification + 1e-12


def populations_of(battery, num_steps, **options):
    # Shared slices are not matched, so that their errors are powers of their width.
    data = run_charging(battery, [0.2], shots=None, num_steps=num_steps, slices="shared", **options)
    return data.population.values[0]


@pytest.mark.parametrize("frame", ["drive", "mean-field"])
def test_two_strang_circuits_are_of_fourth_order(frame):
    battery = rz.RosenZenerBattery(
        num_qubits=5, drive=rz.SineSquaredDrive(20.0, 0.3), interaction=4.0, level_splitting=3.0
    )
    exact = evolve_exact(battery, [0.2], tolerance=1e-12).population.values[0]
    scales = (8, 11, 16)
    errors = []
    for scale in scales:
        formula = multi_product_formula([scale, 2 * scale])
        rows = [populations_of(battery, n, frame=frame) for n in formula.num_steps]
        combined = formula.combine(rows)
        assert combined.sum() == pytest.approx(1.0, abs=1e-12)
        errors.append(np.abs(combined - exact).max())
        assert errors[-1] < 0.25 * np.abs(rows[-1] - exact).max()
    assert np.polyfit(np.log(scales), np.log(errors), 1)[0] == pytest.approx(-4.0, abs=0.15)


def test_errors_of_independent_circuits_add():
    formula = multi_product_formula([2, 4])
    stderr = formula.combine_stderr([[0.3, 0.0], [0.1, 0.2]])
    np.testing.assert_allclose(stderr, [np.hypot(0.1, 0.4 / 3), 0.8 / 3], rtol=1e-13)


@pytest.mark.parametrize(
    ("steps", "order", "error", "message"),
    [
        ([3], 2, ValueError, r"`num_steps` must hold at least two ascending numbers, got \[3\]"),
        ([4, 2], 2, ValueError, r"two ascending numbers, got \[4, 2\]"),
        ([0, 2], 2, ValueError, "`num_steps` must be a positive integer, got 0"),
        ([1, 2], 1, ValueError, r"`order` must be one of 2, 4, 6, got 1\."),
        ([1, 2], 3, ValueError, r"`order` must be one of 2, 4, 6, got 3\."),
        ([1, 2], 8, ValueError, "`order` must be one of 2, 4, 6, got 8"),
        ([1, 2], 2.0, TypeError, "`order` must be an integer, got 2.0"),
    ],
)
def test_bad_input(steps, order, error, message):
    with pytest.raises(error, match=message):
        multi_product_formula(steps, order=order)


def test_wrong_number_of_circuits():
    with pytest.raises(ValueError, match="`populations` must have 2 entries"):
        multi_product_formula([1, 2]).combine([0.1, 0.2, 0.3])
