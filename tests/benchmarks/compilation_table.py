"""Two-qubit gates, depth and predicted fidelity of compiled charging circuits, side by side.

    python tests/benchmarks/compilation_table.py [--devices FakeMarrakesh ...] [--widths 5 10 ...]
        [--layers 1 4] [--seeds 5]

Columns: our networks; Qiskit's preset level 3, best of some seeds by predicted fidelity; tket, best
of its placements, where pytket and pytket-qiskit are installed. Each cell: number of two-qubit
gates / two-qubit depth / predicted fidelity (tket: none, its circuits stay in CX).
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import sys
import time
import warnings

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import RXGate, RZZGate
from qiskit.transpiler import InstructionProperties, Target, generate_preset_pass_manager
from qiskit_ibm_runtime import fake_provider

from rzqiskit.circuits.compilation.branched import branched_networks
from rzqiskit.circuits.compilation.fidelity import predicted_fidelity
from rzqiskit.circuits.compilation.layout import two_qubit_gate
from rzqiskit.circuits.compilation.passes import (
    CollectiveNetwork,
    embedding_passes,
    native_passes,
)
from rzqiskit.circuits.gates import CollectiveZZGate

COLUMNS = ("line", "parity", "fractional", "branched", "auto")


def charging(num_qubits: int, num_layers: int) -> QuantumCircuit:
    """Return a Z-basis charging circuit with that many ZZ layers."""
    circuit = QuantumCircuit(num_qubits)
    for layer in range(num_layers):
        circuit.rx(0.31 + 0.1 * layer, range(num_qubits))
        circuit.rz(-0.2, range(num_qubits))
        circuit.append(CollectiveZZGate(num_qubits, 0.17), range(num_qubits))
    circuit.rx(0.31, range(num_qubits))
    circuit.measure_all()
    return circuit


def device_target(name: str) -> Target:
    """Return the target of a fake; "FractionalBoston" has the rx and rzz of its calibration."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name != "FractionalBoston":
            return getattr(fake_provider, name)().target
        boston = fake_provider.FakeBoston()
        target = copy.deepcopy(boston.target)
    boston._set_props_dict_from_json()
    for gate in (RXGate(Parameter("angle")), RZZGate(Parameter("angle"))):
        properties = {}
        for entry in boston._props_dict["gates"]:
            values = {item["name"]: item["value"] for item in entry["parameters"]}
            if entry["gate"] == gate.name and values["gate_error"] < 1.0:
                properties[tuple(entry["qubits"])] = InstructionProperties(
                    error=values["gate_error"], duration=values["gate_length"] * 1e-9
                )
        bounds = {"angle_bounds": [(0.0, np.pi / 2)]} if gate.name == "rzz" else {}
        target.add_instruction(gate, properties, **bounds)
    return target


def cell(circuit: QuantumCircuit, target: Target) -> tuple[int, int, float]:
    """Return number of two-qubit gates, two-qubit depth and predicted fidelity."""
    depth = circuit.depth(lambda item: item.operation.name in ("cx", "cz", "ecr", "rzz"))
    return circuit.num_nonlocal_gates(), depth, predicted_fidelity(circuit, target)


def ours(circuit: QuantumCircuit, target: Target, network: str) -> tuple[int, int, float]:
    """Return the cell of one of our networks."""
    from qiskit.transpiler import PassManager

    manager = PassManager(
        [CollectiveNetwork(target, network), *embedding_passes(target), *native_passes(target)]
    )
    return cell(manager.run(circuit), target)


def preset(circuit: QuantumCircuit, target: Target, num_seeds: int) -> tuple[int, int, float]:
    """Return the best cell of Qiskit's preset level 3."""
    flat = circuit.decompose("collective_zz")
    cells = []
    for seed in range(num_seeds):
        manager = generate_preset_pass_manager(
            optimization_level=3, target=target, seed_transpiler=seed
        )
        cells.append(cell(manager.run(flat), target))
    return max(cells, key=lambda entry: entry[2])


def tket(circuit: QuantumCircuit, target: Target) -> tuple[int, int] | None:
    """Return the best cell of tket, None where it is not installed."""
    if not importlib.util.find_spec("pytket") or not importlib.util.find_spec(
        "pytket.extensions.qiskit"
    ):
        return None
    from pytket.architecture import Architecture
    from pytket.circuit import OpType
    from pytket.extensions.qiskit import qiskit_to_tk
    from pytket.passes import (
        AutoRebase,
        CliffordSimp,
        DecomposeBoxes,
        DecomposeSwapsToCXs,
        FullPeepholeOptimise,
        PlacementPass,
        RoutingPass,
        SequencePass,
    )
    from pytket.placement import GraphPlacement, LinePlacement

    edges = [tuple(pair) for pair in target.build_coupling_map(two_qubit_gate(target)).get_edges()]
    architecture = Architecture(edges)
    cells = []
    for placement in (GraphPlacement(architecture), LinePlacement(architecture)):
        for peephole_first in (True, False):
            compiled = qiskit_to_tk(circuit.decompose("collective_zz"))
            before = [FullPeepholeOptimise()] if peephole_first else []
            SequencePass(
                [
                    DecomposeBoxes(),
                    *before,
                    PlacementPass(placement),
                    RoutingPass(architecture),
                    DecomposeSwapsToCXs(architecture),
                    FullPeepholeOptimise(allow_swaps=False),
                    CliffordSimp(allow_swaps=False),
                    AutoRebase({OpType.CX, OpType.TK1}),
                ]
            ).apply(compiled)
            cells.append((compiled.n_gates_of_type(OpType.CX), compiled.depth_by_type(OpType.CX)))
    return min(cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", nargs="+", default=["FakeMarrakesh", "FractionalBoston"])
    parser.add_argument("--widths", nargs="+", type=int, default=[5, 10, 20])
    parser.add_argument("--layers", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    out = sys.stdout
    out.write(
        "| device | N | ZZ layers | line | parity | fractional | branched | auto | seconds, auto "
        f"| preset 3, best of {options.seeds} | tket |\n|{'---|' * 11}\n"
    )
    for name in options.devices:
        target = device_target(name)
        for num_qubits in options.widths:
            for num_layers in options.layers:
                circuit = charging(num_qubits, num_layers)
                networks = ["line", "parity", *(["fractional"] if "rzz" in target else [])]
                if branched_networks(num_qubits):
                    networks.append("branched")
                cells = {kind: show(ours(circuit, target, kind)) for kind in networks}
                start = time.perf_counter()
                cells["auto"] = show(ours(circuit, target, "auto"))
                seconds = time.perf_counter() - start
                row = [name, num_qubits, num_layers]
                row += [cells.get(kind, "") for kind in COLUMNS]
                row += [f"{seconds:.2f}", show(preset(circuit, target, options.seeds))]
                row.append(show(tket(circuit, target)))
                out.write("| " + " | ".join(map(str, row)) + " |\n")
                out.flush()


def show(entry: tuple[float, ...] | None) -> str:
    """Return a cell as text."""
    if entry is None:
        return "not installed"
    return "/".join(str(item) if isinstance(item, int) else f"{item:.4f}" for item in entry)


if __name__ == "__main__":
    main()
