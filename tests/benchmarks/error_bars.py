"""Are the error bars of raw estimates honest? Few shots and many, over shapes of distributions.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/error_bars.py [--widths 4 10] [--records 20000]
     [--shots 2 3 5 8 12 20 30 100 1000]

Printed for each number of shots: the root mean square of (estimate - truth) / error, 1 if the error
bars are honest, of E, Sigma and S, for the binomial distributions of uncorrelated cells with
p = 0.01 to 0.5 (the battery's are near them), and shapes that no such cells have: all levels alike,
geometric, all cells in the ground state or all excited, the latter in one shot of ten.
"""

import argparse

import numpy as np
from scipy.stats import binom

from rzqiskit.estimation import estimate_entropy, estimate_mean, estimate_standard_deviation


def shapes(num_qubits):
    """Return name -> populations."""
    k = np.arange(num_qubits + 1)
    found = {f"p={p}": binom.pmf(k, num_qubits, p) for p in (0.01, 0.1, 0.3, 0.5)}
    found["uniform"] = np.full(num_qubits + 1, 1.0 / (num_qubits + 1))
    found["geometric"] = 0.5**k / np.sum(0.5**k)
    for name, share in (("split", 0.5), ("tenth", 0.1)):
        found[name] = np.where(k == 0, 1.0 - share, np.where(k == num_qubits, share, 0.0))
    return found


def pulls(populations, shots, records, rng):
    """Return the root mean squares of E, Sigma and S."""
    k = np.arange(populations.size, dtype=np.float64)
    counts = rng.multinomial(shots, populations, size=records)
    mean = populations @ k
    positive = populations[populations > 0.0]
    truths = (
        mean,
        np.sqrt(populations @ (k - mean) ** 2),
        -float(positive @ np.log2(positive)),
    )
    entropy_records = counts[: max(records // 10, 1)]
    estimates = (
        estimate_mean(counts, k),
        estimate_standard_deviation(counts),
        estimate_entropy(entropy_records),
    )
    return [
        float(np.sqrt(np.mean(((value - truth) / error) ** 2)))
        for truth, (value, error) in zip(truths, estimates, strict=True)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[4, 10])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--shots", type=int, nargs="+", default=[2, 3, 5, 8, 12, 20, 30, 100, 1000])
    arguments = parser.parse_args()
    rng = np.random.default_rng(5)
    for width in arguments.widths:
        names = shapes(width)
        print(f"N = {width}: E / Sigma / S")
        print("shots " + "".join(f"{name:>17}" for name in names))
        for shots in arguments.shots:
            cells = [pulls(p, shots, arguments.records, rng) for p in names.values()]
            print(
                f"{shots:5d} "
                + "".join(f"{'/'.join(f'{v:.2f}' for v in cell):>17}" for cell in cells),
                flush=True,
            )


if __name__ == "__main__":
    main()
