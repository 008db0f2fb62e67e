"""Expectation values of Pauli sums in a symmetric state.

In a symmetric state a Pauli string counts only by how many X, Y and Z it has: its value is that of
the average over all its permutations. One and two letters follow from the mean spin and the spin
covariance, equal letters in any number from the populations along their axis; their average over
permutations at Hamming weight k is the normalised Krawtchouk polynomial K_w(k)/C(N, w).

Other strings are built up letter by letter. With S(n) the sum of all strings of n = (n_x, n_y, n_z)
letters and (p, q, r) a cyclic order of the axes, a further letter sigma_p, put on any qubit, falls
on a free one or on one of the letters:

    (sum sigma_p) S(n) = (n_p + 1) S(n + e_p) + (N - |n| + 1) S(n - e_p)
                         + i (n_r + 1) S(n - e_q + e_r) - i (n_q + 1) S(n + e_q - e_r),

which gives S(n + e_p) on the state from sums of fewer letters.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from qiskit.quantum_info import SparseObservable

from rzqiskit.dicke.layers import (
    FrameState,
    apply_rotation,
    spin_mean_covariance,
    state_populations,
)

__all__ = ["MAX_MIXED", "PauliClasses", "expectation_value", "pauli_classes"]

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
PauliClasses = dict[tuple[int, int, int], complex]
"""Sum of the coefficients of all strings with (number of X, of Y, of Z)."""

MAX_MIXED = 12
"""Most qubits of a string with more than one kind of letter."""

# J_i = sign * (sum of Paulis) / 2
_SIGNS = np.array([1.0, -1.0, -1.0])
_LETTERS = (SparseObservable.BitTerm.X, SparseObservable.BitTerm.Y, SparseObservable.BitTerm.Z)


def pauli_classes(observable: SparseObservable) -> PauliClasses:
    """Return the coefficients of an observable summed over strings of the same letters.

    Args:
        observable: any sum of strings of Paulis and projectors.

    Raises:
        ValueError: a string on more than MAX_MIXED qubits has more than one kind of letter.

    Examples:
        >>> pauli_classes(SparseObservable.from_list([("ZZI", 1.0), ("IZZ", 0.5), ("IIX", 2.0)]))
        {(0, 0, 2): (1.5+0j), (1, 0, 0): (2+0j)}
    """
    letters = [int(letter) for letter in _LETTERS]
    if not np.isin(observable.bit_terms, letters).all():
        observable = observable.as_paulis()
    terms = np.asarray(observable.bit_terms)
    bounds: npt.NDArray[np.int64] = np.array(observable.boundaries, dtype=np.int64)
    lengths = bounds[1:] - bounds[:-1]
    owner = np.repeat(np.arange(lengths.size), lengths)
    numbers = np.stack(
        [np.bincount(owner[terms == letter], minlength=lengths.size) for letter in letters], axis=1
    )
    kinds, member = np.unique(numbers, axis=0, return_inverse=True)
    coefficients = np.asarray(observable.coeffs)
    member = member.reshape(-1)
    real = np.bincount(member, weights=coefficients.real, minlength=len(kinds))
    imaginary = np.bincount(member, weights=coefficients.imag, minlength=len(kinds))
    classes: PauliClasses = {}
    for kind, re, im in zip(kinds.tolist(), real.tolist(), imaginary.tolist(), strict=True):
        if sum(kind) > MAX_MIXED and max(kind) < sum(kind):
            x, y, z = kind
            raise ValueError(
                f"Pauli strings on more than {MAX_MIXED} qubits must have one kind of letter, "
                f"got one with {x} X, {y} Y and {z} Z."
            )
        classes[kind[0], kind[1], kind[2]] = complex(re, im)
    return classes


def expectation_value(state: FrameState, classes: PauliClasses) -> complex:
    """Return the expectation value of a sum of Pauli strings.

    Args:
        state: a symmetric state.
        classes: from `pauli_classes`.

    Examples:
        >>> from rzqiskit.dicke.layers import ground_state
        >>> value = expectation_value(ground_state(4), {(0, 0, 0): 1.0, (0, 0, 3): 0.5})
        >>> round(value.real, 12), value.imag
        (1.5, 0.0)
    """
    width = state.num_qubits
    mean, covariance = spin_mean_covariance(state)
    second = covariance + np.outer(mean, mean)
    populations: dict[int, FloatArray] = {}
    strings: _StringSums | None = None
    total = 0.0 + 0.0j
    for numbers, coefficient in classes.items():
        axes = [axis for axis in range(3) if numbers[axis]]
        weight = sum(numbers)
        if weight == 0:
            value = 1.0
        elif weight == 1:
            value = 2.0 * float(_SIGNS[axes[0]] * mean[axes[0]]) / width
        elif weight > 2 and len(axes) > 1:
            strings = strings or _StringSums(state)
            value = strings.average(numbers)
        elif len(axes) == 2:
            a, b = axes
            value = 4.0 * float(_SIGNS[a] * _SIGNS[b] * second[a, b]) / (width * (width - 1.0))
        elif weight == 2:
            a = axes[0]
            value = (4.0 * float(second[a, a]) - width) / (width * (width - 1.0))
        else:
            axis = axes[0]
            if axis not in populations:
                populations[axis] = _axis_populations(state, axis)
            value = float(populations[axis] @ _average_string(width, weight))
        total += coefficient * value
    return complex(total)


def _axis_populations(state: FrameState, axis: int) -> FloatArray:
    """Return the populations of k = number of eigenvalues -1 of the Pauli matrix of `axis`."""
    if axis == 0:  # X = -1 is Jx = -1/2: bring Jx to Jz
        state = apply_rotation(state, (0.0, 1.0, 0.0), 0.5 * math.pi)
    elif axis == 1:  # Y = -1 is Jy = +1/2: bring Jy to Jz
        state = apply_rotation(state, (1.0, 0.0, 0.0), 0.5 * math.pi)
    first, window = state_populations(state)
    full = np.zeros(state.num_qubits + 1)
    full[first : first + window.size] = window
    return full


def _average_string(num_qubits: int, weight: int) -> FloatArray:
    """Return K_weight(k) / C(N, weight), k = 0..N: the average string of `weight` letters Z."""
    k = np.arange(num_qubits + 1, dtype=np.float64)
    # K_{N - w}(k) = (-1)^k K_w(k) keeps the recurrence on the side where it is stable.
    mirrored = 2 * weight > num_qubits
    steps = num_qubits - weight if mirrored else weight
    before = np.zeros_like(k)
    now = np.ones_like(k)
    for w in range(steps):
        before, now = now, ((num_qubits - 2.0 * k) * now - w * before) / (num_qubits - w)
    return now * (-1.0) ** k if mirrored else now


class _StringSums:
    """S(n) applied to a state, on the levels of its frame; see the module's text."""

    def __init__(self, state: FrameState) -> None:
        width = state.num_qubits
        self._num_qubits = width
        size = min(state.amplitudes.size + MAX_MIXED, width + 1)
        amplitudes = np.zeros(size, dtype=np.complex128)
        amplitudes[: state.amplitudes.size] = state.amplitudes
        self._amplitudes = amplitudes / np.linalg.norm(amplitudes)
        k = np.arange(size, dtype=np.float64)
        self._levels = k - 0.5 * width
        self._hop = np.sqrt(k[1:] * (width - k[:-1]))
        # row a: the sum of the Pauli matrices of axis a in the spin components of the frame
        self._letters = 2.0 * _SIGNS[:, None] * state.triad.T
        self._known: dict[tuple[int, ...], ComplexArray] = {(0, 0, 0): self._amplitudes}

    def average(self, numbers: tuple[int, int, int]) -> float:
        """Return the expectation value of one string, averaged over its permutations."""
        num_strings = math.comb(self._num_qubits, sum(numbers))
        num_strings *= math.comb(sum(numbers), numbers[0])
        num_strings *= math.comb(numbers[1] + numbers[2], numbers[1])
        return float(np.vdot(self._amplitudes, self._apply(numbers)).real) / num_strings

    def _apply(self, numbers: tuple[int, ...]) -> ComplexArray:
        if min(numbers) < 0:
            return np.zeros_like(self._amplitudes)
        if numbers not in self._known:
            p = int(np.argmax(numbers))
            q, r = (p + 1) % 3, (p + 2) % 3
            n = list(numbers)
            n[p] -= 1

            def neighbour(less: int, more: int | None = None) -> ComplexArray:
                changed = n.copy()
                changed[less] -= 1
                if more is not None:
                    changed[more] += 1
                return self._apply(tuple(changed))

            total = self._sum_of_letters(p, self._apply(tuple(n)))
            total -= (self._num_qubits - sum(n) + 1) * neighbour(p)
            total -= 1j * (n[r] + 1) * neighbour(q, r)
            total += 1j * (n[q] + 1) * neighbour(r, q)
            self._known[numbers] = total / (n[p] + 1)
        return self._known[numbers]

    def _sum_of_letters(self, axis: int, vector: ComplexArray) -> ComplexArray:
        x, y, z = self._letters[axis]
        image: ComplexArray = z * self._levels * vector
        image[1:] += 0.5 * (x - 1j * y) * self._hop * vector[:-1]
        image[:-1] += 0.5 * (x + 1j * y) * self._hop * vector[1:]
        return image
