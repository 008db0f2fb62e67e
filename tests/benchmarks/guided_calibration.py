"""What is known of decays beforehand (KAPPA, MODEL_ERROR), measured on fake devices; and coverage.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/guided_calibration.py [--quick] [--widths 4 6 8]
     [--devices torino marrakesh sherbrooke brisbane fez osaka] [--shots 4096] [--repeats 40]
     [--factors 1 3 5]

Eight minutes on one core, with --quick (three devices, N = 4) half a minute. Batteries of three
drives, interactions and numbers of slices at six times each, second order, compiled onto one line
of the device; the probabilities are exact, without readout errors, at folded noise. Of <m>,
m = k - N/2, in Z ("z") and in Y ("y"), and of <m^2> - N/4 ("zz"), with the noise x = -ln R that J^2
shows:

- kappa: ln(mean without noise / mean as it is) / x, where the mean without noise is at least 0.3 of
  its largest, so that there is a decay. Proposed: mean and spread with equal weight for each of the
  three means, as one KAPPA serves them all.
- model: root mean square, over all times, of the extrapolated mean's deviation in units of
  (largest mean) x (1 - R). Extrapolated with the KAPPA in use and weights as of so many shots: few
  shots tell little of the rate, and the deviation contains what is wrong with KAPPA. "Many shots"
  has what is no exponential alone. Proposed is the former.

Then the coverage, of shots drawn from the same probabilities: fractions of |value - truth| / stderr
below 1, 2 and 5 (0.68, 0.95, 1.00 if normal), its root mean square, and the mean error in units of
N/2. Only at times where the points scatter more about the fitted decay than their errors say
(chi^2 per degree of freedom above 1, so that errors are widened), as it is and not widened; none
with two factors. And over all times, with the worst root mean square of a device, width and
battery, for comparison with constants of each mean's own, near what is measured (OWN). P_I without
the last time, where the drive vanishes.
"""

import argparse
import time
from collections import defaultdict

import numpy as np
from qiskit.quantum_info import Statevector

import rzqiskit as rz
from rzqiskit.execution.folding import fold_entanglers
from rzqiskit.execution.noisy_probabilities import noisy_weight_probabilities
from rzqiskit.execution.runtime.devices import find_fake_device
from rzqiskit.execution.shared_line import compile_on_shared_line
from rzqiskit.mitigation import extrapolate_guided_metrics, guided
from rzqiskit.mitigation.zero_noise import fit_noise

PERIOD = 0.1 * np.pi
TIMES = np.linspace(0.0, PERIOD, 7)[1:]
DEVICES = ("torino", "marrakesh", "sherbrooke", "brisbane", "fez", "osaka")
BASES = "zyx"
MEANS = ("z", "y", "zz")
METRICS = ("stored_energy", "energy_fluctuation", "instantaneous_power")
# name -> drive, interaction, slices
BATTERIES = {
    "Fig. 2": (rz.SineSquaredDrive(20.0, PERIOD), 2.0, 2),
    "strong": (rz.SineSquaredDrive(40.0, PERIOD), 5.0, 3),
    "Gaussian": (rz.GaussianDrive(15.0, PERIOD / 2, PERIOD / 5, PERIOD), -3.0, 4),
}
# mean -> kappa and its spread, model error
OWN = {"z": ((0.75, 0.2), 0.04), "y": ((1.1, 0.3), 0.06), "zz": ((0.9, 0.2), 0.02)}
LEAST_MEAN, LEAST_NOISE, MANY_SHOTS = 0.3, 0.01, 1e8


def simulate(name, width, backend, factors):
    """Return p_k with noise (factors, bases, times, N + 1) and without (bases, times, N + 1)."""
    drive, interaction, num_steps = BATTERIES[name]
    battery = rz.RosenZenerBattery(num_qubits=width, drive=drive, interaction=interaction)
    circuits = [
        circuit
        for basis in BASES
        for circuit in rz.build_charging_circuits(battery, TIMES, num_steps=num_steps, basis=basis)
    ]
    compiled = compile_on_shared_line(circuits, backend)
    folded = [fold_entanglers(made, factor) for factor in factors for made in compiled]
    noisy = np.maximum(noisy_weight_probabilities(folded, backend, readout=False), 0.0)
    noisy /= noisy.sum(axis=-1, keepdims=True)
    weights = np.bitwise_count(np.arange(2**width))
    ideal = [
        np.bincount(
            weights,
            Statevector(circuit.remove_final_measurements(inplace=False)).probabilities(),
        )
        for circuit in circuits
    ]
    shape = (len(BASES), TIMES.size, width + 1)
    return noisy.reshape(len(factors), *shape), np.array(ideal).reshape(shape)


def noise_of(populations, width):
    """Return x = -ln R that J^2 shows, without the axis of bases."""
    squares = populations @ (np.arange(width + 1) - 0.5 * width) ** 2
    mixed, ideal = 0.75 * width, 0.5 * width * (0.5 * width + 1.0)
    return -np.log((squares.sum(axis=-2) - mixed) / (ideal - mixed))


def decays(noisy, ideal, shots):
    """Return mean -> (kappa where there is a decay, model error with few and with many shots)."""
    width = ideal.shape[-1] - 1
    levels = np.arange(width + 1) - 0.5 * width
    noise = noise_of(noisy, width)
    taken = -np.expm1(-noise[0])
    found = {}
    for name in MEANS:
        values = levels**2 - 0.25 * width if name == "zz" else levels
        basis = BASES.index(name[0])
        mean, truth = noisy[:, basis] @ values, ideal[basis] @ values
        variance = noisy[:, basis] @ values**2 - mean**2
        strong = (np.abs(truth) > LEAST_MEAN * values[-1]) & (noise[0] > LEAST_NOISE)
        kappa = np.log(truth[strong] / mean[0, strong]) / noise[0, strong]
        fits = [
            fit_noise(
                noise, mean, np.sqrt(variance / number), method="exponential", rate=guided.KAPPA
            )
            for number in (shots, MANY_SHOTS)
        ]
        used = noise[0] > LEAST_NOISE
        model = [((fit.value - truth) / (values[-1] * taken))[used] for fit in fits]
        found[name] = (kappa, *model)
    return found


class OwnConstants(guided._Chain):
    """Extrapolates each mean with a KAPPA and a MODEL_ERROR of its own."""

    def extrapolated(self, basis, values, model):
        name = basis if values[0] < 0.0 else "zz"
        kept, guided.KAPPA = guided.KAPPA, OWN[name][0]
        try:
            return super().extrapolated(basis, values, OWN[name][1])
        finally:
            guided.KAPPA = kept


def pulls(noisy, ideal, shots, repeats, rng):
    """Return metric -> rows of deviations and errors, in units of N/2, over times and repeats.

    The rows: deviation, error, error not widened, deviation and error with OWN constants.
    """
    width = ideal.shape[-1] - 1
    levels = np.arange(width + 1) - 0.5 * width
    means = ideal @ levels
    drawn = rng.multinomial(shots, noisy, size=(repeats, *noisy.shape[:-1]))
    # All repeats at once, as if they were times.
    counts = np.moveaxis(drawn, 0, 2).reshape(*noisy.shape[:2], -1, width + 1)
    of_all = counts.shape[2]
    arguments = {
        "counts_x": counts[:, 2], "counts_y": counts[:, 1], "level_splitting": 1.0,
        "times": np.arange(1.0, of_all + 1.0), "drive_values": np.ones(of_all),
    }  # fmt: skip
    widened = extrapolate_guided_metrics(counts[:, 0], **arguments)
    kept, guided._widening = guided._widening, lambda *_: 1.0
    plain = extrapolate_guided_metrics(counts[:, 0], **arguments)
    guided._widening = kept
    chain, guided._Chain = guided._Chain, OwnConstants
    own = extrapolate_guided_metrics(counts[:, 0], **arguments)
    guided._Chain = chain
    truths = {
        "stored_energy": means[0] + 0.5 * width,
        "energy_fluctuation": np.sqrt(np.maximum(ideal[0] @ levels**2 - means[0] ** 2, 0.0)),
        "instantaneous_power": means[1],
    }
    found = {}
    for name, truth in truths.items():
        truth = np.tile(truth, repeats)
        value, error = widened[name]
        rows = np.array([value - truth, error, plain[name][1], own[name][0] - truth, own[name][1]])
        rows = rows.reshape(len(rows), repeats, -1) / (0.5 * width)
        rows = rows[..., :-1] if name == "instantaneous_power" else rows
        rows = rows.reshape(len(rows), -1)
        found[name] = rows[:, np.isfinite(rows[0])]
    return found


def spread(values):
    """Return mean and standard deviation with equal weight for each of several samples."""
    means = [np.mean(item) for item in values]
    return np.mean(means), np.sqrt(np.mean([np.var(item) for item in values]) + np.var(means))


def rms(values):
    """Return the root mean square."""
    return np.sqrt(np.mean(np.square(values)))


def show_decays(rows, title):
    """Print kappa and model errors by one key, and return them all."""
    print(f"\n{title:20} kappa z     y    zz | model z     y    zz | many shots     y    zz")
    for key in dict.fromkeys(key for key, _ in rows):
        chosen = [found for name, found in rows if name == key]
        cells = []
        for part, statistic in enumerate((np.mean, rms, rms)):
            joined = [np.concatenate([found[name][part] for found in chosen]) for name in MEANS]
            cells.append(
                " ".join(f"{statistic(item):5.2f}" if item.size else "    -" for item in joined)
                if part == 0
                else " ".join(f"{statistic(item):5.3f}" for item in joined)
            )
        print(f"{key:20}   {cells[0]} |   {cells[1]} |      {cells[2]}", flush=True)


def show_proposal(rows):
    """Print mean, spread and range over everything, and the constants in use."""
    parts = [
        {name: np.concatenate([found[name][part] for _, found in rows]) for name in MEANS}
        for part in range(3)
    ]
    print("\nall                 kappa: mean  spread  least  most | model  many shots  in use")
    for name in MEANS:
        kappa = parts[0][name]
        print(
            f"{name:20}        {kappa.mean():5.2f}  {kappa.std():6.2f}  {kappa.min():5.2f} "
            f"{kappa.max():5.2f} | {rms(parts[1][name]):5.3f}  {rms(parts[2][name]):10.3f}"
            f"  {guided.MODEL_ERROR[name]:6.2f}"
        )
    center, width = spread(list(parts[0].values()))
    model = ", ".join(f"{name} {rms(parts[1][name]):.2f}" for name in MEANS)
    print(f"proposed: kappa {center:.2f} +- {width:.2f}, model {model}")
    known = ", ".join(f"{name} {guided.MODEL_ERROR[name]:.2f}" for name in MEANS)
    print(f"in use:   kappa {guided.KAPPA[0]:.2f} +- {guided.KAPPA[1]:.2f}, model {known}")


def coverage(deviations, errors):
    """Return fractions within 1, 2 and 5 errors, root mean square and mean error, as text."""
    pull = np.abs(deviations) / errors
    within = " ".join(f"{np.mean(pull < reach):.3f}" for reach in (1, 2, 5))
    return f"{within}  {rms(pull):.2f}  {errors.mean():.4f}"


def show_widening(samples):
    """Print the coverage where errors are widened, by device."""
    print("\nwhere widened: coverage at 1, 2, 5; rms; mean error/(N/2) | not widened")
    for metric in METRICS:
        for device in [*dict.fromkeys(name for name, _ in samples), "together"]:
            chosen = [found[metric] for name, found in samples if device in (name, "together")]
            joined = np.concatenate(chosen, axis=1)
            there = joined[1] > joined[2] * (1.0 + 1e-9)
            if there.any():
                cells = [coverage(joined[0, there], joined[row, there]) for row in (1, 2)]
                print(f"{metric:20} {device:11} {there.mean():4.0%} | " + " | ".join(cells))


def show_constants(samples):
    """Print the coverage over all times, with the constants in use and with OWN."""
    print("\nall times: coverage at 1, 2, 5; rms; mean error/(N/2); worst rms")
    for metric in METRICS:
        joined = np.concatenate([found[metric] for _, found in samples], axis=1)
        for name, value, error in (("in use", 0, 1), ("own", 3, 4)):
            worst = max(rms(found[metric][value] / found[metric][error]) for _, found in samples)
            text = coverage(joined[value], joined[error])
            print(
                f"{metric:20} {name:6} | {text}  {worst:.2f}, values' rms {rms(joined[value]):.4f}"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--widths", type=int, nargs="+")
    parser.add_argument("--devices", nargs="+")
    parser.add_argument("--shots", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--factors", type=int, nargs="+", default=[1, 3, 5])
    arguments = parser.parse_args()
    widths = arguments.widths or ([4] if arguments.quick else [4, 6, 8])
    devices = arguments.devices or DEVICES[: 3 if arguments.quick else None]
    start = time.perf_counter()
    rng = np.random.default_rng(0)
    by_device, by_battery, samples = [], [], []
    seconds = defaultdict(float)
    for device in devices:
        backend = find_fake_device(device)
        for width in widths:
            for name, (_, _, num_steps) in BATTERIES.items():
                begun = time.perf_counter()
                noisy, ideal = simulate(name, width, backend, arguments.factors)
                seconds[width] += time.perf_counter() - begun
                print(f"# {device}, N = {width}, {name}", flush=True)
                found = decays(noisy, ideal, arguments.shots)
                by_device.append((f"{device}, N = {width}", found))
                by_battery.append((f"{name}, {num_steps} slices", found))
                samples.append(
                    (device, pulls(noisy, ideal, arguments.shots, arguments.repeats, rng))
                )
    show_decays(by_device, "device")
    show_decays(by_battery, "battery")
    show_proposal(by_device)
    show_widening(samples)
    show_constants(samples)
    spent = ", ".join(f"N = {width} {value:.0f} s" for width, value in seconds.items())
    print(f"\n{time.perf_counter() - start:.0f} s, of which probabilities: {spent}")


if __name__ == "__main__":
    main()
