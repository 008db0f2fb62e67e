"""What the emulator knows about single gates: rotations of one qubit, diagonal gates of a pair.

A single-qubit gate is a sequence of rotations (axis, angle), first applied first, up to a global
phase; angles are numbers or parameter expressions. A pair gate is
``exp(-i/2 [zz Z Z + z (Z 1 + 1 Z)])``, zz and z being multiples of its angle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "IGNORED",
    "ONE_QUBIT",
    "PAIR",
    "PairGate",
    "Rotation",
    "multiply",
    "quaternion",
    "unitary_rotation",
]

FloatArray = npt.NDArray[np.float64]
Angle: TypeAlias = Any  # float or qiskit.circuit.ParameterExpression
Rotation: TypeAlias = "tuple[Any, Angle]"

_HALF_PI = 0.5 * math.pi


def _fixed(*rotations: Rotation) -> Callable[[Sequence[Angle]], tuple[Rotation, ...]]:
    return lambda params: rotations


ONE_QUBIT: dict[str, Callable[[Sequence[Angle]], tuple[Rotation, ...]]] = {
    "rx": lambda params: (("x", params[0]),),
    "ry": lambda params: (("y", params[0]),),
    "rz": lambda params: (("z", params[0]),),
    "p": lambda params: (("z", params[0]),),
    "u1": lambda params: (("z", params[0]),),
    "u": lambda params: (("z", params[2]), ("y", params[0]), ("z", params[1])),
    "u3": lambda params: (("z", params[2]), ("y", params[0]), ("z", params[1])),
    "u2": lambda params: (("z", params[1]), ("y", _HALF_PI), ("z", params[0])),
    "r": lambda params: (("z", -params[1]), ("x", params[0]), ("z", params[1])),
    "h": _fixed(("h", math.pi)),
    "x": _fixed(("x", math.pi)),
    "y": _fixed(("y", math.pi)),
    "z": _fixed(("z", math.pi)),
    "s": _fixed(("z", _HALF_PI)),
    "sdg": _fixed(("z", -_HALF_PI)),
    "t": _fixed(("z", 0.5 * _HALF_PI)),
    "tdg": _fixed(("z", -0.5 * _HALF_PI)),
    "sx": _fixed(("x", _HALF_PI)),
    "sxdg": _fixed(("x", -_HALF_PI)),
}

IGNORED = frozenset({"barrier", "id", "delay", "global_phase"})


@dataclass(frozen=True)
class PairGate:
    """A two-qubit gate that is diagonal between equal turns of both qubits.

    Attributes:
        zz: factor of the angle in front of Z Z.
        z: factor of the angle in front of each single Z.
        angle: the fixed angle, or None if it is the gate's parameter.
        turn: rotation of both qubits before the diagonal part, undone after it.
    """

    zz: float
    z: float
    angle: float | None = None
    turn: Rotation | None = None


PAIR: dict[str, PairGate] = {
    "rzz": PairGate(1.0, 0.0),
    "cp": PairGate(-0.5, 0.5),
    "cu1": PairGate(-0.5, 0.5),
    "cz": PairGate(-0.5, 0.5, math.pi),
    "cs": PairGate(-0.5, 0.5, _HALF_PI),
    "csdg": PairGate(-0.5, 0.5, -_HALF_PI),
    "rxx": PairGate(1.0, 0.0, None, ("h", math.pi)),
    "ryy": PairGate(1.0, 0.0, None, ("x", _HALF_PI)),
}

_AXES: dict[str, tuple[float, float, float]] = {
    "x": (1.0, 0.0, 0.0),
    "y": (0.0, 1.0, 0.0),
    "z": (0.0, 0.0, 1.0),
    "h": (math.sqrt(0.5), 0.0, math.sqrt(0.5)),
}


def unitary_rotation(matrix: npt.NDArray[np.complex128]) -> Rotation:
    """Return the rotation of a 2 x 2 unitary: its axis in X, Y, Z components, and its angle."""
    special = matrix / np.sqrt(np.linalg.det(matrix))
    cosine = float(special[0, 0].real + special[1, 1].real) / 2.0
    sine = np.array(
        [
            -(special[0, 1].imag + special[1, 0].imag) / 2.0,
            (special[1, 0].real - special[0, 1].real) / 2.0,
            (special[1, 1].imag - special[0, 0].imag) / 2.0,
        ]
    )
    size = float(np.linalg.norm(sine))
    if size == 0.0:
        return ("z", 0.0)
    axis = tuple((sine / size).tolist())
    return (axis, 2.0 * math.atan2(size, cosine))


def quaternion(axis: Any, angles: FloatArray) -> FloatArray:
    """Return cos(angle/2) and sin(angle/2) n of exp(-i angle/2 n.(X, Y, Z)), shape (..., 4)."""
    direction = np.array(_AXES[axis] if isinstance(axis, str) else axis)
    half = 0.5 * np.asarray(angles)[..., None]
    return np.concatenate([np.cos(half), np.sin(half) * direction], axis=-1)


def multiply(later: FloatArray, earlier: FloatArray) -> FloatArray:
    """Return the quaternion of `later` after `earlier`, shape (..., 4)."""
    a, v = later[..., :1], later[..., 1:]
    b, w = earlier[..., :1], earlier[..., 1:]
    scalar = a * b - np.sum(v * w, axis=-1, keepdims=True)
    vector = a * w + b * v + np.cross(v, w)
    return np.concatenate([scalar, vector], axis=-1)
