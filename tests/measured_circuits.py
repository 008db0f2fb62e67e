"""What measured circuits read: which qubit is behind which bit, and the circuit on those alone."""

from qiskit import QuantumCircuit


def read_qubits(circuit):
    """Return the qubit behind each classical bit."""
    return {
        circuit.find_bit(item.clbits[0]).index: circuit.find_bit(item.qubits[0]).index
        for item in circuit.data
        if item.operation.name == "measure"
    }


def on_read_qubits(circuit):
    """Return the circuit on the qubits behind the classical bits, in their order, unmeasured."""
    places = {qubit: bit for bit, qubit in read_qubits(circuit).items()}
    bare = QuantumCircuit(len(places))
    for item in circuit.data:
        if item.operation.name not in ("measure", "barrier"):
            qubits = [places[circuit.find_bit(qubit).index] for qubit in item.qubits]
            bare.append(item.operation, qubits)
    return bare
