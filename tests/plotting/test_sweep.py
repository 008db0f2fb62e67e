"""Plots of sweeps: a line, lines, a map with the curves of full charging."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rzqiskit.plotting import plot_sweep
from rzqiskit.schema import SchemaError, make_dataset


def make(dims: dict[str, np.ndarray], attrs: dict | None = None):
    shape = tuple(len(values) for values in dims.values())
    values = np.arange(np.prod(shape), dtype=float).reshape(shape)
    return make_dataset(
        {"final_stored_energy": (tuple(dims), values)},
        {name: ((name,), values) for name, values in dims.items()},
        attrs or {},
    )


def test_one_dim_is_a_line() -> None:
    ax = plot_sweep(make({"interaction": np.linspace(0, 1, 5)}), "final_stored_energy")
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert line.get_ydata().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert ax.get_xlabel() == r"$\eta$"
    assert ax.get_ylabel() == r"final stored energy  $E(\tau)$"


def test_a_short_dim_or_texts_are_lines_over_the_other() -> None:
    data = make({"interaction": np.linspace(0, 1, 12), "num_qubits": np.array([2, 4])})
    ax = plot_sweep(data, "final_stored_energy")
    assert [line.get_label() for line in ax.lines] == ["$N = 2$", "$N = 4$"]
    assert ax.lines[1].get_ydata().tolist() == data.final_stored_energy.values[:, 1].tolist()
    texts = make({"pair_counting": np.array(["a"] * 9 + ["b"]), "num_qubits": np.arange(2)})
    ax = plot_sweep(texts, "final_stored_energy")
    assert len(ax.lines) == 10
    assert ax.get_xlabel() == "$N$"


@pytest.mark.parametrize("kind", ["SineSquaredDrive", "SechDrive"])
def test_two_long_dims_are_a_map(kind) -> None:
    amplitudes, periods = np.linspace(1, 60, 10), np.linspace(0.1, 0.5, 8)
    attrs = {"specification": json.dumps({"drive": {"type": kind}})}
    data = make({"drive_amplitude": amplitudes, "drive_period": periods}, attrs)
    ax = plot_sweep(data, "final_stored_energy")
    (mesh,) = (c for c in ax.collections if hasattr(c, "get_array") and c.get_array() is not None)
    assert np.array_equal(mesh.get_array(), data.final_stored_energy.values.T)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$v_0$", "$T$")
    # v0 T reaches 60 * 0.5 = 9.5 pi: the curves 2 pi and 6 pi, for the sine-squared pulse only.
    products = [np.unique((line.get_xdata() * line.get_ydata() / np.pi).round(9)).tolist()
                for line in ax.lines]  # fmt: skip
    assert products == ([[2.0], [6.0]] if kind == "SineSquaredDrive" else [])


def test_bad_input() -> None:
    data = make({"interaction": np.arange(2.0), "num_qubits": np.arange(2), "shots": np.arange(2)})
    with pytest.raises(SchemaError, match="one or two dims left"):
        plot_sweep(data, "final_stored_energy")
    with pytest.raises(SchemaError, match="must have the quantity `maximum_stored_energy`"):
        plot_sweep(data, "maximum_stored_energy")
