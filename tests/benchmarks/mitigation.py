"""Error of E, Sigma, P_I and S on the noise of fake devices: raw, and by each mitigation.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/mitigation.py [--widths 4 6 8 10]
     [--devices torino marrakesh sherbrooke] [--amplitude 20] [--interaction 2] [--num-steps 2]
     [--shots 4096] [--repeats 40] [--metrics stored_energy energy_fluctuation] [--shots-alone]

The paper's Fig. 2 battery (lambda = 2, T = 0.1 pi) at six times, second-order circuits compiled by
this package onto one line, with the device's noise: density matrices, read with the device's
asymmetric errors. Exact probabilities (half a minute for N = 8, some minutes for N = 10), of which
shots are drawn as often as asked for, so that a bias can be told from bad luck. Noise is amplified
by folding the entangling gates 1, 3 and 5 times; the readout calibration, drawn anew for every
repeat, has four times the shots.

Printed for each method and metric, all times and repeats together:

- rms: root-mean-square deviation from the ideal circuits (the formula's own error is under 0.003);
- err: root-mean-square standard error;
- scatter: standard deviation of (value - its mean over the repeats) / error, 1 if the error bars
  are those of the scatter. Below 1 where they hold more than that: the guided ones contain what is
  not known of the decay;
- pull: root mean square of (value - truth) / error, 1 if they are honest, bias and all.

With --shots-alone the guided errors leave out MODEL_ERROR: the scatter then tells whether the rest
of them is right. P_I without the last time, where the drive and so the error vanish. Of R repeats
at five times a root mean square is uncertain by about a part 1 / sqrt(10 R), or sqrt(5) times that
for a bias.

- readout: inversion of the weights' confusion matrix, from which all methods below start; mthree:
  the same bit string by bit string, where mthree is installed.
- linear, quadratic, exponential: in the nominal noise factor.
- guided: in the noise that J^2 shows at each time, everything together
  (`extrapolate_guided_metrics`).
- rescaled: no folding, one noise factor of the same.
"""

import argparse
import importlib.util
import time

import numpy as np

import rzqiskit as rz
from rzqiskit.execution.folding import fold_entanglers
from rzqiskit.execution.noise import measured_qubits, readout_flips
from rzqiskit.execution.noisy_probabilities import noisy_bit_string_probabilities
from rzqiskit.execution.runtime.devices import find_fake_device
from rzqiskit.execution.shared_line import compile_on_shared_line
from rzqiskit.mitigation import (
    estimate_readout_errors,
    extrapolate_guided_metrics,
    extrapolate_metrics,
    mitigate_metrics,
)
from rzqiskit.mitigation.corrected import CorrectedCounts
from rzqiskit.mitigation.guided import MODEL_ERROR
from rzqiskit.mitigation.subspace import correct_by_mthree

PERIOD = 0.1 * np.pi
TIMES = np.linspace(0.0, PERIOD, 7)[1:]
FACTORS = (1, 3, 5)
METRICS = ("stored_energy", "energy_fluctuation", "instantaneous_power", "diagonal_entropy")


def simulate(battery, device, num_steps):
    """Return bit-string probabilities (factors, bases, times, 2^N), readout included, and flips."""
    backend = find_fake_device(device)
    circuits = [
        circuit
        for basis in "zyx"
        for circuit in rz.build_charging_circuits(
            battery, TIMES, num_steps=num_steps, basis=basis
        )
    ]  # fmt: skip
    compiled = compile_on_shared_line(circuits, backend)
    folded = [fold_entanglers(made, factor) for factor in FACTORS for made in compiled]
    probabilities = np.stack(noisy_bit_string_probabilities(folded, backend))
    flips = np.array(readout_flips(backend, measured_qubits(compiled[0])))
    orders = [measured_qubits(made) for made in compiled]
    return probabilities.reshape(len(FACTORS), 3, TIMES.size, -1), flips, orders


def weights_of(counts):
    """Return counts of Hamming weights of counts of bit strings, last axis."""
    ones = np.bitwise_count(np.arange(counts.shape[-1]))
    return np.stack(
        [counts[..., ones == k].sum(axis=-1) for k in range(int(ones.max()) + 1)], axis=-1
    )


def mitigate(battery, counts, readout, drive):
    """Return method -> metrics with errors, from the counts of weights of one repeat."""
    z, y, x = counts[:, 0], counts[:, 1], counts[:, 2]
    known = {"level_splitting": battery.level_splitting, "times": TIMES, "drive_values": drive}
    methods = {
        "raw": rz.estimate_metrics(z[0], counts_y=y[0], **known),
        "readout": mitigate_metrics(z[0], readout, counts_y=y[0], **known),
    }
    for method in ("linear", "quadratic", "exponential"):
        methods[method] = extrapolate_metrics(
            FACTORS, z, method=method, counts_y=y, readout=readout, **known
        )
    for name, kept in (("rescaled", slice(1)), ("guided", slice(None))):
        methods[name] = extrapolate_guided_metrics(
            z[kept], counts_x=x[kept], counts_y=y[kept], readout=readout, **known
        )
    return methods


def correct_strings(battery, counts, readout, orders, drive):
    """Return the metrics of one repeat by mthree, from counts of bit strings (3, times, 2^N)."""
    place = {qubit: index for index, qubit in enumerate(orders[0])}
    records = []
    for order, row in zip(orders, counts.reshape(-1, counts.shape[-1]), strict=True):
        index = [place[qubit] for qubit in order]
        own = rz.ReadoutErrors(
            *(flips[index] for flips in (readout.flip_up, readout.flip_down, *readout.stderr))
        )
        seen = {int(outcome): int(row[outcome]) for outcome in np.flatnonzero(row)}
        records.append(correct_by_mthree(seen, own))
    z, y = (CorrectedCounts.stack(records[k * TIMES.size : (k + 1) * TIMES.size]) for k in (0, 1))
    return mitigate_metrics(
        z, readout, counts_y=y, level_splitting=battery.level_splitting, times=TIMES,
        drive_values=drive,
    )  # fmt: skip


def show(name, truth, samples):
    """Print one line: the method's numbers for each metric."""
    cells = []
    for metric in METRICS:
        if metric not in samples[0] or metric not in SHOWN:
            cells.append("" if metric not in SHOWN else f"{'-':>28}")
            continue
        used = slice(-1) if metric == "instantaneous_power" else slice(None)
        values, errors = (np.array([item[metric][k][used] for item in samples]) for k in (0, 1))
        deviation = values - truth[metric].values[used]
        scatter = (values - np.nanmean(values, axis=0)) / errors
        numbers = [deviation, errors, scatter, deviation / errors]
        cells.append("".join(f"{np.sqrt(np.nanmean(item**2)):7.3f}" for item in numbers))
    print(f"{name:12}" + " |".join(cell for cell in cells if cell), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[4, 6])
    parser.add_argument("--devices", nargs="+", default=["torino", "marrakesh", "sherbrooke"])
    parser.add_argument("--amplitude", type=float, default=20.0)
    parser.add_argument("--interaction", type=float, default=2.0)
    parser.add_argument("--num-steps", type=int, default=2)
    parser.add_argument("--shots", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--metrics", nargs="+", default=list(METRICS), choices=METRICS)
    parser.add_argument("--shots-alone", action="store_true")
    arguments = parser.parse_args()
    SHOWN.update(arguments.metrics)
    if arguments.shots_alone:
        MODEL_ERROR.update(dict.fromkeys(MODEL_ERROR, 0.0))
    drive = rz.SineSquaredDrive(arguments.amplitude, PERIOD)
    has_mthree = importlib.util.find_spec("mthree") is not None
    print("rms, err, scatter, pull of " + " | ".join(m for m in METRICS if m in SHOWN))
    for width in arguments.widths:
        for device in arguments.devices:
            start = time.perf_counter()
            battery = rz.RosenZenerBattery(
                num_qubits=width, drive=drive, interaction=arguments.interaction
            )
            probabilities, flips, orders = simulate(battery, device, arguments.num_steps)
            probabilities /= probabilities.sum(axis=-1, keepdims=True)
            truth = rz.run_charging(battery, TIMES, shots=None, num_steps=arguments.num_steps)
            spent = time.perf_counter() - start
            rng = np.random.default_rng(0)
            shots, calibration_shots = arguments.shots, 4 * arguments.shots
            results = {}
            for _ in range(arguments.repeats):
                strings = rng.multinomial(shots, probabilities)
                counts = weights_of(strings)
                readout = estimate_readout_errors(
                    rng.binomial(calibration_shots, flips[:, 0]),
                    rng.binomial(calibration_shots, 1.0 - flips[:, 1]),
                    shots_of_zeros=calibration_shots, shots_of_ones=calibration_shots,
                )  # fmt: skip
                values = np.asarray(drive.value(TIMES))
                found = mitigate(battery, counts, readout, values)
                if has_mthree:
                    found["mthree"] = correct_strings(battery, strings[0], readout, orders, values)
                for name, metrics in found.items():
                    results.setdefault(name, []).append(metrics)
            print(f"\n{device}, N = {width} ({spent:.0f} s for the probabilities)")
            for name, samples in results.items():
                show(name, truth, samples)


SHOWN = set()

if __name__ == "__main__":
    main()
