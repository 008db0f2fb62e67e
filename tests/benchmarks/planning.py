"""The plan's predictions on the noise of fake devices against simulations of the same circuits.

Run: OMP_NUM_THREADS=1 python tests/benchmarks/planning.py [--widths 4 6 8] [--devices torino]
     [--max-steps 6] [--with-waits]

The battery of the paper's Fig. 2 (lambda = 2, v0 = 20) and a harder one (lambda = 10, v0 = 40),
T = 0.1 pi, six times, second order in the mean-field frame, one slice and more. The simulation is
exact: the density matrix with the device's noise, read with its asymmetric errors; no shots. The
prediction knows the calibration alone (`error_budget`). Without waits neither side has cells decay
while they wait; with them the circuits carry every wait as a delay, gates as late as they can be.

Printed for E, Sigma and S: the largest error over the times with two slices, the largest relative
distance between prediction and simulation over the numbers of slices from two on, and the numbers
of slices with the least error.
"""

import argparse
import time

import numpy as np
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import ALAPScheduleAnalysis, PadDelay

import rzqiskit as rz
from rzqiskit.execution.noisy_probabilities import noisy_weight_probabilities
from rzqiskit.execution.runtime.devices import find_fake_device
from rzqiskit.metrics import diagonal_entropy, energy_fluctuation, stored_energy
from rzqiskit.planning import PLANNED_METRICS, error_budget

PERIOD = 0.1 * np.pi
TIMES = np.linspace(0.0, PERIOD, 7)[1:]
FUNCTIONS = {
    "stored_energy": lambda p: stored_energy(p, 1.0),
    "energy_fluctuation": lambda p: energy_fluctuation(p, 1.0),
    "diagonal_entropy": diagonal_entropy,
}


def simulate(battery, backend, num_steps, waits):
    """Return the largest error of each metric, by the density matrix."""
    circuits = rz.build_charging_circuits(battery, TIMES, num_steps=num_steps)
    compiled = rz.compile_circuits(circuits, backend)
    if waits:
        target = backend.target
        schedule = [ALAPScheduleAnalysis(target=target), PadDelay(target=target)]
        compiled = PassManager(schedule).run(compiled, num_processes=1)
    populations = np.maximum(noisy_weight_probabilities(compiled, backend), 0.0)
    exact = rz.evolve_exact(battery, TIMES).population.values
    return [
        np.abs(function(populations) - function(exact)).max() for function in FUNCTIONS.values()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[4, 6, 8])
    parser.add_argument("--devices", nargs="+", default=["torino", "marrakesh", "sherbrooke"])
    parser.add_argument("--max-steps", type=int, default=6)
    parser.add_argument("--with-waits", action="store_true")
    arguments = parser.parse_args()
    steps = range(1, arguments.max_steps + 1)
    print("device, N, lambda, v0 | largest error, 2 slices: simulated (predicted) of E, Sigma, S")
    print("  | relative distance over all slices | best slices simulated (predicted)")
    for device in arguments.devices:
        backend = find_fake_device(device)
        for width in arguments.widths:
            for interaction, amplitude in ((2.0, 20.0), (10.0, 40.0)):
                start = time.perf_counter()
                battery = rz.RosenZenerBattery(
                    num_qubits=width,
                    drive=rz.SineSquaredDrive(amplitude, PERIOD),
                    interaction=interaction,
                )
                real = np.array(
                    [simulate(battery, backend, num, arguments.with_waits) for num in steps]
                )
                told = np.array(
                    [
                        [
                            error_budget(
                                battery, num_steps=num, metric=metric, times=TIMES,
                                backend=backend, waits=arguments.with_waits,
                            ).bias
                            for metric in PLANNED_METRICS
                        ]
                        for num in steps
                    ]
                )  # fmt: skip
                distance = np.abs(told[1:] / real[1:] - 1.0).max(axis=0)
                best = zip(real.argmin(axis=0) + 1, told.argmin(axis=0) + 1, strict=True)
                print(
                    f"{device} {width} {interaction:g} {amplitude:g} | "
                    + ", ".join(
                        f"{a:.3f} ({b:.3f})" for a, b in zip(real[1], told[1], strict=True)
                    )
                    + " | " + ", ".join(f"{100 * value:.0f} %" for value in distance)
                    + " | " + ", ".join(f"{a} ({b})" for a, b in best)
                    + f" | {time.perf_counter() - start:.0f} s",
                    flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
