r"""The driving pulses f(t) that charge the battery through f(t) Jx.

Every drive is a frozen dataclass, zero outside its window 0 <= t <= `duration`, with the value
``value(t)`` and the exact pulse area ``area(t0, t1)``, the integral of f over [t0, t1]. A pulse of
your own is a subclass of `Drive` with a `duration` and a `_value`; its area is then integrated
numerically to rounding.

Units: hbar = 1, so f is an energy, t an inverse energy and the area an angle.
"""

from rzqiskit.drives.base import Drive
from rzqiskit.drives.sampled import SampledDrive
from rzqiskit.drives.shapes import (
    ExponentialDrive,
    GaussianDrive,
    HarmonicDrive,
    RectangularDrive,
    SechDrive,
    SineSquaredDrive,
)

__all__ = [
    "Drive",
    "ExponentialDrive",
    "GaussianDrive",
    "HarmonicDrive",
    "RectangularDrive",
    "SampledDrive",
    "SechDrive",
    "SineSquaredDrive",
]
