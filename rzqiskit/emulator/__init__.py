"""An exact emulator of permutation-symmetric circuits of any width.

`DickeSampler` and `DickeEstimator` take the place of Qiskit's statevector primitives for collective
circuits; what is not collective is refused with `SymmetryError`. `evolve_schedule` runs a charging
schedule without any circuit, for millions of cells.
"""

from rzqiskit.emulator.estimator import DickeEstimator
from rzqiskit.emulator.evolution import circuit_states, evolve_schedule, sample_hamming_weights
from rzqiskit.emulator.refusal import SymmetryError
from rzqiskit.emulator.sampler import DickeSampler

__all__ = [
    "DickeEstimator",
    "DickeSampler",
    "SymmetryError",
    "circuit_states",
    "evolve_schedule",
    "sample_hamming_weights",
]
