"""Running integrals of functions of the pulse area, to rounding, at any time.

The pulse is cut, at its landmarks first, into panels on which cos and sin of twice its area are
polynomials of degree `NUM_NODES` - 1 to rounding; integrals are then Legendre series, integrated
and evaluated exactly.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.polynomial import legendre

from rzqiskit.drives import Drive
from rzqiskit.validation import FloatArray

__all__ = ["NUM_NODES", "Panels"]

NUM_NODES = 20
_RESOLVED = 1e-13  # largest trailing Legendre coefficient of a resolved panel
_MAX_PANELS = 20_000


@lru_cache(maxsize=1)
def _tables() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return Gauss nodes, values -> coefficients, coefficients -> integral, integral -> values."""
    nodes, weights = legendre.leggauss(NUM_NODES)
    degree = np.arange(NUM_NODES)
    analyse = np.asarray((legendre.legvander(nodes, NUM_NODES - 1) * weights[:, None]).T, float)
    analyse *= (degree + 0.5)[:, None]
    # int_{-1}^x P_j = (P_{j+1} - P_{j-1})/(2j + 1), and 1 + x for j = 0.
    integrate = np.zeros((NUM_NODES + 1, NUM_NODES))
    integrate[[0, 1], 0] = 1.0
    for j in range(1, NUM_NODES):
        integrate[j + 1, j], integrate[j - 1, j] = 1.0 / (2 * j + 1), -1.0 / (2 * j + 1)
    evaluate = np.asarray(legendre.legvander(nodes, NUM_NODES), float)
    return nodes, analyse, integrate, evaluate


class Panels:
    """A cut of the pulse that resolves its area, for running integrals.

    Attributes:
        edges: shape (num_panels + 1,), from 0 to the end of the pulse, inverse energy.
        area: phi at the Gauss nodes, shape (num_panels, NUM_NODES), rad.

    Examples:
        >>> from rzqiskit.drives import RectangularDrive
        >>> panels = Panels(RectangularDrive(2.0, 3.0))
        >>> integral, at_nodes = panels.integrate(np.cos(panels.area))
        >>> panels.evaluate(integral[None], np.array([0.5, 3.0])).round(12)
        array([[ 0.42073549, -0.13970775]])
    """

    def __init__(self, drive: Drive) -> None:
        """Cut the pulse of `drive` until every panel is resolved."""
        nodes, analyse, _, _ = _tables()
        waiting = [0.0, *drive.landmarks, drive.duration]
        starts, stops = np.array(waiting[:-1]), np.array(waiting[1:])
        done: list[tuple[float, FloatArray]] = []
        while starts.size:
            middle, half = 0.5 * (starts + stops), 0.5 * (stops - starts)
            times = middle[:, None] + half[:, None] * nodes
            area = np.asarray(drive.area(0.0, times))
            wave = np.stack([np.cos(2.0 * area), np.sin(2.0 * area)])
            tail = np.abs(wave @ analyse.T)[..., -3:].max(axis=(0, 2))
            # Times are rounded, and a strong pulse late in its window turns on within an ulp.
            rounding = 4.0 * np.finfo(float).eps * np.abs(drive.value(times)).max(axis=1) * stops
            # A panel of rounding width holds a jump that no cut resolves.
            good = (tail < _RESOLVED + rounding) | (half < 1e-12 * drive.duration)
            done.extend(zip(starts[good].tolist(), area[good], strict=True))
            if len(done) + 2 * int((~good).sum()) > _MAX_PANELS:
                raise ValueError(
                    f"`drive` must be resolved by {_MAX_PANELS} panels, got a pulse that turns or "
                    "jumps too often."
                )
            starts, stops = (
                np.concatenate([starts[~good], middle[~good]]),
                np.concatenate([middle[~good], stops[~good]]),
            )
        done.sort(key=lambda panel: panel[0])
        self.edges = np.array([*(start for start, _ in done), drive.duration])
        self.area = np.array([area for _, area in done])
        self._half = 0.5 * np.diff(self.edges)

    def integrate(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the running integral of a function known at the nodes.

        Args:
            values: shape (num_panels, NUM_NODES).

        Returns:
            Legendre coefficients of the integral from 0, shape (num_panels, NUM_NODES + 1), and
            the integral at the nodes, shape (num_panels, NUM_NODES).
        """
        _, analyse, integrate, evaluate = _tables()
        series = (values @ (integrate @ analyse).T) * self._half[:, None]
        totals = series.sum(axis=1)  # every P_j(1) is 1
        series[1:, 0] += np.cumsum(totals[:-1])
        return series, series @ evaluate.T

    def evaluate(self, series: FloatArray, times: npt.ArrayLike) -> FloatArray:
        """Return integrals at any times; beyond the pulse they stay what they were at its end.

        Args:
            series: coefficients from `integrate`, stacked, shape (num, num_panels, NUM_NODES + 1).
            times: shape (num_times,), inverse energy.

        Returns:
            Shape (num, num_times).
        """
        t = np.clip(np.asarray(times, dtype=np.float64), 0.0, self.edges[-1])
        index = np.clip(np.searchsorted(self.edges, t, side="right") - 1, 0, len(self._half) - 1)
        x = (t - self.edges[index]) / self._half[index] - 1.0
        return np.einsum("itj,tj->it", series[:, index], legendre.legvander(x, NUM_NODES))
