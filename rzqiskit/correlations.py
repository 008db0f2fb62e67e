"""Squeezing, entanglement and extractable work of the charged battery: beyond the paper.

All from the mean and the covariance matrix of the collective spin, or from the Dicke populations;
arrays in, arrays out. hbar = 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rzqiskit.model import RosenZenerBattery
from rzqiskit.validation import (
    FloatArray,
    check_non_negative,
    check_positive_integer,
    check_real_array,
)

__all__ = [
    "FROM_MOMENTS",
    "cell_entropy",
    "correlations_from_moments",
    "incoherent_ergotropy",
    "quantum_fisher_information",
    "spin_squeezing",
]

FROM_MOMENTS = (
    "collective_spin",
    "spin_squeezing",
    "quantum_fisher_information",
    "cell_entropy",
    "coherent_state_fidelity",
    "ergotropy",
)
"""What `correlations_from_moments` computes."""


def spin_squeezing(mean: npt.ArrayLike, covariance: npt.ArrayLike, num_qubits: int) -> FloatArray:
    """Return Wineland's squeezing parameter xi_R^2 = N min Var(J_perp) / |<J>|^2.

    Below 1 the cells are entangled. Wineland et al., Phys. Rev. A 46, R6797 (1992).

    Args:
        mean: shape (..., 3), <Jx>, <Jy>, <Jz>.
        covariance: shape (..., 3, 3), symmetrised covariances of the same.
        num_qubits: N.

    Returns:
        xi_R^2, shape (...); infinite where <J> vanishes.

    Raises:
        TypeError: an argument that is not numeric.
        ValueError: arrays of another shape, not finite or not symmetric, no cells.

    Examples:
        >>> float(spin_squeezing([0.0, 0.0, -5.0], np.diag([2.5, 2.5, 0.0]), 10))
        1.0
    """
    num_qubits = check_positive_integer("num_qubits", num_qubits)
    mean, covariance = _check_mean(mean), _check_covariance(covariance)
    _check_match(mean, covariance)
    length = np.linalg.norm(mean, axis=-1)
    nonzero = np.where(length > 0.0, length, 1.0)
    direction = np.where((length > 0.0)[..., None], mean / nonzero[..., None], [0.0, 0.0, 1.0])
    # The two axes across the mean spin: from the coordinate axis that it is farthest from.
    farthest = np.eye(3)[np.argmin(np.abs(direction), axis=-1)]
    first = np.cross(direction, farthest)
    first /= np.linalg.norm(first, axis=-1)[..., None]
    second = np.cross(direction, first)
    xx = np.einsum("...i,...ij,...j", first, covariance, first)
    yy = np.einsum("...i,...ij,...j", second, covariance, second)
    xy = np.einsum("...i,...ij,...j", first, covariance, second)
    smallest = 0.5 * (xx + yy - np.hypot(xx - yy, 2.0 * xy))
    return np.where(length > 0.0, num_qubits * smallest / nonzero**2, np.inf)


def quantum_fisher_information(covariance: npt.ArrayLike) -> FloatArray:
    """Return the quantum Fisher information of a pure state, largest over collective rotations.

    F_Q = 4 max_n Var(J_n); above N the cells are entangled. Pezze and Smerzi, Phys. Rev. Lett.
    102, 100401 (2009).

    Args:
        covariance: shape (..., 3, 3), symmetrised covariances of Jx, Jy, Jz.

    Returns:
        F_Q, shape (...).

    Raises:
        TypeError: covariances that are not numeric.
        ValueError: covariances of another shape, not finite or not symmetric.

    Examples:
        >>> float(quantum_fisher_information(np.diag([2.5, 2.5, 0.0])))
        10.0
    """
    variances = np.linalg.eigvalsh(_check_covariance(covariance))
    return np.asarray(4.0 * variances[..., -1], dtype=np.float64)


def cell_entropy(
    mean: npt.ArrayLike, num_qubits: int, covariance: npt.ArrayLike | None = None
) -> FloatArray:
    """Return the von Neumann entropy of one cell: its entanglement with the others, in bits.

    The state is symmetric, so the Bloch vector of each cell is 2 <J> / N; the whole is pure, so
    the entropy of the part measures the entanglement (Bennett et al., Phys. Rev. A 53, 2046
    (1996)).

    Args:
        mean: shape (..., 3), <Jx>, <Jy>, <Jz>.
        num_qubits: N.
        covariance: shape (..., 3, 3), symmetrised covariances of the same. With it the entropy of
            very many, hardly entangled cells keeps its digits: the spin then falls short of its
            full length N/2 by a small difference of large numbers, but J^2 = N/2 (N/2 + 1) makes
            that the trace of the covariances less N/2.

    Returns:
        Entropy, shape (...), between 0 and 1 bit.

    Raises:
        TypeError: an argument that is not numeric.
        ValueError: arrays of another shape, not finite or not symmetric, no cells.

    Examples:
        >>> float(cell_entropy([0.0, 0.0, 0.0], 4))
        1.0
    """
    from scipy.special import xlogy

    num_qubits = check_positive_integer("num_qubits", num_qubits)
    mean = _check_mean(mean)
    length = np.linalg.norm(mean, axis=-1)
    if covariance is None:
        shortfall = 0.5 * num_qubits - length
    else:
        covariance = _check_covariance(covariance)
        _check_match(mean, covariance)
        trace = np.trace(covariance, axis1=-2, axis2=-1)
        shortfall = (trace - 0.5 * num_qubits) / (0.5 * num_qubits + length)
    # of the cell's Bloch vector, halved: the smaller eigenvalue of its state
    deficit = np.clip(shortfall / num_qubits, 0.0, 0.5)
    total: FloatArray = xlogy(deficit, deficit) + (1.0 - deficit) * np.log1p(-deficit)
    return np.abs(total / np.log(2.0))


def incoherent_ergotropy(populations: npt.ArrayLike, level_splitting: float) -> FloatArray:
    """Return the work that remains extractable once the coherences are lost.

    The dephased state has the Dicke populations p_k at the energies k Delta; the best permutation
    of the levels sorts them downwards, so W_i = Delta sum_k k (p_k - p_k sorted). The rest of the
    ergotropy, which for a pure state is the whole stored energy, is coherent. Francica et al.,
    Phys. Rev. Lett. 125, 180603 (2020); here within the N + 1 symmetric levels.

    Args:
        populations: shape (..., N + 1).
        level_splitting: Delta, energy.

    Returns:
        W_i, energy, shape (...).

    Raises:
        TypeError: an argument that is not numeric.
        ValueError: populations that are negative, not finite or none, a negative level splitting.

    Examples:
        >>> float(incoherent_ergotropy([0.0, 0.0, 1.0], 1.5))
        3.0
    """
    populations = check_real_array("populations", populations)
    if populations.ndim == 0 or populations.shape[-1] == 0:
        raise ValueError(
            "`populations` must have N + 1 entries on its last axis, got shape "
            f"{populations.shape}."
        )
    if (populations < 0.0).any():
        raise ValueError(f"`populations` must not be negative, got {populations.min():g}.")
    level_splitting = check_non_negative("level_splitting", level_splitting)
    passive = -np.sort(-populations, axis=-1)
    return level_splitting * ((populations - passive) @ np.arange(populations.shape[-1]))


def correlations_from_moments(
    battery: RosenZenerBattery,
    time: FloatArray,
    energy: FloatArray,
    moments: FloatArray,
    names: tuple[str, ...],
) -> dict[str, tuple[tuple[str, ...], Any]]:
    """Return the `FROM_MOMENTS` quantities among `names`, as name -> (dims, values).

    Args:
        battery: the battery.
        time: shape (num_times,), inverse energy.
        energy: stored energy, shape (num_times,).
        moments: shape (10, num_times), see `rzqiskit.dicke.observables`.
        names: what is wanted.
    """
    num = battery.num_qubits
    mean = np.stack([moments[0], moments[1], moments[2] - 0.5 * num], axis=-1)
    rows = [[3, 6, 7], [6, 4, 8], [7, 8, 5]]
    covariance = np.moveaxis(moments[rows], -1, 0)
    # After the pulse only Delta Jz acts: the spin precesses, and the solver returns its end.
    angle = battery.level_splitting * np.clip(time - battery.drive.duration, 0.0, None)
    cosine, sine = np.cos(angle), np.sin(angle)
    spin = mean.copy()
    spin[:, 0] = cosine * mean[:, 0] - sine * mean[:, 1]
    spin[:, 1] = sine * mean[:, 0] + cosine * mean[:, 1]
    along_time = ("time",)
    computed: dict[str, Any] = {
        "collective_spin": lambda: (("time", "axis"), spin),
        "spin_squeezing": lambda: (
            along_time,
            spin_squeezing(mean, covariance, num),
        ),
        "quantum_fisher_information": lambda: (
            along_time,
            quantum_fisher_information(covariance),
        ),
        "cell_entropy": lambda: (along_time, cell_entropy(mean, num, covariance)),
        "coherent_state_fidelity": lambda: (along_time, moments[9]),
        # The state is pure: a unitary takes it back to the ground state, all energy is work.
        "ergotropy": lambda: (along_time, energy.copy()),
    }
    return {name: make() for name, make in computed.items() if name in names}


def _check_mean(mean: npt.ArrayLike) -> FloatArray:
    cleaned = check_real_array("mean", mean)
    if cleaned.shape[-1:] != (3,):
        raise ValueError(f"`mean` must have the shape (..., 3), got {cleaned.shape}.")
    return cleaned


def _check_covariance(covariance: npt.ArrayLike) -> FloatArray:
    cleaned = check_real_array("covariance", covariance)
    if cleaned.shape[-2:] != (3, 3):
        raise ValueError(f"`covariance` must have the shape (..., 3, 3), got {cleaned.shape}.")
    skew = np.abs(cleaned - np.swapaxes(cleaned, -1, -2)).max(initial=0.0)
    if skew > 1e-9 * np.abs(cleaned).max(initial=0.0):
        raise ValueError(f"`covariance` must be symmetric, got entries that differ by {skew:g}.")
    return cleaned


def _check_match(mean: FloatArray, covariance: FloatArray) -> None:
    try:
        np.broadcast_shapes(mean.shape[:-1], covariance.shape[:-2])
    except ValueError:
        raise ValueError(
            f"`covariance` must have the shape {(*mean.shape, 3)} as `mean` has {mean.shape}, got "
            f"{covariance.shape}."
        ) from None
