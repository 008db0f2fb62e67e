"""Map the true error of every analytic tier: python tests/benchmarks/analytic_validity.py

For each number of cells, level splitting and interaction (both in units of 1/T) the worst error
over the strength of the pulse (v0 T from pi to 8 pi) and the sign of the interaction, against the
exact solver: of the stored energy per N Delta, of the fluctuation per sqrt(N) Delta and of the
entropy in bits. The table of docs/derivations.md is printed by this script.
"""

import argparse
import itertools

import numpy as np

import rzqiskit as rz
from rzqiskit.analytic import METHODS, evolve_analytic

PULSES = np.pi * np.array([1.0, 1.7, 2.0, 2.6, 3.3, 4.0, 6.0, 8.0])


def errors(num_qubits: int, splitting: float, interaction: float, method: str) -> np.ndarray:
    """Return the worst errors of E, Sigma and S over the pulses and both signs."""
    times = np.linspace(0.0, 1.0, 41)
    worst = np.zeros(3)
    scale = np.array([num_qubits * splitting, np.sqrt(num_qubits) * splitting, 1.0])
    for area, sign in itertools.product(PULSES, (1.0, -1.0) if interaction else (1.0,)):
        battery = rz.RosenZenerBattery(
            num_qubits=num_qubits,
            drive=rz.SineSquaredDrive(area, 1.0),
            level_splitting=splitting,
            interaction=sign * interaction,
        )
        exact = rz.evolve_exact(battery, times)
        found = evolve_analytic(battery, times, method=method)
        names = ("stored_energy", "energy_fluctuation", "diagonal_entropy")
        miss = np.array([float(np.abs(found[x] - exact[x]).max()) for x in names])
        worst = np.maximum(worst, miss / scale)
    return worst


def main() -> None:
    """Print the map as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-qubits", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--splitting", type=float, nargs="+", default=[0.1, 0.3, 1.0])
    parser.add_argument("--interaction", type=float, nargs="+", default=[0.1, 0.3, 0.6, 1.0, 2.0])
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--largest-magnus", type=int, default=10)
    options = parser.parse_args()
    methods = options.methods
    print("| N | Delta T | eta T | " + " | ".join(f"{m}: E, Sigma, S" for m in methods) + " |")
    print("|---" * (3 + len(methods)) + "|")
    grid = itertools.product(options.num_qubits, options.splitting, options.interaction)
    for num_qubits, splitting, interaction in grid:
        cells = []
        for method in methods:
            if method == "magnus" and num_qubits > options.largest_magnus:
                cells.append("")
                continue
            miss = errors(num_qubits, splitting, interaction, method)
            cells.append(", ".join(f"{x:.1e}" for x in miss))
        print(f"| {num_qubits} | {splitting} | {interaction} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
