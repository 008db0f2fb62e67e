"""Are the error bars of measured maxima and of their times honest?

Run: OMP_NUM_THREADS=1 python tests/benchmarks/maxima.py [--widths 1 2 4 10 100] [--repeats 60]
     [--amplitudes 10 20 40 60] [--num-times 26 101] [--shots 100 4096] [--interaction 2]

Counts are drawn from the exact populations of the paper's pulse. Printed for E, Sigma and S: mean
and root mean square of (maximum - truth) / error, and the root mean square of that of its time, 1
if the error bars are honest; then how these are spread over all lines.
"""

import argparse
from itertools import product

import numpy as np

import rzqiskit as rz
from rzqiskit.estimation import estimate_maximum, estimate_metrics

METRICS = ("stored_energy", "energy_fluctuation", "diagonal_entropy")


def pulls(battery, num_times, shots, repeats, rng):
    """Return the pulls of maxima and times, shape (num_metrics, 2, repeats)."""
    fine = np.linspace(0.0, battery.drive.duration, 4001)
    truth = rz.evolve_exact(battery, fine)
    times = np.linspace(0.0, battery.drive.duration, num_times)
    populations = np.maximum(rz.evolve_exact(battery, times).population.values, 0.0)
    populations /= populations.sum(axis=-1, keepdims=True)
    found = np.empty((len(METRICS), 2, repeats))
    for repeat in range(repeats):
        counts = rng.multinomial(shots, populations)
        estimates = estimate_metrics(counts, level_splitting=1.0, times=times)
        for row, name in zip(found, METRICS, strict=True):
            values = truth[name].values
            maximum, error, time, time_error = estimate_maximum(times, *estimates[name])
            row[0, repeat] = (maximum - values.max()) / error
            row[1, repeat] = (time - fine[np.argmax(values)]) / time_error
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[1, 2, 4, 10, 100])
    parser.add_argument("--amplitudes", type=float, nargs="+", default=[10.0, 20.0, 40.0, 60.0])
    parser.add_argument("--num-times", type=int, nargs="+", default=[26, 101])
    parser.add_argument("--shots", type=int, nargs="+", default=[100, 4096])
    parser.add_argument("--interaction", type=float, default=2.0)
    parser.add_argument("--repeats", type=int, default=60)
    arguments = parser.parse_args()
    rng = np.random.default_rng(7)
    cases = product(arguments.widths, arguments.amplitudes, arguments.num_times, arguments.shots)
    print("  N   v0 times shots: E, Sigma, S: mean, rms of the maximum; rms of its time")
    lines = []
    for width, amplitude, num_times, shots in cases:
        battery = rz.RosenZenerBattery(
            num_qubits=width,
            drive=rz.SineSquaredDrive(amplitude, 0.1 * np.pi),
            interaction=arguments.interaction,
        )
        found = pulls(battery, num_times, shots, arguments.repeats, rng)
        mean, rms = found.mean(axis=-1), np.sqrt(np.mean(found**2, axis=-1))
        cells = [f"{m[0]:+.2f} {r[0]:.2f} {r[1]:.2f}" for m, r in zip(mean, rms, strict=True)]
        print(f"{width:3d} {amplitude:4g} {num_times:5d} {shots:5d}:  " + "   ".join(cells))
        lines.append(np.column_stack([mean[:, 0], rms]))
    print("least, median, nine in ten, largest")
    for name, column in zip(("mean", "rms", "rms of time"), np.concatenate(lines).T, strict=True):
        spread = np.quantile(column, [0.0, 0.5, 0.9, 1.0])
        print(f"{name:>12}: " + " ".join(f"{value:.2f}" for value in spread))


if __name__ == "__main__":
    main()
