"""Plots of results: Datasets in, matplotlib Axes out; no physics is computed here."""

from __future__ import annotations

from rzqiskit.plotting.comparison import plot_comparison
from rzqiskit.plotting.metrics import (
    plot_average_power,
    plot_diagonal_entropy,
    plot_energy_fluctuation,
    plot_instantaneous_power,
    plot_metric,
    plot_population,
    plot_stored_energy,
)
from rzqiskit.plotting.noisy_comparison import plot_noisy_comparison
from rzqiskit.plotting.reproduction import plot_reproduction
from rzqiskit.plotting.style import plot_style
from rzqiskit.plotting.sweep import plot_sweep, plot_sweep_panels

__all__ = [
    "plot_average_power",
    "plot_comparison",
    "plot_diagonal_entropy",
    "plot_energy_fluctuation",
    "plot_instantaneous_power",
    "plot_metric",
    "plot_noisy_comparison",
    "plot_population",
    "plot_reproduction",
    "plot_stored_energy",
    "plot_style",
    "plot_sweep",
    "plot_sweep_panels",
]
