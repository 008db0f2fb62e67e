r"""A symmetric state of N spins under collective layers, in a frame that moves with it.

The state is ``R sum_k c_k |k>``, R the rotation that carries x, y, z to the triad e_1, e_2, e_3 and
|k> the Dicke levels counted from the frame's own -e_3. Then

*   exp(-i phi n.J) only turns the triad, e_i -> R_n(phi) e_i;
*   in the frame Jz = D - a_3 N/2 with D = a_1 J~x + a_2 J~y + a_3 k, a_i = z.e_i, so

        exp(-i c Jz^2) = exp(i c a_3 N Jz) exp(-i c D^2)    up to a global phase,

    the two factors commuting: c_k -> exp(-i c D^2) c_k, and the triad turns about z by -c N a_3.

The second factor holds all that is not mean field. It spreads over few levels unless it
over-squeezes the state, so the number of levels K follows from the state, not from N: it grows
until the amplitudes at the edge are below EDGE_AMPLITUDE, up to N + 1. On the whole ladder, which
small N always use, Jz^2 is diagonal after one turn of the ladder by the angle between z and e_3.

Every angle c is first brought into -pi/2..pi/2: exp(-i pi Jz^2) is exp(-i pi Jz) for even N and a
phase for odd N.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rzqiskit.dicke.dense_rotation import DENSE_MAX_QUBITS, rotate_dense, rotation_table
from rzqiskit.dicke.ladder_rotation import rotate_ladder
from rzqiskit.dicke.rotations import tilt, windowed_populations
from rzqiskit.dicke.squeezing import norm_bound, squeeze_levels
from rzqiskit.validation import check_finite, check_positive_integer

__all__ = [
    "EDGE_AMPLITUDE",
    "MAX_LEVELS",
    "FrameState",
    "apply_rotation",
    "apply_squeezing",
    "ground_state",
    "spin_mean_covariance",
    "state_populations",
]

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

EDGE_AMPLITUDE = 1e-15
"""Largest root of the weight on the last levels at which a truncation counts as exact."""

MAX_LEVELS = 2**15
"""Most levels a state may need; a layer at this size takes seconds."""

_PI = np.longdouble("3.14159265358979323846264338327950288")
_TOO_STRONG = (
    "`strength` must squeeze the state less: it needs more than {} of its {} levels, got {!r}."
)
_LARGE = 1024  # levels from which it pays to look ahead
_GUARD = 4  # levels at the edge that must be empty
_MAX_RADIUS = 60.0  # longest piece of a layer between two looks at the edge


@dataclass(frozen=True, eq=False)
class FrameState:
    """A symmetric pure state of N spins 1/2 on the levels of a moving frame.

    Attributes:
        num_qubits: N.
        triad: rows e_1, e_2, e_3 in lab coordinates, shape (3, 3), orthonormal, right-handed.
        amplitudes: c_k, shape (num_levels,), num_levels <= N + 1.
    """

    num_qubits: int
    triad: FloatArray
    amplitudes: ComplexArray

    @property
    def lab_axis(self) -> FloatArray:
        """The lab's z axis in the frame, (a_1, a_2, a_3), shape (3,)."""
        return self.triad[:, 2].copy()


def ground_state(num_qubits: int) -> FrameState:
    """Return the state of all spins down, Jz = -N/2.

    Examples:
        >>> state = ground_state(5)
        >>> state_populations(state)[1].round(12).tolist()
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    width = check_positive_integer("num_qubits", num_qubits)
    return FrameState(width, np.eye(3), np.ones(1, dtype=np.complex128))


def apply_rotation(state: FrameState, axis: npt.ArrayLike, angle: float) -> FrameState:
    """Return exp(-i angle n.J) applied to `state`.

    Args:
        state: the state before.
        axis: n in lab coordinates, shape (3,), of any length but zero.
        angle: in radians.

    Raises:
        ValueError: for an axis that is no direction or an angle that is not finite.

    Examples:
        >>> state = apply_rotation(ground_state(2), [1.0, 0.0, 0.0], np.pi / 2)
        >>> state_populations(state)[1].round(12).tolist()
        [0.25, 0.5, 0.25]
    """
    try:
        x, y, z = (float(component) for component in np.asarray(axis))
        length = math.hypot(x, y, z)
    except (TypeError, ValueError):
        length = math.nan
    if not (math.isfinite(length) and length > 0.0):
        raise ValueError(f"`axis` must be a direction of three finite numbers, got {axis!r}.")
    x, y, z = x / length, y / length, z / length
    phi = check_finite("angle", angle)
    c, s, t = math.cos(phi), math.sin(phi), 2.0 * math.sin(0.5 * phi) ** 2
    transposed = np.array(
        [
            [c + t * x * x, t * x * y + s * z, t * x * z - s * y],
            [t * x * y - s * z, c + t * y * y, t * y * z + s * x],
            [t * x * z + s * y, t * y * z - s * x, c + t * z * z],
        ]
    )
    turned = state.triad @ transposed
    # One Newton step back to orthonormality, so that rounding cannot pile up over many layers.
    turned = 1.5 * turned - 0.5 * (turned @ turned.T) @ turned
    return FrameState(state.num_qubits, turned, state.amplitudes)


def apply_squeezing(state: FrameState, strength: float) -> FrameState:
    """Return exp(-i strength Jz^2) applied to `state`, up to a global phase.

    It is the gate RZZ(strength) on every pair of qubits.

    Args:
        state: the state before.
        strength: c, in radians.

    Raises:
        ValueError: for a strength that is not finite, or if the state needs more than MAX_LEVELS.

    Examples:
        Two spins along x become maximally entangled (a Bell state) at c = pi/2:

        >>> state = apply_rotation(ground_state(2), [0.0, 1.0, 0.0], np.pi / 2)
        >>> state = apply_squeezing(state, np.pi / 2)
        >>> mean, _ = spin_mean_covariance(state)
        >>> bool(np.abs(mean).max() < 1e-12)
        True
    """
    c = check_finite("strength", strength)
    width = state.num_qubits
    if width == 1:
        return state
    turns = round(c / math.pi)
    rest = np.longdouble(c) - turns * _PI
    c = float(rest)
    if turns % 2 and width % 2 == 0:
        state = apply_rotation(state, (0.0, 0.0, 1.0), math.pi)
    if c == 0.0:
        return state
    if width > DENSE_MAX_QUBITS and state.amplitudes.size <= width:
        squeezed = _squeeze_truncated(state, c)
        if squeezed is not None:
            return squeezed
    return _squeeze_whole(state, rest)


def _tilt_of(state: FrameState) -> tuple[float, float, float, float]:
    """Return theta, h, a3 and chi of the lab's axis, or of its opposite if that is nearer."""
    a1, a2, a3 = (float(component) for component in state.lab_axis)
    theta, h, cosine, _, cos_chi, sin_chi, _ = tilt(a1, a2, a3)
    return theta, h, cosine, math.atan2(sin_chi, cos_chi)


def _turned(amplitudes: ComplexArray, chi: float) -> ComplexArray:
    """Return the amplitudes times e^{i chi k}: D and the turns of the ladder become real."""
    turned: ComplexArray = amplitudes * np.exp(1j * chi * np.arange(amplitudes.size))
    return turned


def _trimmed(amplitudes: ComplexArray) -> ComplexArray:
    """Return the amplitudes without the levels at the edge that only hold rounding errors."""
    behind = np.sqrt(np.cumsum(np.abs(amplitudes[::-1]) ** 2))[::-1]
    return amplitudes[: max(1, int(np.count_nonzero(behind > 0.2 * EDGE_AMPLITUDE)))]


def _squeeze_whole(state: FrameState, c: np.longdouble) -> FrameState:
    """Turn the whole ladder to the lab's levels, apply the phases c m^2, turn back."""
    width = state.num_qubits
    if width + 1 > MAX_LEVELS:
        raise ValueError(_TOO_STRONG.format(MAX_LEVELS, width + 1, float(c)))
    theta, _, _, chi = _tilt_of(state)
    turned = _turned(state.amplitudes, chi)
    lab = _turn_ladder(np.stack([turned.real, turned.imag]), width, theta)
    m = np.arange(width + 1) - 0.5 * width
    # Extended precision where the machine has it: c m^2 may be thousands of turns.
    phase = np.remainder(c * (m * m), 2 * _PI).astype(np.float64)
    phased = (lab[0] + 1j * lab[1]) * np.exp(-1j * phase)
    back = _turn_ladder(np.stack([phased.real, phased.imag]), width, -theta)
    amplitudes = _turned(back[0] + 1j * back[1], -chi)
    return FrameState(width, state.triad, _trimmed(amplitudes))


def _turn_ladder(parts: FloatArray, num_qubits: int, theta: float) -> FloatArray:
    out = np.empty((2, num_qubits + 1))
    if num_qubits <= DENSE_MAX_QUBITS:
        rotate_dense(parts, num_qubits, theta, rotation_table(num_qubits), 0, out)
    else:
        rotate_ladder(parts, num_qubits, theta, out)
    return out


def _levels_needed(state: FrameState, c: float) -> float:
    """Return about how many levels the state reaches: twisting turns its parts about z by 2 c m.

    Eight standard deviations of m to either side, thus less than what is needed to rounding.
    """
    variance = float(spin_mean_covariance(state)[1][2, 2])
    spread = 16.0 * abs(c) * math.sqrt(max(variance, 0.0)) * _tilt_of(state)[1]
    return state.num_qubits * math.sin(0.5 * min(spread, math.pi)) ** 2


def _squeeze_truncated(state: FrameState, c: float) -> FrameState | None:
    """Apply exp(-i c D^2) on as many levels as it takes; None if the whole ladder is cheaper."""
    width = state.num_qubits
    theta, h, a3, chi = _tilt_of(state)
    whole_cost = 2.0 * (0.5 * theta * width + 60.0) * width if width < MAX_LEVELS else math.inf
    kept = _turned(state.amplitudes, chi)
    size = min(max(16, kept.size + 8), width + 1)
    remaining = c
    spent = 0.0
    while remaining != 0.0:
        half = 0.5 * norm_bound(size, width, h, a3) ** 2
        radius = abs(remaining) * half
        num_pieces = max(1, math.ceil(radius / _MAX_RADIUS))
        spent += 4.0 * (radius / num_pieces + 30.0) * size
        # What is left at this size, and what is behind, against two turns of the whole ladder.
        if size > width or spent + 4.0 * radius * size > 2.0 * whole_cost:
            return None
        if size > _LARGE and (size > MAX_LEVELS or _levels_needed(state, c) > MAX_LEVELS):
            raise ValueError(_TOO_STRONG.format(MAX_LEVELS, width + 1, c))
        piece = remaining / num_pieces
        parts = np.zeros((2, size))
        parts[0, : kept.size] = kept.real
        parts[1, : kept.size] = kept.imag
        squeeze_levels(parts, width, h, a3, piece)
        if np.linalg.norm(parts[:, -_GUARD:]) > EDGE_AMPLITUDE:
            size = min(size + max(8, size // 2), width + 1)
            continue
        kept = _trimmed(parts[0] + 1j * parts[1])
        remaining = 0.0 if num_pieces == 1 else remaining - piece
    squeezed = FrameState(width, state.triad, _turned(kept, -chi))
    return apply_rotation(squeezed, (0.0, 0.0, 1.0), -c * width * float(state.lab_axis[2]))


def state_populations(state: FrameState) -> tuple[int, FloatArray]:
    """Return the first lab level with weight and the populations from there on.

    Args:
        state: the state.

    Returns:
        As `rzqiskit.dicke.rotations.windowed_populations`.
    """
    return windowed_populations(state.amplitudes, state.num_qubits, state.lab_axis)


def spin_mean_covariance(state: FrameState) -> tuple[FloatArray, FloatArray]:
    """Return <J_i> and <(J_i J_j + J_j J_i)/2> - <J_i><J_j> in lab coordinates.

    Args:
        state: the state.

    Returns:
        The means, shape (3,), and the covariances, shape (3, 3), both exact on the levels of the
        state and, for large N, without the cancellation of squares of order N^2.

    Examples:
        >>> mean, covariance = spin_mean_covariance(ground_state(10))
        >>> mean.tolist(), np.diag(covariance).round(12).tolist()
        ([0.0, 0.0, -5.0], [2.5, 2.5, 0.0])
    """
    width = state.num_qubits
    c = np.zeros(min(state.amplitudes.size + 1, width + 1), dtype=np.complex128)
    c[: state.amplitudes.size] = state.amplitudes
    c /= np.linalg.norm(c)
    k = np.arange(c.size, dtype=np.float64)
    hop = np.sqrt(k[1:] * (width - k[:-1]))
    raised = np.zeros_like(c)
    raised[1:] = hop * c[:-1]
    lowered = np.zeros_like(c)
    lowered[:-1] = hop * c[1:]
    # Jz counted from -N/2, so that its square stays of the order of the levels in use.
    images = np.stack([0.5 * (raised + lowered), -0.5j * (raised - lowered), k * c])
    mean = (images @ c.conj()).real
    second = (images.conj() @ images.T).real
    covariance = second - np.outer(mean, mean)
    mean[2] -= 0.5 * width
    return mean @ state.triad, state.triad.T @ covariance @ state.triad
