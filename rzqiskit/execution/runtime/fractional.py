"""Fakes with the fractional gates of their devices: RZZ and RX of any angle.

The snapshots of Heron devices are of their ordinary gates, CZ and SX, but most hold the calibration
of RZZ and RX too. Where a pair's RZZ is not calibrated in the snapshot, or a qubit's RX, the error
and duration of its CZ, or SX, are assumed: the RZZ is a pulse of the same coupler and length. (On
the five Heron snapshots with both, Fez, Marrakesh, Boston, Kingston and Pittsburgh, and on Aachen,
the median ratio of their errors is 0.92 to 1.03, and of their durations 1.)
"""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

__all__ = ["add_fractional_gates"]

# fractional gate -> what it is like, and how the cloud writes it down
_LIKE = {"rzz": "cz", "rx": "sx"}
_DEFINITIONS = {
    "rzz": "gate rzz(theta) q0, q1 { CX q0, q1; U(0, 0, theta) q1; CX q0, q1; }",
    "rx": "gate rx(theta) q { U(theta, -pi/2, pi/2) q; }",
}


def add_fractional_gates(fake: FakeBackendV2) -> FakeBackendV2:
    """Return the fake as its device is with ``use_fractional_gates=True``.

    Args:
        fake: the fake backend, with the gates CZ and SX.

    Returns:
        A fake of the same name whose target, configuration and properties have RZZ, for angles
        from 0 to pi/2, on every pair that has CZ, and RX on every qubit; the fake itself if it has
        them already.

    Raises:
        ValueError: a device without CZ, whose RZZ nobody knows.

    Examples:
        >>> from qiskit_ibm_runtime.fake_provider import FakeMarrakesh
        >>> fractional = add_fractional_gates(FakeMarrakesh())
        >>> fractional.name, "rzz" in fractional.target
        ('fake_marrakesh', True)
        >>> fractional.target["rzz"][0, 1].duration == fractional.target["cz"][0, 1].duration
        True
    """
    if "rzz" in fake.target:
        return fake
    if "cz" not in fake.target:
        raise ValueError(
            f"`fractional_gates` must be False on {fake.name}: a device without CZ has none."
        )
    base = type(fake)
    # One that keeps its name, by which a rehearsal is found again.
    fractional: FakeBackendV2 = type(base.__name__, (_FractionalGates, base), {})()
    return fractional


class _FractionalGates:
    """Overrides how a fake reads its snapshot."""

    conf_filename: str
    props_filename: str

    def _load_json(self, filename: str) -> dict[str, Any]:
        loaded: dict[str, Any] = super()._load_json(filename)  # type: ignore[misc]
        if filename == self.conf_filename:
            _extend_configuration(loaded)
        elif filename == self.props_filename:
            _extend_properties(loaded)
        return loaded


def _extend_configuration(configuration: dict[str, Any]) -> None:
    known = {gate["name"]: gate for gate in configuration["gates"]}
    for name, model in _LIKE.items():
        configuration["gates"].append(
            {
                "name": name,
                "parameters": ["theta"],
                "qasm_def": _DEFINITIONS[name],
                "coupling_map": known[model]["coupling_map"],
            }
        )
        configuration["basis_gates"].append(name)
    if "supported_instructions" in configuration:
        configuration["supported_instructions"] += list(_LIKE)


def _extend_properties(properties: dict[str, Any]) -> None:
    gates = properties["gates"]
    calibrated = {}
    for gate in gates:
        values = {entry["name"]: entry["value"] for entry in gate["parameters"]}
        if gate["gate"] in _LIKE and values.get("gate_error", 1.0) < 1.0:
            calibrated[gate["gate"], tuple(gate["qubits"])] = gate
    added = []
    for gate in gates:
        for name, model in _LIKE.items():
            if gate["gate"] == model and (name, tuple(gate["qubits"])) not in calibrated:
                label = name + "_".join(str(qubit) for qubit in gate["qubits"])
                # Copied entry by entry: the runtime turns their dates into its own type.
                entries = [dict(entry) for entry in gate["parameters"]]
                added.append({**gate, "gate": name, "name": label, "parameters": entries})
    others = [gate for gate in gates if gate["gate"] not in _LIKE]
    properties["gates"] = [*others, *calibrated.values(), *added]
