"""A Qiskit estimator for collective circuits of any width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit.primitives import (
    BaseEstimatorV2,
    DataBin,
    EstimatorPubLike,
    PrimitiveJob,
    PrimitiveResult,
    PubResult,
)
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from rzqiskit.dicke.layers import spin_mean_covariance
from rzqiskit.emulator.evolution import binding_values, circuit_states
from rzqiskit.emulator.observables import expectation_value, pauli_classes
from rzqiskit.validation import check_non_negative, check_seed

__all__ = ["DickeEstimator"]

FloatArray = npt.NDArray[np.float64]


class DickeEstimator(BaseEstimatorV2):  # type: ignore[misc]
    """Exact expectation values in permutation-symmetric circuits of any width.

    Observables are sums of Pauli strings (or projectors) that need not be symmetric themselves: any
    strings on up to 12 qubits, and beyond that those with one kind of letter, such as the parity
    Z...Z. Mean and covariance of the collective spin come without observables from `spin_moments`.

    Args:
        seed: fixes the noise added for a precision above zero.
        default_precision: standard deviation of that noise where neither pub nor run gives one.

    Raises:
        TypeError: `seed` is no integer or `default_precision` no number.
        ValueError: `seed` or `default_precision` is negative.

    Examples:
        >>> from qiskit.circuit import QuantumCircuit
        >>> from qiskit.quantum_info import SparsePauliOp
        >>> circuit = QuantumCircuit(3)
        >>> circuit.rx(np.pi / 3, [0, 1, 2])
        <...>
        >>> pub = (circuit, [SparsePauliOp(["IIZ", "ZZI"], [1.0, 2.0]), "ZZZ"])
        >>> result = DickeEstimator().run([pub]).result()
        >>> result[0].data.evs.round(12).tolist()
        [1.0, 0.125]
    """

    def __init__(
        self,
        seed: np.random.Generator | int | None = None,
        *,
        default_precision: float = 0.0,
    ) -> None:
        self._generator = check_seed(seed)
        self._default_precision = check_non_negative("default_precision", default_precision)

    @property
    def default_precision(self) -> float:
        """Standard deviation of the noise where neither pub nor run gives one."""
        return self._default_precision

    def run(
        self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None
    ) -> PrimitiveJob[PrimitiveResult[PubResult]]:
        """Start a job that evaluates every pub.

        Args:
            pubs: tuples (circuit, observables, parameter values, precision).
            precision: standard deviation of Gaussian noise added to the exact values of pubs
                without their own; `default_precision` when None, 0 for exact values.

        Returns:
            The job; its result holds ``evs`` and ``stds`` for each pub.

        Raises:
            ValueError: values missing, or an observable of another kind (the latter, like
                `SymmetryError`, is raised here and not only by `result`).
        """
        chosen = (
            self._default_precision
            if precision is None
            else check_non_negative("precision", precision)
        )
        tasks = [_Task(EstimatorPub.coerce(pub, chosen)) for pub in pubs]
        generator = np.random.default_rng(self._generator.integers(2**63, size=4).tolist())
        job: PrimitiveJob[PrimitiveResult[PubResult]] = PrimitiveJob(_run_tasks, tasks, generator)
        job._submit()
        return job

    def spin_moments(
        self, circuit: Any, parameter_values: npt.ArrayLike | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the mean and the covariance of the collective spin (Jx, Jy, Jz).

        Here |0> is the ground state: Jx = sum X / 2, Jy = -sum Y / 2, Jz = -sum Z / 2.

        Args:
            circuit: a permutation-symmetric circuit.
            parameter_values: shape (num_bindings, num_parameters); None without parameters.

        Returns:
            The means, shape (num_bindings, 3), and the symmetrised covariances, shape
            (num_bindings, 3, 3).

        Raises:
            SymmetryError: the circuit is not permutation symmetric.
            ValueError: values missing, of the wrong shape or not finite.

        Examples:
            >>> from qiskit.circuit import QuantumCircuit
            >>> circuit = QuantumCircuit(10_000)
            >>> circuit.ry(np.pi / 2, range(10_000))
            <...>
            >>> mean, covariance = DickeEstimator().spin_moments(circuit)
            >>> (mean[0].round(6) + 0.0).tolist()
            [5000.0, 0.0, 0.0]
        """
        moments = [spin_mean_covariance(s) for s in circuit_states(circuit, parameter_values)]
        means = np.array([mean for mean, _ in moments]).reshape(-1, 3)
        return means, np.array([covariance for _, covariance in moments]).reshape(-1, 3, 3)


class _Task:
    """A pub with its states and the classes of its observables."""

    def __init__(self, pub: EstimatorPub) -> None:
        self.pub = pub
        values = binding_values(pub.parameter_values, pub.circuit)
        states = circuit_states(pub.circuit, values)
        self.states = _object_array(states, pub.parameter_values.shape)
        observables = pub.observables.sparse_observables_array()
        classes = [pauli_classes(observable) for observable in np.ravel(observables)]
        for index, terms in enumerate(classes):
            worst = max((abs(value.imag) for value in terms.values()), default=0.0)
            if worst > 0.0:
                raise ValueError(
                    f"observables must be Hermitian, got imaginary coefficients in number {index}."
                )
        self.classes = _object_array(classes, pub.observables.shape)

    def run(self, generator: np.random.Generator) -> PubResult:
        states, classes = np.broadcast_arrays(self.states, self.classes)
        evs = np.zeros(states.shape)
        for index in np.ndindex(*states.shape):
            state: Any = states[index]
            terms: Any = classes[index]
            evs[index] = expectation_value(state, terms).real
        precision = float(self.pub.precision)
        if precision > 0.0:
            evs = generator.normal(evs, precision)
        return PubResult(
            DataBin(evs=evs, stds=np.full(evs.shape, precision), shape=evs.shape),
            metadata={
                "target_precision": precision,
                "circuit_metadata": self.pub.circuit.metadata,
            },
        )


def _object_array(items: list[Any], shape: tuple[int, ...]) -> npt.NDArray[np.object_]:
    array = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        array[index] = item
    return array.reshape(shape)


def _run_tasks(tasks: list[_Task], generator: np.random.Generator) -> PrimitiveResult[PubResult]:
    return PrimitiveResult([task.run(generator) for task in tasks], metadata={"version": 2})
