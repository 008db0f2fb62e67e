"""Error of E, Sigma, P_I and S on the noise of fake devices: raw, and by each mitigation.

Run: OMP_NUM_THREADS=2 python tests/benchmarks/mitigation.py [--widths 4 6] [--devices torino]
     [--amplitude 20] [--num-steps 2] [--shots 4096]

The paper's Fig. 2 battery (lambda = 2, T = 0.1 pi) at six times, second-order circuits compiled by
this package, run on Aer with the device's noise (readout symmetrised by Aer's NoiseModel). Noise
is amplified by folding the entangling gates 1, 3 and 5 times; the readout calibration has four
times the shots. Printed for each method: root-mean-square deviation from the exact solver over the
times, the root-mean-square standard error, and their ratio point by point (about 1 if the error
bars are honest; P_I without the last time, where the drive and so the error vanish).

- readout: inversion of the weights' confusion matrix; all methods below start from it.
- linear, quadratic, exponential: in the nominal noise factor.
- guided: the same in the noise that J^2 shows at each time, from X, Y and Z counts.
- rescaled: no folding, the guide alone with kappa = 1/2 and 1.
"""

import argparse
import time

import numpy as np

import rzqiskit as rz
from rzqiskit.circuits.charging import build_charging_circuits
from rzqiskit.circuits.compilation.compiler import compile_circuits
from rzqiskit.estimation import estimate_metrics
from rzqiskit.execution.calibration import run_readout_calibration
from rzqiskit.execution.folding import fold_entanglers
from rzqiskit.execution.sampling import make_aer_sampler, run_circuits
from rzqiskit.mitigation import (
    estimate_readout_errors,
    extrapolate_metrics,
    guide_noise,
    mitigate_metrics,
    mitigate_total_spin_squared,
    rescale_by_guide,
)

PERIOD = 0.1 * np.pi
FACTORS = (1, 3, 5)
METRICS = ("stored_energy", "energy_fluctuation", "instantaneous_power", "diagonal_entropy")


def measure(battery, times, device, num_steps, shots):
    """Return counts by basis, shape (factors, times, N + 1), and the calibrated readout."""
    from qiskit_aer.noise import NoiseModel
    from qiskit_ibm_runtime import fake_provider

    backend = getattr(fake_provider, f"Fake{device.capitalize()}")()
    noise = NoiseModel.from_backend(backend)

    def sampler(seed):
        return make_aer_sampler(seed=seed, noise_model=noise, method="density_matrix")

    counts = {}
    for seed, basis in enumerate("zyx"):
        circuits = build_charging_circuits(battery, times, num_steps=num_steps, basis=basis)
        compiled = compile_circuits(circuits, backend)
        folded = [fold_entanglers(circuit, factor) for factor in FACTORS for circuit in compiled]
        flat = run_circuits(folded, sampler(seed), shots=shots)
        counts[basis] = flat.reshape(len(FACTORS), times.size, -1)
    zeros, ones = run_readout_calibration(compiled[-1], sampler(9), shots=4 * shots)
    readout = estimate_readout_errors(
        zeros, ones, shots_of_zeros=4 * shots, shots_of_ones=4 * shots
    )
    return counts, readout


def mitigate(battery, times, counts, readout):
    """Return method -> metrics with errors."""
    n = battery.num_qubits
    known = {"level_splitting": battery.level_splitting, "times": times}
    y_axis = {"drive_values": np.asarray(battery.drive.value(times))}
    single = {**known, **y_axis, "counts_y": counts["y"][0]}
    methods = {
        "raw": estimate_metrics(counts["z"][0], **single),
        "readout": mitigate_metrics(counts["z"][0], readout, **single),
    }
    spin, spin_error = mitigate_total_spin_squared(counts["x"], counts["y"], counts["z"], readout)
    noise, noise_error = guide_noise(spin, spin_error, ideal=n / 2 * (n / 2 + 1), mixed=0.75 * n)
    folded = {**known, **y_axis, "counts_y": counts["y"], "readout": readout}
    for method in ("linear", "quadratic", "exponential"):
        methods[method] = extrapolate_metrics(FACTORS, counts["z"], method=method, **folded)
        methods[f"guided {method}"] = extrapolate_metrics(
            noise, counts["z"], method=method, noise_stderr=noise_error, **folded
        )
    for exponent in (0.5, 1.0):
        methods[f"rescaled {exponent}"] = {
            name: rescale_by_guide(
                *methods["readout"][name],
                noise[0],
                noise_error[0],
                asymptote=asymptote,
                exponent=exponent,
            )
            for name, asymptote in (
                ("stored_energy", 0.5 * n * battery.level_splitting),
                ("instantaneous_power", 0.0),
            )
        }
    return spin[0] / (n / 2 * (n / 2 + 1)), methods


def show(exact, methods):
    print(f"{'':20}" + "".join(f"{name:28}" for name in METRICS))
    for method, metrics in methods.items():
        cells = []
        for name in METRICS:
            if name not in metrics:
                cells.append(" " * 28)
                continue
            value, error = metrics[name]
            deviation = value - exact[name].values
            known = error > 1e-6 * np.abs(value).max()
            pull = np.sqrt(np.mean((deviation[known] / error[known]) ** 2))
            size = np.sqrt(np.mean(deviation**2))
            cells.append(f"{size:8.4f} {np.sqrt(np.mean(error**2)):8.4f} {pull:6.1f}    ")
        print(f"{method:20}" + "".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[4, 6])
    parser.add_argument("--devices", nargs="+", default=["torino"])
    parser.add_argument("--amplitude", type=float, default=20.0)
    parser.add_argument("--num-steps", type=int, default=2)
    parser.add_argument("--shots", type=int, default=4096)
    arguments = parser.parse_args()
    times = np.linspace(0.0, PERIOD, 7)[1:]
    drive = rz.SineSquaredDrive(arguments.amplitude, PERIOD)
    for device in arguments.devices:
        for width in arguments.widths:
            battery = rz.RosenZenerBattery(num_qubits=width, drive=drive, interaction=2.0)
            start = time.perf_counter()
            counts, readout = measure(battery, times, device, arguments.num_steps, arguments.shots)
            witness, methods = mitigate(battery, times, counts, readout)
            print(
                f"{device}, N = {width}: J^2 at {witness.mean():.3f} of its value, readout error "
                f"{readout.flip_up.mean():.4f}, {time.perf_counter() - start:.0f} s"
            )
            show(rz.evolve_exact(battery, times), methods)


if __name__ == "__main__":
    main()
