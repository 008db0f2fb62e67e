"""How many all-pairs layers does 1e-3 cost? Run: python tests/benchmarks/product_formulas.py

For the paper's parameters (N = 10, lambda = 2, T = 0.1 pi, v0 = 10, 20, 40, 60) and each formula,
the largest error over 25 times of E and Sigma (in Delta) and of S (in bit), whichever is largest,
against the number of all-pairs (ZZ) layers of the Z-basis circuit of the last time; then the
fewest layers that reach 1e-2, 1e-3 and 1e-4. Multi-product rows combine two circuits and count
the layers of the longer one; behind the number, the noise amplification.
"""

import argparse
import functools
import itertools

import numpy as np
from scipy.special import entr

import rzqiskit as rz
from rzqiskit.circuits import product_formula
from rzqiskit.circuits.moments import MOMENT_FORMULAS
from rzqiskit.circuits.multi_product import multi_product_formula
from rzqiskit.circuits.product_formula import charging_schedule
from rzqiskit.exact import evolve_exact

NUM = 10
PERIOD = 0.1 * np.pi
AMPLITUDES = (10.0, 20.0, 40.0, 60.0)
TIMES = np.linspace(0.0, PERIOD, 26)[1:]
TARGETS = (1e-2, 1e-3, 1e-4)
EXCITATIONS = np.arange(NUM + 1)
SPIN = EXCITATIONS - NUM / 2
HOPPING = np.diag(0.5 * np.sqrt((NUM - EXCITATIONS[:-1]) * (EXCITATIONS[:-1] + 1.0)), 1)
X_VALUES, X_VECTORS = np.linalg.eigh(HOPPING + HOPPING.T)


def battery_of(amplitude):
    return rz.RosenZenerBattery(
        num_qubits=NUM, drive=rz.SineSquaredDrive(amplitude, PERIOD), interaction=2.0
    )


def populations_of(schedule):
    state = np.eye(NUM + 1, dtype=complex)[0]
    powers = {"z": SPIN, "zz": SPIN**2}
    for layer in schedule.layers:
        if layer.axis == "x":
            state = X_VECTORS @ (np.exp(-1j * layer.angle * X_VALUES) * (X_VECTORS.T @ state))
        else:
            state = np.exp(-1j * layer.angle * powers[layer.axis]) * state
    return np.abs(state) ** 2


def metrics_of(populations):
    mean = populations @ EXCITATIONS
    variance = np.einsum("tk,tk->t", populations, (EXCITATIONS - mean[:, None]) ** 2)
    entropy = entr(np.maximum(populations, 0.0)).sum(axis=-1) / np.log(2.0)
    return np.array([mean, np.sqrt(np.abs(variance)), entropy])


@functools.cache
def exact(amplitude):
    data = evolve_exact(battery_of(amplitude), TIMES, tolerance=1e-11)
    return metrics_of(data.population.values)


@functools.cache
def run(amplitude, order, frame, spacing, num_steps):
    """Return (layers, populations) of a formula; the spacing "plain" leaves layers unmatched.

    The frame "lab" comes as ("lab", number of exponentials).
    """
    if isinstance(frame, tuple):
        frame, count = frame
        product_formula.LAB_FORMULA = MOMENT_FORMULAS[count]
    options = {"num_steps": num_steps, "order": order, "frame": frame}
    if spacing != "plain":
        options["spacing"] = spacing
    schedules = [
        charging_schedule(
            battery_of(amplitude), t, horizon=t if spacing == "plain" else None, **options
        )
        for t in TIMES.tolist()
    ]
    return schedules[-1].num_zz_layers, np.array([populations_of(s) for s in schedules])


def error_of(amplitude, populations):
    return np.abs(metrics_of(populations) - exact(amplitude)).max(axis=-1)


def single_rows(amplitude, order, frame, spacing, most):
    for num_steps in itertools.count(1):
        layers, populations = run(amplitude, order, frame, spacing, num_steps)
        if layers > most:
            return
        yield layers, error_of(amplitude, populations), None


def multi_rows(amplitude, order, frame, most):
    """Yield the best pair for each length of the longer circuit, noise amplification under 4."""
    for longer in itertools.count(2):
        layers, last = run(amplitude, order, frame, "plain", longer)
        if layers > most:
            return
        best = None
        for shorter in range(1, longer):
            formula = multi_product_formula([shorter, longer], order=order)
            if formula.optimal_noise_amplification > 4.0:
                continue
            first = run(amplitude, order, frame, "plain", shorter)[1]
            error = error_of(amplitude, formula.combine([first, last]))
            if best is None or error.max() < best[1].max():
                best = layers, error, formula.optimal_noise_amplification
        if best is not None:
            yield best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=40, help="largest number of layers tried")
    most = parser.parse_args().most
    formulas = {}
    for frame, order, spacing in itertools.product(
        ("drive", "mean-field"), (1, 2, 4, 6), ("time", "area")
    ):
        if order == 1 and spacing == "area":
            continue
        formulas[f"order {order}, {frame}, equal {spacing}"] = functools.partial(
            single_rows, order=order, frame=frame, spacing=spacing, most=most
        )
    formulas["order 2, mean-field, unmatched"] = functools.partial(
        single_rows, order=2, frame="mean-field", spacing="plain", most=most
    )
    for count, spacing in itertools.product((7, 9), ("time", "area")):
        formulas[f"order 4, lab, {count} factors, equal {spacing}"] = functools.partial(
            single_rows, order=4, frame=("lab", count), spacing=spacing, most=most
        )
    for frame, order in itertools.product(("drive", "mean-field"), (2, 4)):
        formulas[f"order {order}, {frame}, two circuits"] = functools.partial(
            multi_rows, order=order, frame=frame, most=most
        )
    results = {
        (name, amplitude): list(rows(amplitude))
        for name, rows in formulas.items()
        for amplitude in AMPLITUDES
    }
    print("Largest errors of E, Sigma, S (order 2, equal time)")
    for frame in ("drive", "mean-field"):
        for amplitude in AMPLITUDES:
            rows = results[f"order 2, {frame}, equal time", amplitude]
            for layers, error, _ in rows:
                if layers in (2, 4, 6, 8, 10, 15, 20):
                    shown = "  ".join(f"{value:.1e}" for value in error)
                    print(f"  {frame:>10}  v0 = {amplitude:2.0f}  {layers:2d} layers  {shown}")
    for target in TARGETS:
        print(f"\nFewest ZZ layers for {target:g} in E, Sigma and S")
        print(f"  {'formula':<38}" + "".join(f"{f'v0 = {a:.0f}':>12}" for a in AMPLITUDES))
        for name in formulas:
            cells = []
            for amplitude in AMPLITUDES:
                hits = [row for row in results[name, amplitude] if row[1].max() <= target]
                if not hits:
                    cells.append(f"> {most}")
                    continue
                layers, _, noise = min(hits, key=lambda row: row[0])
                cells.append(f"{layers}" if noise is None else f"{layers} ({noise:.1f})")
            print(f"  {name:<38}" + "".join(f"{cell:>12}" for cell in cells))


if __name__ == "__main__":
    main()
