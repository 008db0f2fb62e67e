"""Exact populations at 100 times with Aer, three ways, and with qulacs where it is installed.

Run: OMP_NUM_THREADS=2 python tests/benchmarks/aer_trace.py [--widths 10 16 20] [--qulacs PYTHON]

- trace: this package, one circuit with a snapshot at each of the 100 times, one shared slice a
  time; circuit building included.
- rotations: the same circuit without its pairs, 100 N gates that rotate one cell each. Aer has no
  cheaper instruction for them, so no way of writing the layers takes less than this.
- SuzukiTrotter: Qiskit's second-order synthesis, one circuit for each time with as many slices as
  the trace has up to that time. Wide ones are timed at a few times and summed by the trapezoid
  rule, as their cost grows linearly with the time.
- qulacs: the same layers as the trace, written by its users' gates (RZZ, RZ, RX), and with the
  trace's own idea in the form that suits qulacs best: block-diagonal matrices on three groups of
  cells, rotations of two cells at a time, N + 1 amplitudes read. It has its own virtual
  environment: give its interpreter with --qulacs PYTHON.
- own slices: the trace of 100 times with 8 slices each, as `run_charging(shots=None)` has by
  default; measured at 10 of them. Every time is a circuit of its own.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import time

import numpy as np

NUM_TIMES = 100
PERIOD = 0.1 * np.pi


def layers_of(num_qubits):
    """Return (x, z, zz) of each of the 100 slices: what every contender runs."""
    import rzqiskit as rz
    from rzqiskit.circuits.product_formula import charging_schedules

    battery = rz.RosenZenerBattery(
        num_qubits=num_qubits, drive=rz.SineSquaredDrive(20.0, PERIOD), interaction=2.0
    )
    times = np.linspace(0.0, PERIOD, NUM_TIMES + 1)[1:]
    schedules = charging_schedules(
        battery, times, num_steps=NUM_TIMES, frame="drive", slices="shared"
    )
    return battery, times, schedules


def time_trace(num_qubits):
    from rzqiskit.execution.trace import trace_amplitudes

    *_, schedules = layers_of(num_qubits)
    start = time.perf_counter()
    populations = np.abs(trace_amplitudes(schedules)) ** 2
    return time.perf_counter() - start, populations


def time_rotations(num_qubits):
    """Return the seconds of the rotations alone, as often as the trace has them."""
    from qiskit import QuantumCircuit

    from rzqiskit.execution.trace import _simulator

    circuit = QuantumCircuit(num_qubits)
    for _ in range(NUM_TIMES):
        circuit.u(0.3, 0.2, 0.1, range(num_qubits))
    circuit.save_amplitudes([0])
    return _simulator(num_qubits).run(circuit, shots=1).result().results[0].time_taken


def time_own_slices(num_qubits):
    """Return the seconds of 100 times with 8 slices each, from every tenth of them."""
    from rzqiskit.circuits.product_formula import charging_schedules
    from rzqiskit.execution.trace import trace_amplitudes

    battery, times, _ = layers_of(num_qubits)
    schedules = charging_schedules(battery, times[::10], num_steps=8)
    start = time.perf_counter()
    trace_amplitudes(schedules)
    return 10 * (time.perf_counter() - start)


def time_suzuki_trotter(num_qubits, exact):
    """Return the seconds of 100 circuits, measured at all or at a few of them."""
    from qiskit import QuantumCircuit, transpile
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.quantum_info import SparsePauliOp
    from qiskit.synthesis import SuzukiTrotter
    from qiskit_aer import AerSimulator

    battery, times, _ = layers_of(num_qubits)
    pairs = list(itertools.combinations(range(num_qubits), 2))
    coupling = 0.5 * battery.jz_squared_coefficient
    # From five circuits on when narrow, three when wide.
    chosen = [1, 10, 25, 50, 100] if num_qubits <= 12 else [1, 8, 25]
    simulator = AerSimulator(method="statevector")
    seconds = []
    for index in chosen:
        start = time.perf_counter()
        circuit = QuantumCircuit(num_qubits)
        for step in range(index):
            low, high = (times[step - 1] if step else 0.0), times[step]
            drive = float(battery.drive.area(low, high)) / (high - low)
            terms = [("X", [q], 0.5 * drive) for q in range(num_qubits)]
            terms += [("Z", [q], -0.5 * battery.level_splitting) for q in range(num_qubits)]
            terms += [("ZZ", list(pair), coupling) for pair in pairs]
            operator = SparsePauliOp.from_sparse_list(terms, num_qubits)
            gate = PauliEvolutionGate(operator, high - low, synthesis=SuzukiTrotter(order=2))
            circuit.append(gate, range(num_qubits))
        circuit.save_probabilities()
        probabilities = (
            simulator.run(transpile(circuit, simulator, optimization_level=0))
            .result()
            .data()["probabilities"]
        )
        seconds.append(time.perf_counter() - start)
        weights = np.bitwise_count(np.arange(2**num_qubits))
        populations = np.bincount(weights, probabilities)
        assert np.abs(populations - exact[index - 1]).max() < 1e-3
    # Cost of the circuit of time j is a + b j.
    slope, offset = np.polyfit(chosen, seconds, 1)
    return float(np.maximum(offset + slope * np.arange(1, NUM_TIMES + 1), 0.0).sum())


QULACS = """
import functools, itertools, json, sys, time
import numpy as np
from qulacs import QuantumState
from qulacs.gate import DenseMatrix, DiagonalMatrix, RX, RZ, PauliRotation
num, way, layers = json.load(sys.stdin)
groups = [list(range(g, num, 3)) for g in range(3)]
spins = [np.bitwise_count(np.arange(2 ** len(g))) - len(g) / 2 for g in groups]
@functools.cache
def blocks(z, zz):
    gates = []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        phase = 2 * zz * np.outer(spins[b], spins[a])
        if b == a + 1: phase = phase + (z * spins[a] + zz * spins[a] ** 2)[None, :]
        if a == 1: phase = phase + (z * spins[b] + zz * spins[b] ** 2)[:, None]
        gates.append(DiagonalMatrix(groups[a] + groups[b], np.exp(-1j * phase).ravel()))
    return gates
def plain(x, z, zz):
    for q in range(num): yield RZ(q, z)  # qulacs rotates by exp(+i angle/2 Z)
    for a, b in itertools.combinations(range(num), 2): yield PauliRotation([a, b], [3, 3], -zz)
    for q in range(num): yield RX(q, -x)
def strong(x, z, zz):
    yield from blocks(round(z, 15), round(zz, 15))
    turn = np.array([[np.cos(x / 2), -1j * np.sin(x / 2)], [-1j * np.sin(x / 2), np.cos(x / 2)]])
    turns = np.kron(turn, turn)
    for q in range(0, num - 1, 2): yield DenseMatrix([q, q + 1], turns)
    if num % 2: yield DenseMatrix(num - 1, turn)
start = time.perf_counter()
state = QuantumState(num)
rows = []
for layer in layers:
    for gate in {"plain": plain, "strong": strong}[way](*layer): gate.update_quantum_state(state)
    rows.append([abs(state.get_amplitude(2 ** k - 1)) ** 2 for k in range(num + 1)])
print(json.dumps([time.perf_counter() - start, rows]))
"""


def time_qulacs(python, num_qubits, way, exact):
    """Return the seconds of one run through all slices, in the environment of `python`."""
    from scipy.special import comb

    *_, schedules = layers_of(num_qubits)
    layers, pending = [], {"z": 0.0, "zz": 0.0}
    for layer in schedules[-1].layers:
        if layer.axis == "x":
            layers.append((layer.angle, pending["z"], pending["zz"]))
            pending = {"z": 0.0, "zz": 0.0}
        else:
            pending[layer.axis] += layer.angle
    done = subprocess.run(
        [python, "-c", QULACS], input=json.dumps([num_qubits, way, layers]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds, rows = json.loads(done.stdout)
    populations = np.array(rows) * comb(num_qubits, np.arange(num_qubits + 1))
    assert np.abs(populations - exact).max() < 1e-10
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[10, 16])
    parser.add_argument("--qulacs", metavar="PYTHON", help="interpreter that has qulacs")
    parser.add_argument("--skip-suzuki-trotter", action="store_true")
    parser.add_argument("--own-slices", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    print(f"Seconds for {NUM_TIMES} times, {threads} threads, best of {arguments.repeats}")

    def best(function, *args):
        return min(function(*args) for _ in range(arguments.repeats))

    for num_qubits in arguments.widths:
        runs = [time_trace(num_qubits) for _ in range(arguments.repeats)]
        ours, populations = min(seconds for seconds, _ in runs), runs[0][1]
        cells = [f"N = {num_qubits:2d}", f"trace {ours:.2f}"]
        cells.append(f"rotations {best(time_rotations, num_qubits):.2f}")
        if not arguments.skip_suzuki_trotter:
            theirs = time_suzuki_trotter(num_qubits, populations)
            cells.append(f"SuzukiTrotter {theirs:.1f} ({theirs / ours:.0f} times)")
        if arguments.qulacs:
            for way in ("plain", "strong"):
                seconds = best(time_qulacs, arguments.qulacs, num_qubits, way, populations)
                cells.append(f"qulacs {way} {seconds:.2f} ({seconds / ours:.2f} times)")
        if arguments.own_slices:
            cells.append(f"own slices {time_own_slices(num_qubits):.1f}")
        print("   ".join(cells))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
