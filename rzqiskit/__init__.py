"""The many-body Rosen-Zener quantum battery: exact, analytic and as quantum circuits.

Guo, Yang, Dou, Phys. Rev. A 109, 032201 (2024). hbar = 1 throughout. Names load on first use, so
that ``import rzqiskit`` alone costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# public name -> module that defines it
_MODULES = {
    "BatteryGrid": "grid",
    "ConvergenceError": "exact",
    "Drive": "drives",
    "ExponentialDrive": "drives",
    "GaussianDrive": "drives",
    "HarmonicDrive": "drives",
    "RectangularDrive": "drives",
    "SampledDrive": "drives",
    "SechDrive": "drives",
    "SineSquaredDrive": "drives",
    "RosenZenerBattery": "model",
    "SchemaError": "schema",
    "evolve_exact": "exact",
    "ground_state_transition": "spectrum",
    "undriven_spectrum": "spectrum",
}

__all__ = sorted(_MODULES)

if TYPE_CHECKING:
    from rzqiskit.drives import Drive as Drive
    from rzqiskit.drives import ExponentialDrive as ExponentialDrive
    from rzqiskit.drives import GaussianDrive as GaussianDrive
    from rzqiskit.drives import HarmonicDrive as HarmonicDrive
    from rzqiskit.drives import RectangularDrive as RectangularDrive
    from rzqiskit.drives import SampledDrive as SampledDrive
    from rzqiskit.drives import SechDrive as SechDrive
    from rzqiskit.drives import SineSquaredDrive as SineSquaredDrive
    from rzqiskit.exact import ConvergenceError as ConvergenceError
    from rzqiskit.exact import evolve_exact as evolve_exact
    from rzqiskit.grid import BatteryGrid as BatteryGrid
    from rzqiskit.model import RosenZenerBattery as RosenZenerBattery
    from rzqiskit.schema import SchemaError as SchemaError
    from rzqiskit.spectrum import ground_state_transition as ground_state_transition
    from rzqiskit.spectrum import undriven_spectrum as undriven_spectrum


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = getattr(importlib.import_module(f"rzqiskit.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'rzqiskit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
