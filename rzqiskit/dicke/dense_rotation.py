"""A collective spin turned by a finite angle with tabulated eigenvectors: the way for small N.

``exp(theta (J+ - J-)/2)`` is ``exp(i theta Jy)``, which is ``exp(i theta Jx)`` between the phases
i^k. The eigenvectors of Jx to j and -j differ by (-1)^k only, so those to j >= 0 are enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal

from rzqiskit.dicke.compiled import kernel

__all__ = ["DENSE_MAX_QUBITS", "rotate_dense", "rotation_table", "rotation_tables"]

FloatArray = npt.NDArray[np.float64]

DENSE_MAX_QUBITS = 200
"""Widest spin for which the tabulated rotation is used; its table holds about N^2/2 numbers."""


@lru_cache(maxsize=256)
def rotation_table(num_qubits: int) -> FloatArray:
    """Eigenvectors of Jx to the eigenvalues j >= 0, shape (num_qubits + 1, num_j), flattened.

    Row k carries the sign (-1)^(k // 2) that turns Jx into Jy, column j > 0 a factor sqrt(2) for
    its partner -j, whose entries are those of j times (-1)^k.
    """
    k = np.arange(num_qubits, dtype=np.float64)
    values, vectors = eigh_tridiagonal(
        np.zeros(num_qubits + 1), 0.5 * np.sqrt((k + 1.0) * (num_qubits - k))
    )
    # Orthogonal to the last digit: what is missing would pile up layer by layer.
    exact = vectors.astype(np.longdouble)
    vectors = (1.5 * exact - 0.5 * exact @ (exact.T @ exact)).astype(np.float64)
    kept = vectors[:, (num_qubits + 1) // 2 :].copy()
    if num_qubits % 2 == 0:
        kept[1::2, 0] = 0.0
    kept[:, values[(num_qubits + 1) // 2 :] > 0.25] *= math.sqrt(2.0)
    kept *= (-1.0) ** (np.arange(num_qubits + 1) // 2)[:, None]
    table = np.ascontiguousarray(kept).ravel()
    table.setflags(write=False)
    return table


def rotation_tables(num_qubits: Iterable[int]) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return the tables that `populations_dense` needs for a batch of spins, concatenated.

    Args:
        num_qubits: N of every spin of the batch, shape (num_spins,), each at most DENSE_MAX_QUBITS
            (wider ones get an empty table, offset 0).

    Returns:
        The concatenated table and the offset of each spin's part in it, shape (num_spins,).

    Examples:
        >>> table, offsets = rotation_tables([10, 3, 10])
        >>> table.size, offsets.tolist()
        (74, [0, 66, 0])
    """
    widths = [int(n) for n in num_qubits]
    starts: dict[int, int] = {}
    parts: list[FloatArray] = []
    size = 0
    for width in widths:
        if width in starts or width > DENSE_MAX_QUBITS:
            continue
        starts[width] = size
        parts.append(rotation_table(width))
        size += parts[-1].size
    table = np.concatenate(parts) if parts else np.zeros(0)
    return table, np.array([starts.get(width, 0) for width in widths], dtype=np.int64)


@kernel
def rotate_dense(
    state: Any, num_qubits: int, theta: float, table: Any, offset: int, out: Any
) -> None:
    """Write exp(theta (J+ - J-)/2) `state` into `out`, num_qubits <= DENSE_MAX_QUBITS.

    `state`: real and imaginary parts, shape (2, K), K <= N + 1; `table`, `offset`: from
    `rotation_tables`; `out`: shape (2, N + 1).
    """
    num_j = num_qubits // 2 + 1 if num_qubits % 2 == 0 else (num_qubits + 1) // 2
    rows = table[offset : offset + (num_qubits + 1) * num_j].reshape(num_qubits + 1, num_j)
    work = np.zeros((4, num_j))  # even and odd k, real and imaginary
    even_re, even_im, odd_re, odd_im = work[0], work[1], work[2], work[3]
    for k in range(state.shape[1]):
        x = state[0, k]
        y = state[1, k]
        row = rows[k]
        if k % 2 == 0:
            for j in range(num_j):
                even_re[j] += row[j] * x
                even_im[j] += row[j] * y
        else:
            for j in range(num_j):
                odd_re[j] += row[j] * x
                odd_im[j] += row[j] * y
    lowest = 0.0 if num_qubits % 2 == 0 else 0.5
    for j in range(num_j):
        c = math.cos(theta * (lowest + j))
        s = math.sin(theta * (lowest + j))
        even_re[j], odd_re[j] = c * even_re[j] - s * odd_re[j], s * even_re[j] + c * odd_re[j]
        even_im[j], odd_im[j] = c * even_im[j] - s * odd_im[j], s * even_im[j] + c * odd_im[j]
    for m in range(num_qubits + 1):
        row = rows[m]
        x = 0.0
        y = 0.0
        if m % 2 == 0:
            for j in range(num_j):
                x += row[j] * even_re[j]
                y += row[j] * even_im[j]
        else:
            for j in range(num_j):
                x += row[j] * odd_re[j]
                y += row[j] * odd_im[j]
        out[0, m] = x
        out[1, m] = y
