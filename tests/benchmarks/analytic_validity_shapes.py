"""Search for the largest error of the stored energy over all pulses: run as a script.

Random pulses of every shape (duration 1, turns up to 4), cells, strains and signs, then a random
walk uphill from the worst of each. The error is given in the unit of the bound that a tier
declares: N Delta times a power of delta = (Delta T)^2 + (eta T)^2, or (eta T)^2 Delta/N of the tier
"co-moving", with eta = g N/2 and |eta| T up to 1 (2 for the sine-squared pulse). The factors in the
attribute `validity` are rounded up from it, and the second table of section 9 of
docs/derivations.md is its output.

    python tests/benchmarks/analytic_validity_shapes.py --seconds 14 --seed 12
"""

import argparse
import time

import numpy as np

import rzqiskit as rz
from rzqiskit.analytic.evolution import _tier

# tier -> largest delta of its window, power of delta in its bound
WINDOWS = {
    "leading": (0.2, 1),
    "magnus": (0.07, 1),
    "second-order": (1.8, 2),
    "fourth-order": (4.0, 3),
}
TIERS = (*WINDOWS, "co-moving")
NUM_SHAPE_NUMBERS = 12
CELLS = {"co-moving": (10, 12, 20, 50, 200)}


def sampled(x):
    """Return a pulse of up to ten random samples, or of three narrow kicks."""
    if x[0] < 0.5:
        values = 60.0 * (x[1:11] - 0.5)
        return rz.SampledDrive(np.linspace(0.0, 1.0, 10), values)
    width = 0.002
    centers = np.sort(np.clip(x[1:4], 3 * width, 1 - 3 * width))
    centers += 3 * width * np.arange(3) * (np.diff(centers, prepend=0.0).min() < 3 * width)
    centers *= min(1.0, (1.0 - 2 * width) / centers[-1])
    times = np.concatenate(
        [[0.0], *[c + width * np.array([-1.0, 0.0, 1.0]) for c in centers], [1.0]]
    )
    heights = 4.0 * np.pi * (x[4:7] - 0.5) / width
    values = np.concatenate([[0.0], *[[0.0, h, 0.0] for h in heights], [0.0]])
    return rz.SampledDrive(times, values)


SHAPES = {
    "SineSquared": lambda x: rz.SineSquaredDrive(16.0 * np.pi * x[0], 1.0),
    "Rectangular": lambda x: rz.RectangularDrive(8.0 * np.pi * x[0], 1.0),
    "Gaussian": lambda x: rz.GaussianDrive(
        8.0 * np.pi * x[0] / (2.5 * (w := 0.01 + 0.4 * x[1] ** 2)), x[2], w, 1.0
    ),
    "Sech": lambda x: rz.SechDrive(
        8.0 * np.pi * x[0] / (np.pi * (w := 0.01 + 0.3 * x[1] ** 2)), x[2], w, 1.0
    ),
    "Exponential": lambda x: rz.ExponentialDrive(
        8.0 * np.pi * x[0] / (w := 0.01 + 0.6 * x[1]), w, 1.0
    ),
    "Harmonic": lambda x: rz.HarmonicDrive(
        40.0 * x[0], 40.0 * x[1], 1.0, 2.0 * np.pi * x[2]
    ),
    "Sampled": sampled,
}  # fmt: skip


def ratio(tier, shape, x):
    """Return the error of the stored energy in the unit of the tier's bound, at x in [0, 1]^16."""
    sizes = CELLS.get(tier, (1, 2, 3, 5, 10, 40))
    num = sizes[min(int(x[0] * len(sizes)), len(sizes) - 1)]
    sign = 1.0 if x[1] < 0.5 else -1.0
    if tier == "co-moving":
        # Beyond 1.4 a mean field can stand on the edge of self-trapping, where nothing bounds it.
        strength = max(x[3], 0.1) * (2.0 if shape == "SineSquared" else 1.0)
        splitting = 30.0 ** (2.0 * x[2] - 1.0)
        unit = strength**2 * splitting / num
    else:
        largest, power = WINDOWS[tier]
        delta = largest * (0.1 + 0.9 * x[2])
        splitting = np.sqrt(delta) * np.cos(0.5 * np.pi * min(x[3], 0.99))
        strength = np.sqrt(delta) * np.sin(0.5 * np.pi * min(x[3], 0.99))
        unit = num * splitting * delta**power
    battery = rz.RosenZenerBattery(
        num_qubits=num,
        drive=SHAPES[shape](x[4:]),
        level_splitting=splitting,
        interaction=sign * strength,
    )
    times = np.linspace(0.0, 1.0, 26)
    exact = rz.evolve_exact(battery, times, quantities=["stored_energy"])
    found = _tier(battery, tier).metrics["stored_energy"](times)
    return float(np.abs(found - exact.stored_energy.values).max()) / unit


def search(tier, shape, seconds, rng):
    """Return the largest ratio found and where."""
    start = time.perf_counter()
    best, where = 0.0, rng.random(4 + NUM_SHAPE_NUMBERS)
    while (elapsed := time.perf_counter() - start) < seconds:
        if elapsed < 0.4 * seconds:
            x = rng.random(where.size)
        else:
            moved = rng.random(where.size) < 0.3
            x = np.clip(where + moved * rng.normal(0.0, 0.1, where.size), 0.0, 1.0)
        value = ratio(tier, shape, x)
        if value > best:
            best, where = value, x
    return best, where


def main():
    """Print the largest ratios as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each tier and shape")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tiers", nargs="+", default=list(TIERS))
    options = parser.parse_args()
    print("| pulse | " + " | ".join(f"`{tier}`" for tier in options.tiers) + " |")
    print("|---" * (1 + len(options.tiers)) + "|")
    rng = np.random.default_rng(options.seed)
    for shape in SHAPES:
        found = [search(tier, shape, options.seconds, rng)[0] for tier in options.tiers]
        print(f"| {shape} | " + " | ".join(f"{value:.2g}" for value in found) + " |", flush=True)


if __name__ == "__main__":
    main()
